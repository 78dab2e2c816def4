"""Equality of JSON values, whole or in part."""

from __future__ import annotations

from typing import Any

from .strict import Malformed, decode, first_mark, is_blank
from .violation import Path

_ABSENT = object()


def expected_value(given: Any) -> Any:
    """An expected value as a column holds it: JSON text or data."""
    if not isinstance(given, str):
        return given
    try:
        value, end = decode(given, first_mark(given, 0, len(given)))
    except Malformed as error:
        raise ValueError(f"the expected value {given!r:.60} is not JSON: {error.detail}") from None
    if not is_blank(given, end, len(given)):
        raise ValueError(f"the expected value {given!r:.60} is not JSON: more text follows")
    return value


def equal(left: Any, right: Any) -> bool:
    """Whether two values are the same JSON value: 1 is 1.0 and is not true, order of keys does not count.

    >>> equal({"a": 1, "b": 2}, {"b": 2.0, "a": 1}), equal(1, True)
    (True, False)
    """
    return first_difference(left, right) is None


def first_difference(left: Any, right: Any) -> Path | None:
    """Where two values first differ, in the order of `right`; None when they are equal."""
    waiting: list[tuple[Any, Any, Path]] = [(left, right, ())]
    while waiting:
        a, b, path = waiting.pop()
        parts = _parts(a, b)
        if parts is None:
            if not _same_leaf(a, b):
                return path
        else:
            waiting += [(x, y, (*path, step)) for step, x, y in reversed(parts)]
    return None


def share_equal(value: Any, expected: Any) -> float:
    """The share of leaves on which two values agree; a leaf that only one of them has counts as different.

    >>> share_equal({"a": 1, "b": 2}, {"a": 1, "b": 3})
    0.5
    """
    same = leaves = 0
    waiting = [(value, expected)]
    while waiting:
        a, b = waiting.pop()
        parts = _parts(a, b)
        if parts:
            waiting += [(x, y) for _, x, y in parts]
        elif parts is not None:  # two empty containers
            same, leaves = same + 1, leaves + 1
        else:
            same, leaves = same + _same_leaf(a, b), leaves + max(_leaves(a), _leaves(b))
    return same / leaves


def _parts(a: Any, b: Any) -> list[tuple[str | int, Any, Any]] | None:
    """The parts of two objects or two arrays, side by side; None when they are not both that."""
    if isinstance(a, dict) and isinstance(b, dict):
        names = [*b, *(name for name in a if name not in b)]
        return [(name, a.get(name, _ABSENT), b.get(name, _ABSENT)) for name in names]
    if isinstance(a, list) and isinstance(b, list):
        count = range(max(len(a), len(b)))
        return [(i, a[i] if i < len(a) else _ABSENT, b[i] if i < len(b) else _ABSENT) for i in count]
    return None


def _same_leaf(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and type(a) is not object and bool(a == b)


def _leaves(value: Any) -> int:
    count, waiting = 0, [value]
    while waiting:
        part = waiting.pop()
        inside = list(part.values()) if isinstance(part, dict) else part if isinstance(part, list) else []
        waiting += inside
        count += not inside
    return count
