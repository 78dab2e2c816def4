"""A part brought to mean 0 and standard deviation 1 by what it has given so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..judges import Verdict
from .batch import Batch
from .state import RunningMoments, State, union
from .transform import Transform

EPSILON = 1e-6


@dataclass(frozen=True, repr=False)
class Standardized(Transform):
    """(x - mean) / (std + 1e-6) with the running moments of the part's numbers up to the batch before.

    It puts parts on different scales (a reward model's logits, a length in tokens) side by side without a search for
    weights. While fewer than two numbers have been seen, the number passes unchanged. The moments are a state: saved
    with the checkpoint, the same on all processes, untouched by evaluation, tests and explanations.
    """

    moments: RunningMoments

    remembers = True
    _default_name = "standardized"

    def _written(self) -> str:
        return f"{self._inside(self.part, 0)}.standardize({self.moments.name!r})"

    def __post_init__(self) -> None:
        union([self.states])

    @property
    def states(self) -> dict[str, State]:
        return union([self.part.states, {self.moments.name: self.moments}])

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        verdicts = super()._evaluate(batch, rows)
        if batch.observing:
            for verdict in verdicts:
                raw: Any = verdict.parts[0].score  # type: ignore[union-attr]
                if raw is not None:
                    self.moments.observe(raw)
        return verdicts

    def most(self, step: int) -> float:
        return self._standard(self.part.most(step))

    def _number(self, score: float, batch: Batch) -> float:
        return self._standard(score)

    def _standard(self, score: float) -> float:
        if self.moments.count < 2:
            return score
        return (score - self.moments.mean) / (self.moments.std + EPSILON)
