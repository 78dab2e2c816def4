"""What the operators build: flat sums and products, whatever the brackets were."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

from .arithmetic import Product, Sum
from .gate import Gate
from .logic import All, Not, Some
from .reward import Reward, as_reward, finite
from .standardize import Standardized
from .state import RunningMoments
from .transform import Clip, Scale, Schedule

__all__ = ["Clip", "Not", "Scale", "Schedule", "add", "both", "divide", "either", "gate", "multiply", "subtract"]


def add(left: Reward, right: Any) -> Reward:
    """left + right; a number is a constant."""
    a = _as_sum(left)
    if _is_number(right):
        return _plain(Sum(a.terms, a.constant + finite(right, "a constant in a reward")))
    b = _as_sum(as_reward(right))
    return Sum(a.terms + b.terms, a.constant + b.constant)


def subtract(left: Reward, right: Any) -> Reward:
    """left - right."""
    return add(left, -right if _is_number(right) else _weigh(as_reward(right), -1.0))


def multiply(left: Reward, right: Any) -> Reward:
    """left · right; a number is a weight, multiplied into the terms of a sum."""
    if _is_number(right):
        return _weigh(left, finite(right, "a weight"))
    return Product(tuple(factor for side in (left, as_reward(right)) for factor in _factors(side)))


def divide(left: Reward, right: Any) -> Reward:
    """left / number."""
    if not _is_number(right) or not right:
        raise TypeError(f"a reward is divided by a number other than 0, not by {right!r}")
    return _weigh(left, 1.0 / finite(right, "a divisor"))


def both(left: Reward, right: Any) -> Reward:
    """left & right."""
    return _join(All, left, as_reward(right))


def either(left: Reward, right: Any) -> Reward:
    """left | right."""
    return _join(Some, left, as_reward(right))


def gate(reward: Reward, judges: Sequence[Any], otherwise: float) -> Reward:
    """`reward` where all judges pass."""
    return Gate(reward, tuple(map(as_reward, judges)), otherwise)


def standardize(reward: Reward, name: str) -> Reward:
    """`reward` by its running mean and standard deviation, remembered under a name."""
    return Standardized(reward, RunningMoments(name))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real)


def _as_sum(reward: Reward) -> Sum:
    return reward if isinstance(reward, Sum) and not reward.label else Sum(((1.0, reward),))


def _weigh(reward: Reward, weight: float) -> Reward:
    total = _as_sum(reward)
    constant = weight * total.constant + 0.0  # -0.0 would make every score of 0 a "-0"
    return _plain(Sum(tuple((weight * own, part) for own, part in total.terms), constant))


def _plain(total: Sum) -> Reward:
    """`1 * part + 0` is the part."""
    return total.terms[0][1] if len(total.terms) == 1 and total.terms[0][0] == 1 and not total.constant else total


def _factors(reward: Reward) -> tuple[Reward, ...]:
    return reward.factors if isinstance(reward, Product) and not reward.label else (reward,)


def _join(kind: type[All], left: Reward, right: Reward) -> Reward:
    sides = (side.conditions if type(side) is kind and not side.label else (side,) for side in (left, right))
    return kind(tuple(part for side in sides for part in side))
