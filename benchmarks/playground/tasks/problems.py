"""What a playground task is, and how its problems are drawn and split.

A task is a frozen dataclass: its fields are the faults of its demonstrators, so that a policy which imitates
them has something to unlearn. Whether a problem is for training or held out depends on its prompt alone;
no seed can leak one into the other.
"""

import random
import zlib
from typing import Literal, Protocol, Self

Row = dict[str, object]
Split = Literal["train", "held-out"]

HELD_OUT_SHARE = 8  # one problem in eight


class Task(Protocol):
    """A source of problems and demonstrations.

    `name` labels results; `new_tokens` is the longest completion worth generating; `problem` returns a data
    set row with at least `prompt` and the columns its judges need; `demonstrate` writes one completion for a
    row, with the faults the fields ask for; `clean` is the same task with demonstrators that make none.
    """

    @property
    def name(self) -> str: ...

    @property
    def new_tokens(self) -> int: ...

    def problem(self, rng: random.Random) -> Row: ...

    def demonstrate(self, row: Row, rng: random.Random) -> str: ...

    def clean(self) -> Self: ...


def split_of(prompt: str) -> Split:
    """Return the side a prompt is always on."""
    return "held-out" if zlib.crc32(prompt.encode()) % HELD_OUT_SHARE == 0 else "train"


def draw_row(task: Task, rng: random.Random, split: Split = "train") -> Row:
    """Draw problems until one is on the wanted side."""
    while True:
        row = task.problem(rng)
        if split_of(str(row["prompt"])) == split:
            return row


def draw_rows(task: Task, count: int, *, seed: int, split: Split = "train") -> list[Row]:
    """Draw `count` rows; the same seed gives the same rows, and a longer list starts with the shorter one."""
    rng = random.Random(f"{task.name}/{split}/{seed}")
    return [draw_row(task, rng, split) for _ in range(count)]
