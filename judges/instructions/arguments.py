"""What a rule may be given, checked when the rule is made.

Rows come out of tables in strange clothes: a column that holds whole numbers beside gaps holds floats, so 50.0 is 50,
and a data frame holds arrays where there were lists.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import Any, Literal, get_args

Relation = Literal["at least", "at most", "exactly", "less than", "more than"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    "at least": operator.ge,
    "at most": operator.le,
    "exactly": operator.eq,
    "less than": operator.lt,
    "more than": operator.gt,
}


def holds(counted: int, relation: Relation, asked: int) -> bool:
    """Whether the relation holds: `holds(3, "less than", 5)`."""
    return _COMPARE[relation](counted, asked)


def as_relation(given: Any) -> Relation:
    """One of the five relations, or a ValueError that lists them."""
    if not isinstance(given, str) or given not in _COMPARE:
        raise ValueError(f"relation is one of {', '.join(map(repr, RELATIONS))}, not {given!r:.60}")
    return given  # type: ignore[return-value]


def as_whole(name: str, given: Any, least: int = 0) -> int:
    """A whole number."""
    integral = isinstance(given, Integral) or (isinstance(given, float) and given.is_integer())
    if isinstance(given, bool) or not integral or given < least:
        raise ValueError(f"{name} is a whole number, {least} or more, not {given!r:.60}")
    return int(given)


def as_text(name: str, given: Any) -> str:
    """A text with something in it."""
    if not isinstance(given, str) or not given.strip():
        raise ValueError(f"{name} is a text that is not blank, not {given!r:.60}")
    return given


def as_texts(name: str, given: Any) -> tuple[str, ...]:
    """A list of texts, at least one."""
    given = as_list(given)
    if isinstance(given, str) or not isinstance(given, Sequence) or not len(given):
        raise ValueError(f"{name} is a list of texts, at least one, not {given!r:.60}")
    return tuple(as_text(f"each of {name}", item) for item in given)


def as_list(given: Any) -> Any:
    """An array as a list; anything else as it is."""
    return given.tolist() if hasattr(given, "tolist") else given


def as_flag(name: str, given: Any) -> bool:
    """True or False."""
    if not isinstance(given, bool):
        raise ValueError(f"{name} is True or False, not {given!r:.60}")
    return given
