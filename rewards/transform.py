"""One number in, one number out: clip, scale, and weights that follow the training step."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from ..judges import Verdict
from ..judges.options import finite
from .batch import Batch
from .failure import broke_off
from .reward import Reward
from .verdict import RewardVerdict


@dataclass(frozen=True, repr=False)
class Transform(Reward):
    """A node over one part that changes its number and leaves an abstention, and what passed, alone."""

    part: Reward

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.part,)

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        score = parts[0].score
        if score is not None and self.factor_sign(batch.step) < 0 and broke_off(parts[0]):
            score = self.part.most(batch.step)
        return self._say(None if score is None else self._number(score, batch), parts[0].passed, parts)

    def factor_sign(self, step: int) -> float:
        """Negative where a greater number of the part gives a smaller one."""
        return 1.0

    @abstractmethod
    def _number(self, score: float, batch: Batch) -> float:
        """The part's number, changed."""


@dataclass(frozen=True, repr=False)
class Clip(Transform):
    """The part's number, kept within [low, high]."""

    low: float
    high: float

    _default_name = "clip"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not finite(self.low, "low") <= finite(self.high, "high"):
            raise ValueError(f"clip(low, high) needs low <= high, not {self.low} and {self.high}")

    @property
    def bounds(self) -> tuple[float, float]:
        low, high = self.part.bounds
        return min(max(low, self.low), self.high), max(min(high, self.high), self.low)

    def _written(self) -> str:
        return f"{self._inside(self.part, 0)}.clip({self.low!r}, {self.high!r})"

    def _number(self, score: float, batch: Batch) -> float:
        return min(max(score, self.low), self.high)


@dataclass(frozen=True, repr=False)
class Scale(Transform):
    """low + (high - low) · part: 0 becomes `low`, 1 becomes `high`."""

    low: float
    high: float

    _default_name = "scale"

    def __post_init__(self) -> None:
        super().__post_init__()
        finite(self.low, "low")
        finite(self.high, "high")

    @property
    def bounds(self) -> tuple[float, float]:
        factor = self.high - self.low
        ends = [self.low + factor * end if factor else self.low for end in self.part.bounds]
        return min(ends), max(ends)

    def _written(self) -> str:
        return f"{self._inside(self.part, 0)}.scale({self.low!r}, {self.high!r})"

    def factor_sign(self, step: int) -> float:
        return self.high - self.low

    def _number(self, score: float, batch: Batch) -> float:
        return self.low + (self.high - self.low) * score


@dataclass(frozen=True, repr=False)
class Schedule(Transform):
    """weight(step) · part, the step being the number of finished optimizer steps (0 outside training).

    Inside a sum the scheduled weight is what a part that does not apply takes away with it.
    """

    weight: Callable[[int], float]

    _default_name = "schedule"
    follows_steps = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not callable(self.weight):
            raise TypeError(f"a schedule is a function of the step, not {self.weight!r}; for a constant write w * part")
        finite(self.weight(0), "weight(0)")

    @property
    def bounds(self) -> tuple[float, float]:
        return -inf, inf

    def _written(self) -> str:
        name = getattr(self.weight, "__qualname__", None) or repr(self.weight)
        return f"{self._inside(self.part, 0)}.schedule({name})"

    def factor(self, step: int) -> float:
        return finite(self.weight(step), f"weight({step})") * self.part.factor(step)

    def factor_sign(self, step: int) -> float:
        return finite(self.weight(step), f"weight({step})")

    def most(self, step: int) -> float:
        weight = self.factor_sign(step)
        return weight * (self.part.most(step) if weight > 0 else self.part.bounds[0]) if weight else 0.0

    def _number(self, score: float, batch: Batch) -> float:
        return finite(self.weight(batch.step), f"weight({batch.step})") * score


@dataclass(frozen=True)
class Linear:
    """A weight that goes from `start` to `end` over `steps` optimizer steps and stays there.

    >>> Linear(0.0, 1.0, steps=100)(25)
    0.25
    """

    start: float
    end: float
    steps: int

    def __call__(self, step: int) -> float:
        """The weight at a step."""
        share = min(max(step / self.steps, 0.0), 1.0) if self.steps > 0 else 1.0
        return self.start + (self.end - self.start) * share


@dataclass(frozen=True)
class Cosine:
    """Like `Linear`, along half a cosine: slow at both ends.

    >>> round(Cosine(0.0, 1.0, steps=100)(50), 6)
    0.5
    """

    start: float
    end: float
    steps: int

    def __call__(self, step: int) -> float:
        """The weight at a step."""
        share = min(max(step / self.steps, 0.0), 1.0) if self.steps > 0 else 1.0
        return self.start + (self.end - self.start) * (1.0 - math.cos(math.pi * share)) / 2.0
