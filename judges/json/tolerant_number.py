"""Numbers as models write them: `+1`, `.5`, `5.`, `007`, `0x10`, `1_000`, `1,000`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from .blanks import BLANK
from .strict import NOT_FINITE, TOO_MANY_DIGITS

_STRICT = re.compile(r"-?(?:0|[1-9]\d*+)(\.\d++)?([eE][-+]?\d++)?")
_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})++(?:\.\d++)?(?=\s*(?:[,;}\]]|\Z))")
_LOOSE = re.compile(
    r"(?P<sign>[-+]?)(?:(?P<based>0[xX][0-9a-fA-F]++|0[oO][0-7]++|0[bB][01]++)"
    r"|(?P<whole>\d[\d_]*+)?(?P<point>\.)?(?P<part>\d*+)(?P<exponent>[eE][-+]?\d++)?)"
)
_ENDS = re.compile(rf"{BLANK}|[,;:}}\])/#｝］，：；\\]|\Z")
_BASES = {"x": "hexadecimal number", "o": "octal number", "b": "binary number"}


@dataclass(slots=True)
class Number:
    """A number that was read: its value, where it ends, what had to be mended, and why it must not be trusted."""

    value: Any
    end: int
    repairs: tuple[str, ...] = ()
    problem: str = ""


def number(text: str, start: int, end: int, *, in_object: bool) -> Number | None:
    """The number at `start`, or None when no number stands there by itself (`2024-01-01`, `12abc`).

    Thousands are read as grouped only inside an object: in an array `1,000` are two items.

    >>> number("0x10}", 0, 5, in_object=True)
    Number(value=16, end=4, repairs=('hexadecimal number',), problem='')
    """
    strict = _STRICT.match(text, start, end)
    if in_object:
        grouped = _GROUPED.match(text, start, end)
        if grouped is not None:
            return _converted(grouped.group().replace(",", ""), grouped.end(), ("thousands separator",))
    if strict is not None and _ENDS.match(text, strict.end(), end):
        return _converted(strict.group(), strict.end(), ())
    loose = _LOOSE.match(text, start, end)
    if loose is None or not _ENDS.match(text, loose.end(), end):
        return None
    if loose["based"]:
        return _based(loose["sign"], loose["based"], loose.end())
    if not (loose["whole"] or loose["part"]):
        return None
    return _converted(_digits(loose), loose.end(), _repairs(loose))


def _digits(loose: re.Match[str]) -> str:
    whole = (loose["whole"] or "0").replace("_", "")
    point = f".{loose['part'] or '0'}" if loose["point"] else ""
    return f"{loose['sign']}{whole}{point}{loose['exponent'] or ''}"


def _repairs(loose: re.Match[str]) -> tuple[str, ...]:
    whole = loose["whole"] or ""
    found = {
        "leading plus": loose["sign"] == "+",
        "leading zero": len(whole) > 1 and whole[0] == "0",
        "digit separator": "_" in whole,
        "bare decimal point": bool(loose["point"]) and not (whole and loose["part"]),
    }
    return tuple(repair for repair, there in found.items() if there)


def _based(sign: str, digits: str, end: int) -> Number:
    value = int(digits, 0)  # bases 2, 8 and 16 are converted in linear time
    repairs = (_BASES[digits[1].lower()], *(("leading plus",) if sign == "+" else ()))
    return Number(-value if sign == "-" else value, end, repairs)


def _converted(digits: str, end: int, repairs: tuple[str, ...]) -> Number:
    try:
        value = float(digits) if any(mark in digits for mark in ".eE") else int(digits)
    except ValueError:
        return Number(None, end, repairs, TOO_MANY_DIGITS)
    if isinstance(value, float) and math.isinf(value):
        return Number(None, end, repairs, NOT_FINITE)
    return Number(value, end, repairs)
