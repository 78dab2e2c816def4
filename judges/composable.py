"""The operators that judges and rewards share: what is written with them is a reward.

Judges know nothing of rewards, yet `MathJudge() + 0.2 * FormatJudge()` has to make one. So the operators look the
rewards package up by name at the moment they are used; importing `judges` alone never loads it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, TypeAlias

Reward: TypeAlias = Any  # jurybox.rewards.Reward; this package may not import it, not even for its type
Explanation: TypeAlias = Any


class Composable:
    """Anything that can stand in a reward expression."""

    def as_reward(self) -> Reward:
        """This object as a node of a reward expression."""
        rewards = importlib.import_module(__package__.rpartition(".")[0] + ".rewards")
        return rewards.as_reward(self)

    def __add__(self, other: Any) -> Reward:
        return self.as_reward() + other

    def __radd__(self, other: Any) -> Reward:
        return other + self.as_reward()

    def __sub__(self, other: Any) -> Reward:
        return self.as_reward() - other

    def __rsub__(self, other: Any) -> Reward:
        return other - self.as_reward()

    def __mul__(self, other: Any) -> Reward:
        return self.as_reward() * other

    def __rmul__(self, other: Any) -> Reward:
        return other * self.as_reward()

    def __truediv__(self, other: float) -> Reward:
        return self.as_reward() / other

    def __neg__(self) -> Reward:
        return -self.as_reward()

    def __and__(self, other: Any) -> Reward:
        return self.as_reward() & other

    def __or__(self, other: Any) -> Reward:
        return self.as_reward() | other

    def __invert__(self) -> Reward:
        return ~self.as_reward()

    def gate(self, *judges: Any, otherwise: float = 0.0) -> Reward:
        """This where every judge passes, else the number `otherwise`; see `rewards.Gate`."""
        return self.as_reward().gate(*judges, otherwise=otherwise)

    def clip(self, low: float, high: float) -> Reward:
        """This, kept within [low, high]."""
        return self.as_reward().clip(low, high)

    def scale(self, low: float, high: float | None = None) -> Reward:
        """This with 0 mapped to `low` and 1 to `high`; like `range`, one argument means from 0."""
        return self.as_reward().scale(low, high)

    def schedule(self, weight: Callable[[int], float]) -> Reward:
        """This times a weight that follows the optimizer step; see `rewards.Schedule`."""
        return self.as_reward().schedule(weight)

    def standardize(self, name: str) -> Reward:
        """This brought to mean 0 and standard deviation 1 by its own history; see `rewards.Standardized`."""
        return self.as_reward().standardize(name)

    def named(self, name: str) -> Reward:
        """This under a name of its own in logs and explanations."""
        return self.as_reward().named(name)

    def explain(self, completion: Any, prompt: Any = None, **columns: Any) -> Explanation:
        """The tree of verdicts behind one score, as text that prints itself."""
        return self.as_reward().explain(completion, prompt, **columns)
