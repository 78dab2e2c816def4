"""What the worst case depends on: how far each value lies above the least one, whatever the unit."""

from __future__ import annotations

from collections.abc import Sequence


def unit_gaps(values: Sequence[float], p: Sequence[float]) -> list[float]:
    """(vᵢ − v_min) / (v_max − v_min) over the values that carry weight; 0 where p = 0, or where all are equal.

    >>> unit_gaps([3.0, 1.0, -9.0, 2.0], [0.5, 0.25, 0.0, 0.25])
    [1.0, 0.0, 0.0, 0.5]
    """
    carried = [value for value, weight in zip(values, p, strict=True) if weight]
    low, high = min(carried), max(carried)
    if low == high:
        return [0.0] * len(values)
    half = 0.5 if abs(low) + abs(high) > 1e307 else 1.0  # else their difference may overflow
    spread = half * high - half * low
    return [(half * value - half * low) / spread if weight else 0.0 for value, weight in zip(values, p, strict=True)]


def on_the_least(gaps: Sequence[float], p: Sequence[float]) -> list[float]:
    """p restricted to the least values, and renormalised: the worst case of a ball that holds it."""
    least = share_of_the_least(gaps, p)
    return [0.0 if gap else weight / least for gap, weight in zip(gaps, p, strict=True)]


def share_of_the_least(gaps: Sequence[float], p: Sequence[float]) -> float:
    """The weight that p puts on the least values."""
    return sum(weight for gap, weight in zip(gaps, p, strict=True) if not gap)
