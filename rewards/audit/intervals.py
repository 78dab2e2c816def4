"""How sure a share is that was counted on so many rows."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import TypeVar

Z = 1.959964  # of a normal distribution, 95 % lie within so many standard deviations
_Row = TypeVar("_Row")


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson: it holds at 0 and at 1 too.

    >>> [round(end, 3) for end in wilson(0, 10)]
    [0.0, 0.278]
    """
    if not count:
        return 0.0, 1.0
    share, slack = successes / count, Z * Z / count
    middle = (share + slack / 2) / (1 + slack)
    half = Z * math.sqrt(share * (1 - share) / count + slack / (4 * count)) / (1 + slack)
    return max(0.0, middle - half), min(1.0, middle + half)


def bootstrap(
    rows: Sequence[_Row], measure: Callable[[Sequence[_Row]], float | None], draws: int = 400
) -> tuple[float, float] | None:
    """The 95 % interval of any measure, by drawing rows with replacement; the same for the same rows."""
    rng = random.Random(len(rows))
    drawn = [measure(rng.choices(rows, k=len(rows))) for _ in range(draws)] if rows else []
    found = sorted(value for value in drawn if value is not None)
    if not found:
        return None
    return found[int(0.025 * (len(found) - 1))], found[math.ceil(0.975 * (len(found) - 1))]
