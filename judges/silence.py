"""A part that only abstains changes what is trained for, and nobody sees it in the number: it is told, then stopped."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from .errors import Told
from .sample import Sample
from .verdict import Verdict, shorten

SHOWN = 4  # columns of the example row


class SilentJudge(Told, RuntimeError):  # noqa: N818 - it says what the judge is
    """A judge abstained on every row of so many batches in a row that the training is not the one that was meant."""


class Silence:
    """Counts, for each part, the batches in a row in which it only abstained."""

    def __init__(self) -> None:
        self.batches: dict[str, int] = {}
        self.told: set[str] = set()

    def hear(self, name: str, verdicts: Sequence[Verdict], samples: Sequence[Sample], limit: int | None) -> None:
        """Take note of a batch: warn of a part that is silent for the first time, raise after `limit` batches.

        Raises:
            SilentJudge: this was the last batch allowed; the message names the part, the reason and an example row.
        """
        if not verdicts:
            return
        if any(verdict.score is not None for verdict in verdicts):
            self.batches[name] = 0
            return
        self.batches[name] = self.batches.get(name, 0) + 1
        said = f"{name} abstained on every row of a batch ({len(verdicts)}): {_example(verdicts[0], samples[0])}"
        if limit is not None and self.batches[name] >= limit:
            raise SilentJudge(
                f"{said}. This was batch {self.batches[name]} in a row, and max_silent_batches is {limit}: mend the "
                "judge or its columns, or raise the limit"
            )
        if name not in self.told:
            self.told.add(name)
            warnings.warn(f"{said}. What it should say is missing from the training", UserWarning, stacklevel=4)


def _example(verdict: Verdict, sample: Sample) -> str:
    columns = {name: value for name, value in sample.columns.items() if name != "completion_ids"}
    row = ", ".join(f"{name}={shorten(value)}" for name, value in list(columns.items())[:SHOWN])
    reason = verdict.reason or verdict.status
    return f"{reason}, for example in row {sample.row} ({row or 'it has no columns'}): {verdict!r}"
