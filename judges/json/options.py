"""What may be asked of the JSON judge; everything else is refused when it is built."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args

from ..options import one_of
from .extract import LEVELS
from .validator import ENGINES

CreditRule = Literal["all", "partial"]


def check_options(level: str, credit: str, engine: str, discount: float, weights: Any, timeout: float) -> None:
    for name, value, choices in (
        ("level", level, LEVELS),
        ("credit", credit, get_args(CreditRule)),
        ("engine", engine, ENGINES),
    ):
        one_of(name, value, choices)
    if not 0.0 <= discount <= 1.0:
        raise ValueError(f"discount is a share in [0, 1], not {discount!r}")
    if not timeout > 0.0:
        raise ValueError(f"timeout is a positive number of seconds, not {timeout!r}")
    for path, weight in (weights or {}).items():
        if not (isinstance(path, str) and path[:1] in ("", "/")):
            raise ValueError(f"weights are given by JSON pointer, such as '/answer', not {path!r}")
        if not (math.isfinite(weight) and weight >= 0.0):
            raise ValueError(f"the weight of {path!r} must be a finite number of at least 0, not {weight!r}")
