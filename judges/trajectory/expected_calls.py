"""Calls of tools that were asked for, found among those that were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..conversation import ToolCall
from ..json.match import equal

Order = Literal["any", "sequence", "exact"]


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A tool's name, and those of its arguments that matter; None where none does."""

    name: str
    arguments: Mapping[str, Any] | None = None

    def fits(self, call: ToolCall) -> bool:
        """Whether a call is one that was asked for; numbers are equal as numbers, and other arguments may be there."""
        if call.name != self.name:
            return False
        if self.arguments is None:
            return True
        made = call.arguments or {}
        return all(name in made and equal(made[name], value) for name, value in self.arguments.items())

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value!r:.40}" for name, value in (self.arguments or {}).items())
        return f"{self.name}({inside or ('…' if self.arguments is None else '')})"


def expected_calls(given: Any) -> list[ExpectedCall]:
    """Calls as people write them: names, or mappings with `name` and `arguments`, also inside `function`.

    Raises:
        ValueError: it is no list of them.
    """
    if not isinstance(given, (list, tuple)):
        raise ValueError(f"calls are a list of names, or of mappings with name and arguments, not {given!r:.80}")
    return [_expected(one) for one in given]


def _expected(given: Any) -> ExpectedCall:
    if isinstance(given, str):
        return ExpectedCall(given)
    inner = given.get("function", given) if isinstance(given, Mapping) else None
    if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
        raise ValueError(f"a call is a tool's name or a mapping with name and arguments, not {given!r:.80}")
    arguments = inner.get("arguments")
    if arguments is not None and not isinstance(arguments, Mapping):
        raise ValueError(f"the arguments of a call are a mapping, not {arguments!r:.80}")
    return ExpectedCall(inner["name"], arguments)


def missing(expected: Sequence[ExpectedCall], calls: Sequence[ToolCall], order: Order) -> list[int]:
    """Which expected calls, by their place, were not made: as few as there can be.

    order: "any" gives each a call of its own; "sequence" in the order in which they are listed, others between;
    "exact" place by place.
    """
    if order == "exact":
        return [i for i, one in enumerate(expected) if i >= len(calls) or not one.fits(calls[i])]
    fitting = [[place for place, call in enumerate(calls) if one.fits(call)] for one in expected]
    return _unmatched(fitting) if order == "any" else _left_out(fitting, len(calls))


def _unmatched(fitting: Sequence[Sequence[int]]) -> list[int]:
    """A largest matching by augmenting paths; the rows that have no partner."""
    partner: dict[int, int] = {}

    def placed(row: int, tried: set[int]) -> bool:
        for place in fitting[row]:
            if place in tried:
                continue
            tried.add(place)
            if place not in partner or placed(partner[place], tried):
                partner[place] = row
                return True
        return False

    return [row for row in range(len(fitting)) if not placed(row, set())]


def _left_out(fitting: Sequence[Sequence[int]], calls: int) -> list[int]:
    """The rows outside a longest common subsequence."""
    fits = [set(row) for row in fitting]
    best = [[0] * (calls + 1) for _ in range(len(fits) + 1)]
    for i in range(len(fits) - 1, -1, -1):
        for j in range(calls - 1, -1, -1):
            best[i][j] = 1 + best[i + 1][j + 1] if j in fits[i] else max(best[i + 1][j], best[i][j + 1])
    found, i, j = [], 0, 0
    while i < len(fits):
        if j < calls and j in fits[i] and best[i][j] == 1 + best[i + 1][j + 1]:
            i, j = i + 1, j + 1
        elif j < calls and best[i][j] == best[i][j + 1]:
            j += 1
        else:
            found.append(i)
            i += 1
    return found
