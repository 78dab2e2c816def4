"""JSON as the standard means it: the fast parser of the standard library, without what it lets through.

`json.loads` accepts NaN, Infinity and 1e400, silently keeps the last of two equal keys, accepts half a surrogate
pair (which breaks a later write as UTF-8), overflows the stack on deep nesting and raises a bare ValueError on a
number of 4301 digits. Here each of these is a `Malformed` with a name of its own.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from ..errors import JuryboxError

MAX_DEPTH = 200
BLANK = " \t\n\r"
WINDOW = 4096  # characters

# What can be wrong with a text; each is also a verdict's reason.
SYNTAX = "syntax error"
DUPLICATE = "duplicate key"
NOT_FINITE = "not a finite number"
SURROGATE = "lone surrogate"
TOO_DEEP = "too deep"
TOO_LONG = "too long"
TOO_MANY_DIGITS = "too many digits"
TRAILING = "trailing text"
TWO_VALUES = "two values"
NOTHING = "no json"
UNFINISHED = "unfinished thinking"

_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"|[\[{]|[\]}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class Malformed(JuryboxError, ValueError):  # noqa: N818 - what the text is
    """A text is not the JSON that was asked for.

    Attributes:
        problem: one of the phrases above.
        detail: what was found or expected, for people.
        offset: where in the text, or None when only the whole is known to be wrong.
    """

    def __init__(self, problem: str, detail: str, offset: int | None = None) -> None:
        super().__init__(problem, detail, offset)
        self.problem = problem
        self.detail = detail
        self.offset = offset

    def position(self, text: str) -> dict[str, int]:
        """Line and column, counted from 1, and offset, counted from 0; empty when the place is not known."""
        if self.offset is None:
            return {}
        line = text.count("\n", 0, self.offset) + 1
        return {"line": line, "column": self.offset - text.rfind("\n", 0, self.offset), "offset": self.offset}


def decode(text: str, start: int = 0) -> tuple[Any, int]:
    """The JSON value that begins at `start`, and where it ends. Linear in the length of the value.

    >>> decode('{"a": 1} and more')
    ({'a': 1}, 8)

    Raises:
        Malformed: there is no value, or one that should not be trusted.
    """
    try:
        value, end = _raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise Malformed(SYNTAX, error.msg, start + error.pos) from None
    except RecursionError:
        raise Malformed(TOO_DEEP, f"nested more than {MAX_DEPTH} deep", start) from None
    except Malformed:
        raise
    except ValueError:  # int() refuses more digits than sys.get_int_max_str_digits()
        raise Malformed(TOO_MANY_DIGITS, "a number has too many digits", start) from None
    if text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH:
        _check_depth(text, start, end)
    if not text.isascii() or _SURROGATE_ESCAPE.search(text, start, end):
        _check_surrogates(value, start)
    return value, end


def _raw_decode(text: str, start: int) -> tuple[Any, int]:
    """As the parser's own, with error offsets counted from `start`, through windows that grow.

    Each error of the standard parser counts the lines of its whole document, which makes many errors in one long
    text quadratic; so it is shown no more of the text than it needs.
    """
    width = WINDOW
    while True:
        cut_off = len(text) > start + width
        window = text[start : start + width] if start or cut_off else text
        try:
            value, end = _DECODER.raw_decode(window)
        except json.JSONDecodeError as error:
            if not cut_off or (error.pos < width - 16 and not error.msg.startswith("Unterminated")):
                raise
        else:
            if not cut_off or end < width:  # a number that touches the edge may go on
                return value, start + end
        width *= 8


def is_blank(text: str, start: int, end: int) -> bool:
    """Whether only JSON whitespace stands there."""
    return not text[start:end].strip(BLANK)


def first_mark(text: str, start: int, end: int) -> int:
    """Where the first character that is not JSON whitespace stands; `end` if there is none."""
    while start < end and text[start] in BLANK:
        start += 1
    return start


def unicode_fault(string: str) -> bool:
    """Whether a string holds half a surrogate pair and so cannot be written as UTF-8."""
    try:
        string.encode()
    except UnicodeEncodeError:
        return True
    return False


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise Malformed(DUPLICATE, f"the key {twice!r:.60} stands twice in one object")
    return value


def _float(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise Malformed(NOT_FINITE, f"{digits:.60} is beyond the largest number")
    return value


def _constant(name: str) -> float:
    raise Malformed(NOT_FINITE, f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


def _check_depth(text: str, start: int, end: int) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text, start, end):
        mark = match.group()
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed(TOO_DEEP, f"nested more than {MAX_DEPTH} deep", match.start())
        elif mark in "]}":
            depth -= 1


def _check_surrogates(value: Any, start: int) -> None:
    if unicode_fault(json.dumps(value, ensure_ascii=False)):
        raise Malformed(SURROGATE, "a string holds half a surrogate pair", start)
