"""One batch on its way through a reward expression: every judge is asked once for every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..judges import Judge, Sample, Verdict

if TYPE_CHECKING:
    from .reward import Reward


class Batch:
    """The rows of a batch, the step of training they belong to, and what has been judged so far.

    Attributes:
        samples: the rows.
        step: finished optimizer steps, for schedules; 0 outside training.
        observing: whether states may record this batch (training), or only be read (a test, an explanation).
        trainer: what the trainer passes beside the columns (its state, its loggers), for functions that take it.
        records: what each leaf and each named part said, by row: it is asked once, and the trainer logs it.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        columns: Sequence[str] = (),
        step: int = 0,
        observing: bool = False,
        trainer: Mapping[str, Any] | None = None,
    ) -> None:
        self.samples = samples
        self.columns = columns
        self.step = step
        self.observing = observing
        self.trainer = trainer or {}
        self.records: dict[Reward, dict[int, Verdict]] = {}
        self._judged: dict[Judge, dict[int, Verdict]] = {}

    def judge(self, judge: Judge, rows: Sequence[int]) -> list[Verdict]:
        """The verdicts of a judge on some rows; what it (or an equal judge) said before is not asked again."""
        known = self._judged.setdefault(judge, {})
        missing = [row for row in rows if row not in known] if known else rows
        if missing:
            verdicts = judge.judge_samples([self.samples[row] for row in missing], self.columns)
            known.update(zip(missing, verdicts, strict=True))
        return [known[row] for row in rows]
