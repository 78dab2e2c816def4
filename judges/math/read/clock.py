"""Times of day: `3:00 PM`, `3 p.m.`, `noon`; `15:30` alone may be a ratio and stays one until it is compared."""

from __future__ import annotations

import re

from ..values.expr import Expr

_TIME = re.compile(
    r"(?:at )?(?P<hour>\d{1,2})(?: ?: ?(?P<minute>[0-5]\d)(?: ?: ?(?P<second>[0-5]\d))?)? ?(?P<half>[ap]) ?\.? ?m ?\.?",
    re.IGNORECASE,
)
_NAMED = {"noon": (12, "p"), "12 noon": (12, "p"), "midnight": (12, "a"), "12 midnight": (12, "a")}


def clock(words: str) -> Expr | None:
    """The time of day that plain words name; None when they name none. Its value: seconds, and the half of the day."""
    if words.lower() in _NAMED:
        hour, half = _NAMED[words.lower()]
        return _time(hour, 0, 0, half)
    found = _TIME.fullmatch(words)
    if found is None or not 0 <= int(found["hour"]) <= 12:
        return None
    return _time(int(found["hour"]), int(found["minute"] or 0), int(found["second"] or 0), found["half"].lower())


def _time(hour: int, minute: int, second: int, half: str) -> Expr:
    return Expr("clock", value=((hour % 12) * 3600 + minute * 60 + second, half))


def same_time(time: Expr, other: Expr) -> bool:
    """Whether a time of day is another one, or a ratio such as 15:30 read as one; twelve hours may stand for both."""
    seconds, half = time.value
    if other.op == "clock":
        return bool(time.value == other.value)
    parts = [int(part.value) for part in other.args if part.op == "number" and part.value.denominator == 1]
    if other.op != "ratio" or len(parts) != len(other.args) or len(parts) > 3:
        return False
    if not 0 <= parts[0] < 24 or not all(0 <= part < 60 for part in parts[1:]):
        return False
    total = sum(part * scale for part, scale in zip(parts, (3600, 60, 1), strict=False))
    whole_day = seconds + (43200 if half == "p" else 0)
    return total == whole_day or (1 <= parts[0] <= 12 and total % 43200 == seconds)
