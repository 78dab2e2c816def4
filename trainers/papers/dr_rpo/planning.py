"""Robust and regularised values of a small Markov decision process that is known. NumPy.

Q_h(s,a) = r(s,a) + min {E_P V_{h+1} : D(P, P₀(s,a)) <= ρ}
V_h(s)   = η log Σ_a π_ref(a|s) exp(Q_h(s,a)/η),   π_h ∝ π_ref exp(Q_h/η),   V_{H+1} = 0
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ....rewards.worst_case import Divergence, robust_expectation
from .policy import Array, regularised_policy


class RobustPlan(NamedTuple):
    """For h = 1..H, V: `(H, S)`, policy: `(H, S, A)`, Q: `(H, S, A)`."""

    V: Array
    policy: Array
    Q: Array


def robust_regularised_vi(
    P: ArrayLike, r: ArrayLike, ref: ArrayLike, H: int, eta: float, rho: float, divergence: Divergence
) -> RobustPlan:
    """Plan backwards over H steps; P `(S, A, S)`, r `(S, A)` and the reference `(S, A)` are the same at each.

    Every state and action has a ball of its own; under "tv" it reaches every state, also those with P₀ = 0.

    Raises:
        ValueError: no step, P that is no probability or does not fit r, and as the functions that it is made of.
    """
    if H < 1:
        raise ValueError(f"H is the number of steps, at least 1, not {H!r}")
    transitions, rewards = np.asarray(P, float), np.asarray(r, float)
    if transitions.ndim != 3 or rewards.shape != transitions.shape[:2]:
        raise ValueError(f"r is (S, A) and P (S, A, S), not {rewards.shape} and {transitions.shape}")
    if not (transitions >= 0).all() or not transitions.sum(-1).all():
        raise ValueError("P holds probabilities: weights >= 0 with a sum above 0 for every state and action")
    value, steps = np.zeros(rewards.shape[0]), []
    for _ in range(H):
        worst = [
            [robust_expectation(value.tolist(), p, divergence, rho).value for p in actions]
            for actions in transitions.tolist()
        ]
        Q = rewards + np.array(worst)
        policy, value = regularised_policy(Q, ref, eta)
        steps.append((value, policy, Q))
    V, policies, Qs = (np.array(column[::-1]) for column in zip(*steps, strict=True))
    return RobustPlan(V, policies, Qs)
