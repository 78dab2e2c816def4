"""Work on many rows at once, of which one may break it: that one is found, and the others are done without it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .blame import nobody_answered
from .errors import Told

Row = TypeVar("Row")
Said = TypeVar("Said")


def apart(ask: Callable[[Sequence[Row]], Sequence[Said]], rows: Sequence[Row]) -> list[Said | Exception]:
    """What `ask` says of the rows; where it raises, the exception in place of every row with which it does.

    >>> apart(lambda rows: [10 // row for row in rows], [1, 0, 5])
    [10, ZeroDivisionError('integer division or modulo by zero'), 2]

    Those rows are found by halving. The others are asked about together again, for what is said of one may depend on
    who is beside it. Where rows break it only together, or nobody answered, the exception stands in place of all.

    Raises:
        Told: what `ask` raised to tell the programmer.
    """
    said = _tried(ask, rows)
    if not isinstance(said, Exception):
        return list(said)
    error = said
    if len(rows) == 1 or nobody_answered(error):
        return [error] * len(rows)
    broken = _breaking(ask, rows, range(len(rows)))
    others = [row for place, row in enumerate(rows) if place not in broken]
    again: Sequence[Said] | Exception = _tried(ask, others) if broken and others else error
    rest: Iterator[Said | Exception] = iter([again] * len(others) if isinstance(again, Exception) else again)
    return [broken[place] if place in broken else next(rest) for place in range(len(rows))]


def _breaking(
    ask: Callable[[Sequence[Row]], Sequence[Said]], rows: Sequence[Row], places: Sequence[int]
) -> dict[int, Exception]:
    """The places of the rows that break it by themselves, of some that break it together."""
    found: dict[int, Exception] = {}
    for half in (places[: len(places) // 2], places[len(places) // 2 :]):
        said = _tried(ask, [rows[place] for place in half])
        if isinstance(said, Exception):
            found |= {half[0]: said} if len(half) == 1 else _breaking(ask, rows, half)
    return found


def _tried(ask: Callable[[Sequence[Row]], Sequence[Said]], rows: Sequence[Row]) -> Sequence[Said] | Exception:
    try:
        return ask(rows)
    except Told:
        raise
    except Exception as error:
        return error
