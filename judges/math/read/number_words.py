"""Numbers in English words: `twenty-five`, `one hundred and six`, `six dozen`, `three and a half`, `three apples`."""

from __future__ import annotations

import re
from fractions import Fraction

from ..values.expr import Expr, number
from .units import Unit, is_unit, label, lookup

_SMALL = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
]  # fmt: skip
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_VALUES = {
    **{word: place for place, word in enumerate(_SMALL)},
    **{word: 10 * place for place, word in enumerate(_TENS, 2)},
}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fourth": 4,
    "fifth": 5,
    "sixth": 6,
    "eighth": 8,
    "tenth": 10,
}
_BETWEEN_WORDS = re.compile(r"[ -]+")
MOST_WORDS = 12


def spoken_number(words: str) -> Expr | None:
    """The number, with the unit behind it if there is one; None when the words are no number."""
    words = words.strip(" .")
    if not (words[:1].isalpha() or words[-1:].isalpha()):  # a formula: neither end is a word
        return None
    pieces = _BETWEEN_WORDS.split(words.lower())
    if len(pieces) > MOST_WORDS or not (pieces[0] in _VALUES or pieces[0] in ("a", "half") or pieces[-1] in _PARTS):
        return None
    if pieces[0].isdecimal() and len(pieces[0]) < 10:
        fraction = _fraction(pieces[2:]) if pieces[1:2] == ["and"] and len(pieces) > 3 else None
        return number(int(pieces[0]) + fraction) if fraction is not None else None  # 3 and a half
    rest = list(pieces)
    value = _cardinal(rest)
    if rest[:2] == ["and", "a"] or (value is not None and rest[:1] == ["and"] and len(rest) > 2):
        fraction = _fraction(rest[1:])
        if fraction is None or value is None:
            return None
        return number(value + fraction)
    if not rest and value is not None:
        return number(value)
    fraction = _fraction(pieces)
    if fraction is not None:
        return number(fraction)
    if value is None or len(rest) != 1 or not rest[0].isalpha() or rest[0] in ("and", "or"):
        return None
    unit: Unit = lookup(rest[0]) or label(rest[0])
    return Expr("quantity", (number(value),), unit) if is_unit(rest[0]) or rest[0].endswith("s") else None


def _cardinal(words: list[str]) -> Fraction | None:
    """The cardinal number at the front of the words, which are taken off; None when there is none."""
    total, current, read = 0, 0, False
    while words:
        word = words[0]
        if word in _VALUES:
            if read and current % 100 and not (current % 100 >= 20 and _VALUES[word] < 10 and current % 10 == 0):
                break  # one two
            current += _VALUES[word]
        elif word in _SCALES and (read or word != "dozen"):
            size = _SCALES[word]
            if size in (12, 100):
                current = (current or 1) * size
            else:
                total, current = total + (current or 1) * size, 0
        elif word == "and" and read and len(words) > 1 and words[1] in _VALUES and current % 100 == 0 and current:
            pass  # one hundred and six
        else:
            break
        words.pop(0)
        read = True
    return Fraction(total + current) if read else None


def _fraction(words: list[str]) -> Fraction | None:
    """`one half`, `a quarter`, `three quarters`."""
    top: Fraction | None = Fraction(1)
    if words[0] != "a" and len(words) > 1:
        head = words[:-1]
        top = _cardinal(head)
        if head:
            return None
    elif len(words) > 2:
        return None
    part = words[-1]
    bottom = _PARTS.get(part) or _PARTS.get(part.removesuffix("s"))
    return top / bottom if top is not None and bottom else None
