"""How short the right answers to every problem have been so far: what HAPO remembers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from ..state import State

Mode = Literal["min", "mean"]
Problem = int | str


@dataclass(slots=True)
class Lengths:
    """One problem's record.

    tried: responses that were judged. solved: right ones that were not empty. shortest, total: of their lengths.
    """

    tried: int = 0
    solved: int = 0
    shortest: int | None = None
    total: int = 0

    def add(self, length: int | None) -> None:
        """Take in one response: its length if it was right, else None."""
        self.tried += 1
        if not length:
            return  # a right answer of length 0 would be the shortest for ever, and no n/h could be taken
        self.solved += 1
        self.total += length
        self.shortest = length if self.shortest is None else min(self.shortest, length)

    def plain(self) -> dict[str, int | None]:
        """Its fields for JSON; `dataclasses.asdict` copies deeply and takes ten times as long."""
        return {"tried": self.tried, "solved": self.solved, "shortest": self.shortest, "total": self.total}


class LengthHistory(State):
    """h for every problem: the length of its shortest right answer in earlier batches, or their mean.

    >>> history = LengthHistory()
    >>> history.commit([[(7, 120), (7, None)], [(7, 100), (9, None)]])      # (problem, length if right), two processes
    >>> history.h(7), history.h(7, "mean"), history.h(9)
    (100, 110.0, None)
    >>> history.table()[0]
    {'problem_id': 7, 'tried': 3, 'solved': 2, 'shortest': 100, 'mean': 110.0}

    A problem is called by a stable whole number or string; 7 and "7" are two problems. What a length is measured in
    is the observer's business, but must stay the same: tokens never mix with words.

    Attributes:
        special_ids: token ids that are no part of an answer (the end, padding). A trainer that knows its tokenizer
            adds them.
    """

    def __init__(self, name: str = "length_history", *, special_ids: Iterable[int] = ()) -> None:
        super().__init__(name)
        self.special_ids = frozenset(special_ids)
        self._problems: dict[Problem, Lengths] = {}

    def __repr__(self) -> str:
        special = f", special_ids={sorted(self.special_ids)}" if self.special_ids else ""
        return f"LengthHistory({self.name!r}{special})"

    def __len__(self) -> int:
        return len(self._problems)

    def h(self, problem: Problem, mode: Mode = "min") -> float | None:
        """What a length is compared with; None while the problem has not been solved.

        Minimum and mean are both known at any time, so a saved history can be read either way.
        """
        lengths = self._problems.get(problem)
        if lengths is None or not lengths.solved:
            return None
        return lengths.shortest if mode == "min" else lengths.total / lengths.solved

    def table(self) -> list[dict[str, Any]]:
        """A row for every problem, in the order they were first met: problem_id, tried, solved, shortest, mean."""
        return [
            {
                "problem_id": problem,
                "tried": lengths.tried,
                "solved": lengths.solved,
                "shortest": lengths.shortest,
                "mean": self.h(problem, "mean"),
            }
            for problem, lengths in self._problems.items()
        ]

    def update(self, observation: tuple[Problem, int | None]) -> None:
        problem, length = observation
        self._problems.setdefault(problem, Lengths()).add(length)

    def state_dict(self) -> dict[str, Any]:
        return {"problems": [{"problem_id": problem, **own.plain()} for problem, own in self._problems.items()]}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        rows = [dict(row) for row in saved["problems"]]
        self._problems = {row.pop("problem_id"): Lengths(**row) for row in rows}
        self.discard()


def problem_of(value: Any) -> Problem:
    """A problem's id as JSON keeps it.

    Raises:
        ValueError: the id is missing, or neither a whole number nor a string.
    """
    value = getattr(value, "item", lambda: value)()  # a data set in torch or numpy format
    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError(f"a problem's id is a whole number or a string, not {value!r}")
    return value
