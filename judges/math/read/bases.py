r"""Whole numbers of another base: `1011_2`, `(1A3)_{16}`, `1011 in base 2`, `1011_{\text{two}}`, `0x1A3`."""

from __future__ import annotations

import re

from ..values.expr import Expr, number
from .vocabulary import BASES

_NAMED = {**{name: place + 2 for place, name in enumerate(BASES)}, "sixteen": 16}
_NAMED_WHOLE = {"binary": 2, "octal": 8, "hexadecimal": 16, "hex": 16, "decimal": 10, "ternary": 3}
_DIGITS = r"(?P<sign>-?)\(? ?(?P<digits>[0-9A-Za-z]{1,200}) ?\)?"
_SUBSCRIPT = re.compile(_DIGITS + r" ?_ ?\{? ?\(?(?:base )?(?P<base>\d{1,2}|[a-z]{3,7})\)? ?\}?")
_LETTERED = re.compile(r"[A-F]{2,40} ?_ ?\{? ?16 ?\}?")  # x_2 is a variable
_SPELLED = re.compile(_DIGITS + r" ?\(?(?:in )?(?:base[ -](?P<base>\d{1,2}|[a-z]{3,7})|(?P<whole>[a-z]{3,11}))\)?")
_PREFIXED = re.compile(r"(?P<sign>-?)0(?P<base>[bxo])(?P<digits>[0-9A-Fa-f]{1,200})")


def in_base(words: str) -> Expr | None:
    """The number that plain words write in a base they name; None for anything else, also for digits it lacks."""
    found = _PREFIXED.fullmatch(words)
    if found:
        base: int | None = {"b": 2, "o": 8, "x": 16}[found["base"]]
    else:
        found = _SUBSCRIPT.fullmatch(words) or _SPELLED.fullmatch(words)
        if found is None or not (any(map(str.isdigit, found["digits"])) or _LETTERED.fullmatch(words)):
            return None
        named = found["base"]
        if named is None:
            base = _NAMED_WHOLE.get(found["whole"])
        else:
            base = int(named) if named.isdecimal() else _NAMED.get(named)
    if base is None or not 2 <= base <= 36:
        return None
    try:
        value = int(found["digits"], base)
    except ValueError:
        return None
    return number(-value if found["sign"] else value)
