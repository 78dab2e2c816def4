"""Regular expressions whose worst case is known before they meet a hostile text.

Python's engine backtracks: `^(a+)+$` on 32 letters does not come back. How bad a pattern can get shows in its syntax
tree: each unbounded repeat that may give characters back adds one power of the text's length, and a repeat inside
a repeat makes it exponential. What may match nothing in several ways, over and over, is exponential even on an empty
text. The estimate errs on the side of caution.
"""

from __future__ import annotations

import math
import re
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

MANY = 32  # a repeat that may go on for more than this counts as unbounded
CHOICE = 0.25  # what an optional item, an alternative or a short repeat counts: 30 of them are 2 to the power of 30
DOUBLINGS = 8.0  # ways to match nothing, as a power of 2, that need no deadline
STEPS = 2_000_000  # what the engine does in some hundredths of a second

_REPEATS = {op.MAX_REPEAT, op.MIN_REPEAT}
_ONE_CHARACTER = {op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN}
_CERTAIN = _ONE_CHARACTER | {op.AT}


def degree(pattern: str, flags: int = 0, *, search: bool = True) -> float:
    """The power of the text's length that bounds the engine's steps; infinity when they may be exponential.

    >>> degree("^[a-z]+$"), degree("[a-z]+$"), degree("^(a+)+$"), degree("(?:a*|b*){9}c")
    (1, 2, inf, inf)

    Args:
        search: whether the pattern may begin anywhere, which adds a power unless it begins with an anchor.
    """
    tree = _parser.parse(pattern, flags)
    if _doublings(tree) > DOUBLINGS:
        return math.inf
    anchored = not search or (len(tree) > 0 and _is_start(tree[0]) and not tree.state.flags & re.MULTILINE)
    return max(1, _sequence(tree) + (0 if anchored else 1))


def affordable(power: float, length: int) -> bool:
    """Whether a pattern of this degree may be run on a text of this length without a deadline."""
    return power < math.inf and power * math.log(max(length, 1)) <= math.log(STEPS)


def _is_start(item: tuple[Any, Any]) -> bool:
    return item[0] is op.AT and item[1] in (op.AT_BEGINNING, op.AT_BEGINNING_STRING)


def _sequence(items: Any) -> float:
    return sum(_item(kind, value) for kind, value in items)


def _item(kind: Any, value: Any) -> float:
    if kind in _CERTAIN:
        return 0
    if kind in _REPEATS:
        return _repeat(*value)
    if kind is op.POSSESSIVE_REPEAT:
        return _sequence(value[2])
    if kind is op.BRANCH:
        return CHOICE * math.log2(len(value[1])) + max(_sequence(branch) for branch in value[1])
    if kind is op.SUBPATTERN:
        return _sequence(value[3])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return 1 + _sequence(value[1])
    if kind is op.ATOMIC_GROUP:
        return _sequence(value)
    return math.inf  # back references and conditions


def _repeat(least: int, most: int, body: Any) -> float:
    inside = _sequence(body)
    if most <= 1:
        return inside if most == least else inside + CHOICE
    if len(body) == 1 and body[0][0] in _ONE_CHARACTER:
        if most == least:
            return 0
        return CHOICE if most <= MANY else 1
    if most == least and most <= MANY:
        return inside * most
    if _uniform(body):
        return 1
    return math.inf


def _doublings(items: Any) -> float:
    """In how many ways, as a power of 2, the items match nothing: those a repeat of them multiplies."""
    return sum(_ways(kind, value) for kind, value in items)


def _ways(kind: Any, value: Any) -> float:
    if kind in _REPEATS or kind is op.POSSESSIVE_REPEAT:
        least, _, body = value
        skipped = 1.0 if least == 0 and _matches_nothing(body) else 0.0
        return float(max(least, 1) * _doublings(body) + skipped)
    if kind is op.BRANCH:
        empty = [branch for branch in value[1] if _matches_nothing(branch)]
        return math.log2(max(len(empty), 1)) + max(map(_doublings, value[1]))
    if kind is op.SUBPATTERN:
        return _doublings(value[3])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return _doublings(value[1])
    return _doublings(value) if kind is op.ATOMIC_GROUP else 0.0


def _matches_nothing(items: Any) -> bool:
    """Whether a sequence may match without taking a character."""
    return all(_is_empty(kind, value) for kind, value in items)


def _is_empty(kind: Any, value: Any) -> bool:
    if kind in _REPEATS or kind is op.POSSESSIVE_REPEAT:
        return value[0] == 0 or _matches_nothing(value[2])
    if kind is op.BRANCH:
        return any(map(_matches_nothing, value[1]))
    if kind in (op.SUBPATTERN, op.ATOMIC_GROUP):
        return _matches_nothing(value[3] if kind is op.SUBPATTERN else value)
    return kind not in _ONE_CHARACTER


def _uniform(body: Any) -> bool:
    """Whether every match of the body is equally long and can be made in one way only."""
    return all(_uniform(value[3]) if kind is op.SUBPATTERN else kind in _CERTAIN for kind, value in body)
