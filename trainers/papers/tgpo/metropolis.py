"""Metropolis-Hastings on whole numbers: what makes the critic's value of a start choose the times.

The target is p(T) ∝ exp(V(T)/τ) on the times that are allowed. A symmetric proposal is accepted with probability
min(1, exp((V' − V)/τ)), never outside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite

import numpy as np
from numpy.typing import NDArray


def mh_probability(value: float, proposed: float, temperature: float, inside: bool = True) -> float:
    """With which probability a proposal is accepted; 0 where it is not allowed."""
    require_temperature(temperature)
    if not inside:
        return 0.0
    return 1.0 if proposed >= value else exp((proposed - value) / temperature)


def mh_accept(value: float, proposed: float, u: float, temperature: float, inside: bool = True) -> bool:
    """Whether a proposal is accepted, given a uniform number of [0, 1)."""
    return u < mh_probability(value, proposed, temperature, inside)


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain on states in a line: (N,) where it ends up, (N, N) the probability of each step, rows summing to 1."""

    stationary: NDArray[np.float64]
    transition: NDArray[np.float64]


def mh_chain(values: Sequence[float], temperature: float) -> Chain:
    """The chain that proposes one state to the left or to the right, half each, and stays where it is refused."""
    require_temperature(temperature)
    states = np.asarray(values, dtype=np.float64)
    if states.ndim != 1 or not len(states) or not np.isfinite(states).all():
        raise ValueError(f"values are finite numbers, one a state, not {values!r:.80}")
    weights = np.exp((states - states.max()) / temperature)
    transition = np.zeros((len(states), len(states)))
    for state in range(len(states)):
        for other in (state - 1, state + 1):
            if 0 <= other < len(states):
                transition[state, other] = 0.5 * mh_probability(states[state], states[other], temperature)
        transition[state, state] = 1.0 - transition[state].sum()
    return Chain(weights / weights.sum(), transition)


def require_temperature(temperature: float) -> None:
    """Raise ValueError unless it is positive."""
    if not (isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is a positive number, not {temperature!r}")
