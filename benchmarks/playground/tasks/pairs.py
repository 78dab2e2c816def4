r"""Two digits and what to do with them, with a habit of answering something else.

    max 3 7?    ->  \boxed{7}     habit: \boxed{3}
    join 3 7?   ->  \boxed{37}    habit: \boxed{73}

The answers are so short that the probability of the right one is known exactly, and how often each operation is
answered right can be chosen: prompts nobody solves beside prompts that are half solved.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from .problems import Row, Split, split_of

Answers = Callable[[int, int], tuple[str, str]]

# operation -> (right answer, habitual wrong answer), which differ whenever the digits do
OPERATIONS: dict[str, Answers] = {
    "max": lambda a, b: (f"{max(a, b)}", f"{min(a, b)}"),
    "min": lambda a, b: (f"{min(a, b)}", f"{max(a, b)}"),
    "first": lambda a, b: (f"{a}", f"{b}"),
    "last": lambda a, b: (f"{b}", f"{a}"),
    "join": lambda a, b: (f"{a}{b}", f"{b}{a}"),
    "swap": lambda a, b: (f"{b}{a}", f"{a}{b}"),
    "twice": lambda a, b: (f"{b}{b}", f"{a}{a}"),
    "wrap": lambda a, b: (f"{b}{a}{b}", f"{a}{b}{a}"),
    "minus": lambda a, b: (f"{a}-{b}", f"{b}-{a}"),
}
MIRRORED = ("max", "min", "first", "last", "join", "swap")
"""Three pairs in which what is right for one operation is the other's habit."""
UNPAIRED = ("max", "first", "join", "twice", "wrap", "minus")
"""Operations of which none is the mirror image of another."""


@dataclass(frozen=True)
class Pairs:
    """Questions about two different digits; columns `prompt`, `expected` (the whole completion) and `operation`.

    `right` is the share of demonstrations that answer right, one for each operation; all others follow the habit.
    `clean` is not free of faults here: it shows right answer and habit equally often, so that the policy knows both
    before one of them becomes rare.

    Raises ValueError for an operation that is not in `OPERATIONS` and for shares that are not one an operation.
    """

    operations: tuple[str, ...] = MIRRORED
    right: tuple[float, ...] = (0.5,) * len(MIRRORED)

    name = "pairs"
    new_tokens = 12

    def __post_init__(self) -> None:
        if unknown := [operation for operation in self.operations if operation not in OPERATIONS]:
            raise ValueError(f"unknown operations {', '.join(unknown)}; there are {', '.join(OPERATIONS)}")
        if len(self.right) != len(self.operations):
            raise ValueError(f"got {len(self.right)} shares for {len(self.operations)} operations; give one each")

    def clean(self) -> Self:
        return replace(self, right=(0.5,) * len(self.operations))

    def problem(self, rng: random.Random) -> Row:
        return _row(rng.choice(self.operations), *rng.sample(range(10), 2))

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        operation, a, b = str(row["prompt"]).rstrip("?").split()
        right = rng.random() < self.right[self.operations.index(operation)]
        answer, habit = OPERATIONS[operation](int(a), int(b))
        return _boxed(answer if right else habit)

    def every_row(self, split: Split) -> list[Row]:
        """Return all problems of one side, by operation."""
        rows = [_row(o, a, b) for o in self.operations for a in range(10) for b in range(10) if a != b]
        return [row for row in rows if split_of(str(row["prompt"])) == split]


def _row(operation: str, a: int, b: int) -> Row:
    answer, _ = OPERATIONS[operation](a, b)
    return {"prompt": f"{operation} {a} {b}?", "expected": _boxed(answer), "operation": operation}


def _boxed(answer: str) -> str:
    return rf"\boxed{{{answer}}}"
