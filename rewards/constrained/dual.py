"""The dual side of a constrained problem: max J_r subject to J_k <= d_k for every cost k.

    l_k <- clip(l_k + η (Ĵ_k − d_k), 0, l_max)                         dual ascent, once an iteration
    A    = (A_r − Σ_k l_k A_k) / (1 + Σ_k l_k)                         what the policy climbs

Costs are >= 0, and a multiplier is a constant of the policy's step. The division keeps the size of the step where it
was, whatever the multipliers are.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any, TypeVar

Number = TypeVar("Number")  # a float, or a tensor of them


def dual_step(multiplier: float, cost: float, limit: float, *, eta: float, cap: float) -> float:
    """The multiplier after an iteration whose mean cost was that.

    >>> [round(dual_step(0.35, cost, 0.5, eta=0.5, cap=10.0), 9) for cost in (0.9, 0.5, -9.0, 99.0)]
    [0.55, 0.35, 0.0, 10.0]
    """
    return min(max(multiplier + eta * (cost - limit), 0.0), cap)


def lagrangian(
    reward: Number, costs: Sequence[Number], multipliers: Sequence[float], *, rescale: bool = True
) -> Number:
    """(r − Σ l c) / (1 + Σ l) of numbers or of tensors; without `rescale` it is not divided.

    >>> lagrangian(1.0, [0.5, 1.0], [1.0, 2.0]), lagrangian(1.0, [0.5, 1.0], [1.0, 2.0], rescale=False)
    (-0.375, -1.5)
    """
    total: Any = reward
    cost: Any
    for multiplier, cost in zip(multipliers, costs, strict=True):
        if multiplier:  # so that without multipliers it is the reward, bit for bit
            total = total - multiplier * cost
    weight = 1 + sum(multipliers)
    return total / weight if rescale and weight != 1 else total  # type: ignore[no-any-return]


def require_dual_settings(eta: float, cap: float) -> None:
    """Raise ValueError unless eta > 0 and cap > 0, both finite."""
    for name, value in (("eta", eta), ("cap", cap)):
        if not (isfinite(value) and value > 0):
            raise ValueError(f"{name}={value}: give a number above 0")
