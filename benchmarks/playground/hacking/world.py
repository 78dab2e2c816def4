"""The two strata: sums of two-digit numbers and JSON records, with baseline answers for every training prompt."""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..tasks import Arithmetic, Records, Row, Task, draw_rows
from ..warmstart import WarmStart
from .preferences import baseline_answer

STRATA: dict[str, Task] = {"arithmetic": Arithmetic(), "records": Records()}
TRAINING_ROWS, HELD_OUT_ROWS = 750, 256  # of each stratum
NEW_TOKENS = 48


def warm_start(*, seed: int = 0) -> WarmStart:
    """A policy that is right about half of the time in both strata, with plenty left to choose from."""
    return WarmStart(tasks=tuple(STRATA.values()), weights=(0.6, 0.4), seed=seed, steps=480, batch=64, warmup=40)


@dataclass(frozen=True)
class World:
    """What is trained: the policy in the folder `start`, on `rows`; `held_out` are other prompts, by stratum.

    Training rows alternate between the strata; every row has the columns of both (None where it has no value), a
    `task` and a `baseline`.
    """

    rows: list[Row]
    held_out: dict[str, list[Row]]
    start: Path

    @classmethod
    def made(
        cls, start: Path, *, seed: int = 0, training: int = TRAINING_ROWS, held_out: int = HELD_OUT_ROWS
    ) -> "World":
        """Draw the rows of a seed; `start` is the folder of the warm-started policy."""
        drawn = [_training_rows(task, training, seed) for task in STRATA.values()]
        return cls(
            rows=[row for rows in zip(*drawn, strict=True) for row in rows],
            held_out={
                name: [_complete(name, row) for row in draw_rows(task, held_out, seed=seed, split="held-out")]
                for name, task in STRATA.items()
            },
            start=start,
        )


def _training_rows(task: Task, count: int, seed: int) -> list[Row]:
    """Rows with the answers that rewards are calibrated against; a prompt has one, however often it is drawn."""
    answers: dict[str, str] = {}
    rows = []
    for row in draw_rows(task, count, seed=seed):
        prompt = str(row["prompt"])
        if prompt not in answers:
            answers[prompt] = baseline_answer(task, row, random.Random(f"baseline/{seed}/{prompt}"))
        rows.append(_complete(task.name, row) | {"baseline": answers[prompt]})
    return rows


def _complete(task: str, row: Row) -> Row:
    columns: dict[str, Any] = {"task": task, "solution": None, "expected": None}
    return {**columns, **row}
