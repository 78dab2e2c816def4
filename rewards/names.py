"""Names that are distinct, and numbers that are finite: what nodes ask of what they are given."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain, count
from math import isfinite
from numbers import Real
from typing import Any


def numbered(names: Iterable[str], taken: Iterable[str] = ()) -> list[str]:
    """The names, each once: "a", "a", "b" become "a", "a_2", "b"."""
    used = set(taken)
    distinct = []
    for name in names:
        candidates = chain([name], (f"{name}_{number}" for number in count(2)))
        distinct.append(next(candidate for candidate in candidates if candidate not in used))
        used.add(distinct[-1])
    return distinct


def finite(value: Any, what: str) -> float:
    """A finite number, or a ValueError that says what it was meant for."""
    if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value):
        raise ValueError(f"{what} is a finite number, not {value!r}")
    return float(value)
