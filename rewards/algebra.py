"""What the operators build: flat sums and products, whatever the brackets were."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any

from ..judges.composable import register
from ..judges.options import finite
from .arithmetic import Product, Sum
from .gate import Gate
from .leaf import as_reward
from .logic import All, Not, Some
from .reward import Reward
from .standardize import Standardized
from .state import RunningMoments
from .transform import Clip, Scale, Schedule


def add(left: Any, right: Any) -> Reward:
    """left + right; a number is a constant."""
    a = _as_sum(as_reward(left))
    if _is_number(right):
        return _plain(Sum(a.terms, a.constant + finite(right, "a constant in a reward")))
    b = _as_sum(as_reward(right))
    return Sum(a.terms + b.terms, a.constant + b.constant)


def subtract(left: Any, right: Any) -> Reward:
    """left - right."""
    return add(left, -right if _is_number(right) else _weigh(as_reward(right), -1.0))


def multiply(left: Any, right: Any) -> Reward:
    """left · right; a number is a weight, multiplied into the terms of a sum."""
    if _is_number(right):
        return _weigh(as_reward(left), finite(right, "a weight"))
    return Product(tuple(factor for side in (as_reward(left), as_reward(right)) for factor in _factors(side)))


def divide(left: Any, right: Any) -> Reward:
    """left / number."""
    if not _is_number(right) or not right:
        raise TypeError(f"a reward is divided by a number other than 0, not by {right!r}")
    return _weigh(as_reward(left), 1.0 / finite(right, "a divisor"))


def both(left: Any, right: Any) -> Reward:
    """left & right."""
    return _join(All, as_reward(left), as_reward(right))


def either(left: Any, right: Any) -> Reward:
    """left | right."""
    return _join(Some, as_reward(left), as_reward(right))


def negate(reward: Any) -> Not:
    """~reward."""
    return Not(as_reward(reward))


def gate(reward: Any, judges: Sequence[Any], otherwise: float) -> Reward:
    """`reward` where all judges pass."""
    return Gate(as_reward(reward), tuple(map(as_reward, judges)), otherwise)


def clip(reward: Any, low: float, high: float) -> Clip:
    """`reward` within [low, high]."""
    return Clip(as_reward(reward), low, high)


def scale(reward: Any, low: float, high: float) -> Scale:
    """`reward` with 0 mapped to `low` and 1 to `high`."""
    return Scale(as_reward(reward), low, high)


def schedule(reward: Any, weight: Callable[[int], float]) -> Schedule:
    """`reward` times a weight that follows the optimizer step."""
    return Schedule(as_reward(reward), weight)


def standardize(reward: Any, name: str) -> Reward:
    """`reward` by its running mean and standard deviation, remembered under a name."""
    return Standardized(as_reward(reward), RunningMoments(name))


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


register(
    as_reward=as_reward,
    add=add,
    subtract=subtract,
    multiply=multiply,
    divide=divide,
    both=both,
    either=either,
    negate=negate,
    gate=gate,
    clip=clip,
    scale=scale,
    schedule=schedule,
    standardize=standardize,
)
