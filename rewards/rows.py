"""Rows as files and services hand them over, mappings from column to value, and what a reward says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..judges import Verdict
from ..judges.sample import missing_column, samples_of
from .batch import Batch
from .reward import Reward
from .routing import Route

Row = Mapping[str, Any]
HANDED_OVER_APART = ("prompt", "completion")  # as TRL does: these are no columns


def evaluate_rows(
    reward: Reward, rows: Sequence[Row], completion: str = "completion", prompt: str = "prompt", step: int = 0
) -> list[Verdict]:
    """The verdicts on some rows, asked together; a column that a row has not is None there.

    Made of samples instead of keyword arguments, so that a column may have any name. Nothing is remembered of them.

    completion, prompt: the names of what is no column. step: of the training, for schedules.
    """
    found = dict.fromkeys(name for row in rows for name in row if name not in HANDED_OVER_APART)
    table = {name: [row.get(name) for row in rows] for name in found | dict.fromkeys(needed(reward))}
    samples = samples_of([row[completion] for row in rows], [row.get(prompt) for row in rows], table)
    return reward.evaluate(Batch(samples, tuple(table), step), range(len(rows)))


def judged(reward: Reward, rows: Sequence[Row], step: int = 0) -> list[Verdict]:
    """The verdicts on rows that must have the columns that the reward reads.

    Raises:
        MissingColumn: one has not.
    """
    for row in rows:
        require_row(reward, row)
    return evaluate_rows(reward, rows, step=step)


def require_row(reward: Reward, row: Row) -> None:
    """Raise MissingColumn when the reward reads a column of this row that it has not."""
    for column in needed(reward, row):
        if column not in row:
            raise missing_column(reward.name, column, row)


def needed(reward: Reward, row: Row | None = None) -> list[str]:
    """The columns that a reward reads: of this row, or of any row when none is given."""
    if isinstance(reward, Route):
        parts = [part for value, part in reward.routes if row is None or row.get(reward.column) == value]
        return [reward.column, *(column for part in parts for column in needed(part, row))]
    own = getattr(getattr(reward, "judge", None), "columns", getattr(reward, "columns", ()))
    return [*own, *(column for part in reward.parts for column in needed(part, row))]
