"""The largest and the smallest value of sliding windows, in time linear in the trace whatever the window is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf


def window_max(values: Sequence[float], a: int, b: int | None) -> list[float]:
    """For each t the largest of values[t+a … t+b], both ends included; −inf where nothing is there.

    b: None reaches to the end.
    """
    found = [-inf] * len(values)
    width = len(values) if b is None else b - a
    best: deque[int] = deque()  # places in the window, later ones first, their values falling
    for place in range(len(values) - 1, a - 1, -1):
        while best and values[best[-1]] <= values[place]:
            best.pop()
        best.append(place)
        if best[0] > place + width:
            best.popleft()
        found[place - a] = values[best[0]]
    return found


def window_min(values: Sequence[float], a: int, b: int | None) -> list[float]:
    """For each t the smallest of values[t+a … t+b], both ends included; +inf where nothing is there."""
    return [-value for value in window_max([-value for value in values], a, b)]


def until(left: Sequence[float], right: Sequence[float], a: int, b: int | None) -> list[float]:
    """For each t the largest over t' in [t+a, t+b] of min(right[t'], the smallest of left[t … t'−1]).

    With min and max a bounded until is the unbounded one and an eventually: where `right` holds within the window at
    t', and `left` holds up to a later place, it holds up to t' too.
    """
    so_far = -inf
    unbounded = [so_far] * len(right)
    for place in range(len(right) - 1, -1, -1):
        so_far = unbounded[place] = max(right[place], min(left[place], so_far))
    if a > 0:
        before = window_min(left, 0, a - 1)
        unbounded = [
            min(before[place], unbounded[place + a]) if place + a < len(right) else -inf for place in range(len(right))
        ]
    return [min(pair) for pair in zip(unbounded, window_max(right, a, b), strict=True)]
