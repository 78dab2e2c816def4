"""The operators that judges and rewards share: what is written with them is a reward.

Judges know nothing of rewards, yet `MathJudge() + 0.2 * FormatJudge()` has to make one. So the operators ask a table
that the rewards package fills when it is loaded; the first operator that finds it empty loads that package by name.
Importing `judges` alone never does.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeAlias

Reward: TypeAlias = Any  # jurybox.rewards.Reward; this package may not import it, not even for its type
Explanation: TypeAlias = Any

_BUILDERS: dict[str, Callable[..., Reward]] = {}


def register(**builders: Callable[..., Reward]) -> None:
    """Say what the operators build, by the operator's name."""
    _BUILDERS.update(builders)


def build(operator: str, *operands: Any) -> Reward:
    """The node that an operator makes of its operands."""
    if not _BUILDERS:
        importlib.import_module(__package__.rpartition(".")[0] + ".rewards")
    return _BUILDERS[operator](*operands)


class Composable:
    """Anything that can stand in a reward expression."""

    def as_reward(self) -> Reward:
        """This object as a node of a reward expression."""
        return build("as_reward", self)

    def __bool__(self) -> bool:
        """A judge is neither true nor false: `a and b` would drop `a` without a word."""
        raise TypeError(
            f"{type(self).__name__} has no truth value: join with `&`, `|` and `~` instead of `and`, `or` and `not`; "
            "to see whether one is there, write `is None`"
        )

    def __add__(self, other: Any) -> Reward:
        return build("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Reward:
        return build("subtract", self, other)

    def __rsub__(self, other: Any) -> Reward:
        return -self + other

    def __mul__(self, other: Any) -> Reward:
        return build("multiply", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: float) -> Reward:
        return build("divide", self, other)

    def __neg__(self) -> Reward:
        return self * -1.0

    def __and__(self, other: Any) -> Reward:
        return build("both", self, other)

    def __or__(self, other: Any) -> Reward:
        return build("either", self, other)

    def __invert__(self) -> Reward:
        return build("negate", self)

    def gate(self, *judges: Any, otherwise: float = 0.0) -> Reward:
        """This where every judge passes, else the number `otherwise`; see `rewards.Gate`."""
        return build("gate", self, judges, otherwise)

    def clip(self, low: float, high: float) -> Reward:
        """This, kept within [low, high]."""
        return build("clip", self, low, high)

    def scale(self, low: float, high: float | None = None) -> Reward:
        """This with 0 mapped to `low` and 1 to `high`; like `range`, one argument means from 0."""
        low, high = (0.0, low) if high is None else (low, high)
        return build("scale", self, low, high)

    def schedule(self, weight: Callable[[int], float]) -> Reward:
        """This times a weight that follows the optimizer step; see `rewards.Schedule`, `Linear` and `Cosine`."""
        return build("schedule", self, weight)

    def standardize(self, name: str) -> Reward:
        """This brought to mean 0 and standard deviation 1 by its own history; see `rewards.Standardized`."""
        return build("standardize", self, name)

    def named(self, name: str) -> Reward:
        """This under a name of its own in logs and explanations."""
        return self.as_reward().named(name)

    def explain(self, completion: Any, prompt: Any = None, **columns: Any) -> Explanation:
        """The tree of verdicts behind one score, as text that prints itself."""
        return self.as_reward().explain(completion, prompt, **columns)
