r"""Angles in degrees, minutes and seconds: `30^\circ 15' 20''`, `30 degrees 15 minutes`."""

from __future__ import annotations

import re
from fractions import Fraction

from ..values.expr import Expr, number

_PRIME = r"(?:'|\^ ?\{? ?\\prime ?\}?|\\prime)"
_ANGLE = re.compile(
    r"(?P<sign>-?) ?(?P<degrees>\d{1,4}) ?(?:\^ ?\{? ?\\circ ?\}?|\\degree| ?\{?degrees?\}?) ?(?:and )?"
    rf"(?P<minutes>\d{{1,2}}(?:\.\d+)?) ?(?:{_PRIME}|minutes?|min)(?!{_PRIME})"
    r" ?(?:(?:and )?(?P<seconds>\d{1,2}(?:\.\d+)?) ?"
    rf"(?:\"|'' ?|{_PRIME} ?{_PRIME}|\^ ?\{{? ?\\prime ?\\prime ?\}}?|seconds?|sec))?"
)


def sexagesimal(text: str) -> Expr | None:
    """The angle in degrees, exactly; None for anything else."""
    found = _ANGLE.fullmatch(text)
    if found is None:
        return None
    size = Fraction(found["degrees"]) + Fraction(found["minutes"]) / 60 + Fraction(found["seconds"] or 0) / 3600
    return Expr("mul", (number(-size if found["sign"] else size), Expr("constant", value="degree")))
