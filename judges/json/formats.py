"""Formats that `jsonschema` leaves unchecked unless further packages are installed (RFC 3339, 3986, 6901)."""

from __future__ import annotations

import copy
import datetime
import re
from collections.abc import Callable
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(z|[+-]([01]\d|2[0-3]):[0-5]\d)", re.I | re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = r"T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S)"
_DATES = r"(?:\d+Y(?:\d+M(?:\d+D)?)?|\d+M(?:\d+D)?|\d+D)"
_DURATION = re.compile(rf"P(?:{_DATES}(?:{_CLOCK})?|{_CLOCK}|\d+W)", re.ASCII)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9a-f]{2})*", re.I | re.ASCII)


def _is_time(text: str) -> bool:
    return _TIME.fullmatch(text) is not None


def _is_date_time(text: str) -> bool:
    day, rest = text[:10], text[10:]
    if not (_DATE.fullmatch(day) and rest[:1] in ("T", "t") and _is_time(rest[1:])):
        return False
    try:
        datetime.date.fromisoformat(day)
    except ValueError:
        return False
    return True


def _is_uri(text: str) -> bool:
    return _URI.fullmatch(text) is not None and text.count("#") < 2


def _is_hostname(text: str) -> bool:
    return len(text) <= 253 and _HOST.fullmatch(text) is not None


def _is_regex(text: str) -> bool:
    """Whether Python reads it as a pattern; it is not compiled, which takes memory and time without bound."""
    try:
        _parser.parse(text)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


_OURS: dict[str, Callable[[str], bool]] = {
    "date-time": _is_date_time,
    "time": _is_time,
    "duration": lambda text: _DURATION.fullmatch(text) is not None,
    "hostname": _is_hostname,
    "regex": _is_regex,
    "json-pointer": lambda text: _POINTER.fullmatch(text) is not None,
    "uri": _is_uri,
}


def with_ours(checker: Any) -> Any:
    """A copy of a format checker of `jsonschema` that checks these formats too, where it does not already.

    "regex" is always ours.
    """
    checker = copy.copy(checker)
    checker.checkers = dict(checker.checkers)
    checker.checkers.pop("regex", None)
    for name, holds in _OURS.items():
        checker.checkers.setdefault(name, (lambda value, holds=holds: not isinstance(value, str) or holds(value), ()))
    return checker
