"""And, or, not: on scores in [0, 1] they are min, max and 1 - x, and an abstention is the third truth value."""

from __future__ import annotations

from dataclasses import dataclass

from ..judges import Verdict
from .batch import Batch
from .failure import broke_off
from .reward import AND, OR, UNARY, Reward
from .verdict import RewardVerdict

ROUNDING = 1e-9  # weights like ten times 0.1 do not sum to 1 exactly


@dataclass(frozen=True, repr=False)
class All(Reward):
    """min over the parts: as good as the worst. Abstains when a part does, unless some part is 0."""

    conditions: tuple[Reward, ...]

    precedence = AND
    _default_name = "all"
    _operator = "&"
    _decisive = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        for part in self.conditions:
            confined(part, self._operator)

    @property
    def parts(self) -> tuple[Reward, ...]:
        return self.conditions

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _written(self) -> str:
        return f" {self._operator} ".join(self._inside(part, self.precedence) for part in self.conditions)

    def _pick(self, scores: list[float]) -> float:
        return min(scores)

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        scores = [part.score for part in parts if part.score is not None]
        decided = self._decisive in scores
        if len(scores) < len(parts) and not decided:
            abstains = next(name for name, part in zip(self.part_names, parts, strict=True) if part.abstains)
            return self._say(None, None, parts, f"{abstains} abstains")
        score = self._pick(scores)
        deciding = next(name for name, part in zip(self.part_names, parts, strict=True) if part.score == score)
        return self._say(score, self._passed(parts), parts, f"decided by {deciding}")

    def _passed(self, parts: tuple[Verdict, ...]) -> bool:
        return all(part.passed for part in parts)


@dataclass(frozen=True, repr=False)
class Some(All):
    """max over the parts: as good as the best. Abstains when a part does, unless some part is 1."""

    precedence = OR
    _default_name = "any"
    _operator = "|"
    _decisive = 1.0

    def _pick(self, scores: list[float]) -> float:
        return max(scores)

    def _passed(self, parts: tuple[Verdict, ...]) -> bool:
        return any(part.passed for part in parts)


@dataclass(frozen=True, repr=False)
class Not(Reward):
    """1 - part; abstains when the part does, and is 0 when the part's judge broke off."""

    part: Reward

    precedence = UNARY
    _default_name = "not"

    def __post_init__(self) -> None:
        super().__post_init__()
        confined(self.part, "~")

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.part,)

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    def _written(self) -> str:
        return f"~{self._inside(self.part, UNARY)}"

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        score = parts[0].score
        if score is not None and broke_off(parts[0]):
            score = 1.0  # whatever the part says then, its negation must not pay
        return self._say(None if score is None else 1.0 - score, None, parts)


def confined(part: Reward, operator: str) -> None:
    """Raise ValueError when a part may leave [0, 1], where and, or, not have no meaning."""
    low, high = part.bounds
    if low < -ROUNDING or high > 1.0 + ROUNDING:
        raise ValueError(
            f"{operator} joins scores in [0, 1], but {part!r} ranges over [{low:g}, {high:g}]: clip it with "
            ".clip(0, 1) first"
        )
