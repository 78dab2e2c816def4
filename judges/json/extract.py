"""From a completion to the JSON value it gives as its answer, at three levels of leniency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..thinking import answer_start
from .fences import answer_fence
from .regions import Repairs, chosen, regions, without_placeholders
from .strict import NOTHING, SYNTAX, TOO_LONG, TRAILING, TWO_VALUES, UNFINISHED, Malformed, decode, first_mark, is_blank

Level = Literal["strict", "extract", "repair"]
LEVELS: tuple[str, ...] = get_args(Level)
MAX_CHARS = 500_000  # the most hostile text of this length takes about half a second
_ORDINARY = {SYNTAX, NOTHING, TRAILING}  # what every answer in prose is, taken as a whole
_STARTS = '{["-0123456789tfnNI'
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Extraction:
    """A value, and how it was come by.

    Attributes:
        value: the JSON value.
        level: the strictest level at which it is had.
        where: "whole" text, "fence" or "prose".
        repairs: what was mended, and the offset where it was first.
        start, end: where in the completion it stands.
    """

    value: Any
    level: Level
    where: str
    start: int
    end: int
    repairs: Repairs = ()


def extract(
    text: str, level: Level = "extract", *, prefer: str | None = None, max_chars: int = MAX_CHARS
) -> Extraction:
    """The JSON value that a completion gives.

    strict: the whole text is one JSON value. extract: thinking is removed; the last fenced block of JSON counts,
    else the last object in the text. repair: as extract, and slips of form are mended (see `tolerant`).

    >>> extract('Sure: {"a": 1}. Done.').value
    {'a': 1}
    >>> extract("{'a': 1,}", "repair").repairs
    (('single quotes', 1), ('trailing comma', 8))

    Linear in the length of the text.

    Args:
        prefer: "array" when an array is asked for, which then comes before objects.
        max_chars: longer texts are refused unread.

    Raises:
        Malformed: there is no such value at this level.
    """
    if len(text) > max_chars:
        raise Malformed(TOO_LONG, f"{len(text)} characters, more than {max_chars}")
    try:
        return _whole(text, level)
    except Malformed as whole:
        if level == "strict":
            raise
        try:
            return _answer(text, level, prefer)
        except Malformed as answer:
            # "too many digits" says more than that no object was found
            raise (whole if answer.problem == NOTHING and whole.problem not in _ORDINARY else answer) from None


def _whole(text: str, level: Level) -> Extraction:
    start = first_mark(text, 0, len(text))
    if start == len(text):
        raise Malformed(NOTHING, "the text is empty", 0)
    if text[start] not in _STARTS:
        raise Malformed(SYNTAX, "expected a JSON value", start)
    value, end = decode(text, start)
    if not is_blank(text, end, len(text)):
        raise _trailing(text, first_mark(text, end, len(text)))
    if level == "repair" and isinstance(value, str):
        return _unwrapped(value, start, end) or Extraction(value, "strict", "whole", start, end)
    return Extraction(value, "strict", "whole", start, end)


def _trailing(text: str, offset: int) -> Malformed:
    try:
        decode(text, offset)
    except Malformed:
        return Malformed(TRAILING, "more text follows the value", offset)
    return Malformed(TWO_VALUES, "a second value follows the first", offset)


def _unwrapped(string: str, start: int, end: int) -> Extraction | None:
    """The object or array that a JSON string holds as its text."""
    try:
        inner = extract(string, "strict")
    except Malformed:
        return None
    if not isinstance(inner.value, (dict, list)):
        return None
    return Extraction(inner.value, "repair", "whole", start, end, (("escaped as a string", start),))


def _answer(text: str, level: Level, prefer: str | None) -> Extraction:
    start = answer_start(text)
    if start is None:
        raise Malformed(UNFINISHED, "the thinking part never ends")
    fence = answer_fence(text, start)
    if fence is not None:
        return _fenced(text, fence.start, fence.end, level, prefer)
    begin = first_mark(text, start, len(text))
    while text.startswith(_BOM, begin):
        begin = first_mark(text, begin + 1, len(text))
    if begin:  # the rest may be JSON as a whole: `</think>42`
        value, end = _decoded(text, begin)
        if end and is_blank(text, end, len(text)):
            return Extraction(value, "extract", "prose", begin, end)
    return _found(text, start, len(text), level, prefer, "prose")


def _fenced(text: str, start: int, end: int, level: Level, prefer: str | None) -> Extraction:
    begin = first_mark(text, start, end)
    value, stop = _decoded(text, begin)
    # A string inside the value may hold the marks that seemed to close the block: the value ends where it ends.
    if stop and (stop > end or is_blank(text, stop, end)):
        return Extraction(value, "extract", "fence", begin, stop)
    return _found(text, start, end, level, prefer, "fence")


def _decoded(text: str, start: int) -> tuple[Any, int]:
    """The value at `start` and where it ends; (None, 0) when there is none."""
    try:
        return decode(text, start)
    except Malformed:
        return None, 0


def _found(text: str, start: int, end: int, level: Level, prefer: str | None, where: str) -> Extraction:
    found = regions(text, start, end)
    if where == "prose":
        found = without_placeholders(text, found, prefer)
    region = chosen(text, found, prefer)
    if region is None:
        raise Malformed(NOTHING, "no JSON value was found")
    if region.problem is None:
        return Extraction(region.value, "extract", where, region.start, region.end)
    if level == "repair" and region.readable:
        return Extraction(region.value, "repair", where, region.start, region.end, region.repairs)
    raise region.problem
