"""Numbers as labels."""

from __future__ import annotations

from ..llm.reply import Labels


def scale(low: int, high: int) -> Labels:
    """Whole numbers as labels, the lowest worth 0 and the highest 1.

    >>> scale(1, 5)
    {'1': 0.0, '2': 0.25, '3': 0.5, '4': 0.75, '5': 1.0}
    """
    if not low < high <= low + 100:
        raise ValueError(f"a scale goes from a lower to a higher number, with at most 101 steps, not {low} to {high}")
    return {str(number): (number - low) / (high - low) for number in range(low, high + 1)}
