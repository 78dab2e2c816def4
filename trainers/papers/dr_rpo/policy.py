"""The policy that a KL term keeps near a reference, in closed form and as one step of mirror ascent. NumPy.

max_π ⟨π, Q⟩ − η KL(π‖π_ref)                          at  π ∝ π_ref exp(Q/η)
max_π ⟨π, Q⟩ − η KL(π‖π_ref) − (1/α) KL(π‖π_k)        at  π ∝ π_k^(1/(1+ηα)) π_ref^(ηα/(1+ηα)) exp(αQ/(1+ηα))
"""

from __future__ import annotations

from math import inf, isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class RegularisedPolicy(NamedTuple):
    """policy: `(S, A)`. value: `(S,)`, ⟨π, Q⟩ − η KL(π‖π_ref) = η log Σ_a π_ref(a) exp(Q(a)/η)."""

    policy: Array
    value: Array


def regularised_policy(q: ArrayLike, ref: ArrayLike, eta: float) -> RegularisedPolicy:
    """The best policy for action values `q` `(S, A)` when leaving `ref` `(S, A)` costs η a nat, and its value.

    η → ∞ gives the reference, η → 0 the greedy policy; an action that the reference never takes keeps probability 0.

    >>> policy, value = regularised_policy([[1.0, 0.5, -0.2]], [[0.2, 0.5, 0.3]], eta=0.5)
    >>> policy.round(4).tolist(), value.round(4).tolist()
    ([[0.4864, 0.4474, 0.0662]], [0.5556])
    """
    values = _values(q)
    policy, log_total = _softmax(_log_probs(ref, "ref", values.shape) + values / _positive(eta, "eta"))
    return RegularisedPolicy(policy, eta * log_total)


def mirror_policy_step(q: ArrayLike, ref: ArrayLike, current: ArrayLike, eta: float, step: float) -> Array:
    """One step of size α = `step` from the policy `current` `(S, A)`; α = ∞ is `regularised_policy`.

    >>> policy = mirror_policy_step([[1.0, 0.5, -0.2]], [[0.2, 0.5, 0.3]], [[0.3, 0.3, 0.4]], eta=0.5, step=0.7)
    >>> policy.round(4).tolist()
    [[0.3681, 0.3602, 0.2716]]
    """
    if step == inf:
        return regularised_policy(q, ref, eta).policy
    tied = _positive(eta, "eta") * _positive(step, "step")  # ηα
    values = _values(q)
    logits = _log_probs(current, "current", values.shape) + tied * _log_probs(ref, "ref", values.shape) + step * values
    return _softmax(logits / (1.0 + tied))[0]


def _softmax(logits: Array) -> tuple[Array, Array]:
    """Softmax and log-sum-exp over the last axis, −∞ allowed."""
    top = logits.max(axis=-1, keepdims=True)
    if np.isneginf(top).any():
        raise ValueError("the reference and the current policy share no action in some state")
    weights = np.exp(logits - top)
    total = weights.sum(axis=-1, keepdims=True)
    return weights / total, (top + np.log(total))[..., 0]


def _values(q: ArrayLike) -> Array:
    values = np.asarray(q, float)
    if not np.isfinite(values).all():
        raise ValueError("q has a number that is not finite")
    return values


def _log_probs(probs: ArrayLike, name: str, shape: tuple[int, ...]) -> Array:
    """The logarithm of probabilities, each row divided by its sum; −∞ where they are 0."""
    weights = np.asarray(probs, float)
    if weights.shape != shape:
        raise ValueError(f"{name} has shape {weights.shape}, and q {shape}")
    total = weights.sum(axis=-1, keepdims=True)
    if (weights < 0).any() or not (np.isfinite(total) & (total > 0)).all():
        raise ValueError(f"{name} holds probabilities: weights >= 0 with a sum above 0 in every state")
    with np.errstate(divide="ignore"):
        logs: Array = np.log(weights / total)
    return logs


def _positive(value: float, name: str) -> float:
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name} is a finite number above 0, not {value!r}")
    return value
