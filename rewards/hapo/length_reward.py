"""HAPO's terms of one response: its length against the history's, and how much it repeats itself.

    f(n, h) = cos( π/2 · min(n/h, 2) )                1 at n = 0, 0 at n = h, -1 from n = 2h on
    r_len   = 0                                       without a history
            = max(c, f)  if right,  min(0, f)  if wrong

linear, with a tolerance t:

    r_len   = 1 − n/h                                 right and n < h
            = max(c, −(n − (1+t)h)/h)                 right and n >= (1+t)h
            = max(−1, −(n − (1+t)h)/h)                wrong and n >= (1+t)h;  else 0
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from math import cos, isfinite, pi
from typing import Literal, get_args

from ...judges.options import finite

Kind = Literal["cosine", "linear"]


def length_reward(
    n: float,
    h: float | None,
    right: bool,
    kind: Kind = "cosine",
    *,
    w: float = 1.0,
    c: float = -0.7,
    tolerance: float = 0.1,
) -> float:
    """w · r_len of a response of n tokens to a problem whose history is h (None or 0: nothing to compare with).

    >>> [round(length_reward(n, 100, True), 4) for n in (50, 100, 120, 400)]
    [0.7071, 0.0, -0.309, -0.7]
    >>> [round(length_reward(n, 100, False), 4) for n in (50, 100, 120, 400)]       # short and wrong is not rewarded
    [0.0, 0.0, -0.309, -1.0]

    Raises:
        ValueError: n is negative or no number, or a setting is outside its range (see `check_length_settings`).
    """
    check_length_settings(kind, w, c, tolerance)
    if not (isfinite(n) and n >= 0):
        raise ValueError(f"n is a number of tokens, 0 or more, not {n!r}")
    if h is None or h <= 0:
        return 0.0
    return w * (_cosine(n / h, right, c) if kind == "cosine" else _linear(n, h, right, c, tolerance))


def _cosine(ratio: float, right: bool, c: float) -> float:
    f = cos(pi / 2 * min(ratio, 2.0))
    return max(c, f) if right else min(0.0, f)


def _linear(n: float, h: float, right: bool, c: float, tolerance: float) -> float:
    free = (1 + tolerance) * h
    if n >= free:
        return max(c if right else -1.0, -(n - free) / h)
    return 1 - n / h if right and n < h else 0.0


def repetition_penalty(tokens: Sequence[Hashable], ngram_size: int = 3, penalty: float = -0.1) -> float:
    """penalty · share of the tokens that lie in an n-gram seen before; 0 for a response shorter than one n-gram.

    >>> repetition_penalty("abcabcd", penalty=-0.7)                 # "abc" the second time: 3 of 7
    -0.3

    N-grams overlap, and the first of a kind marks nothing.

    Raises:
        ValueError: a positive penalty, or an n-gram of no tokens.
    """
    check_repetition_settings(ngram_size, penalty)
    if not penalty:
        return 0.0
    seen: set[tuple[Hashable, ...]] = set()
    marked = 0
    end = 0  # of what is marked so far
    for start in range(len(tokens) - ngram_size + 1):
        ngram = tuple(tokens[start : start + ngram_size])
        if ngram in seen:
            marked += start + ngram_size - max(end, start)
            end = start + ngram_size
        seen.add(ngram)
    return penalty * (marked / len(tokens)) if marked else 0.0


def check_length_settings(kind: str, w: float, c: float, tolerance: float) -> None:
    """Raise ValueError unless w >= 0, -1 <= c <= 0, tolerance >= 0 and the kind is known."""
    if kind not in get_args(Kind):
        raise ValueError(f"kind must be 'cosine' or 'linear', not {kind!r}")
    if finite(w, "w") < 0:
        raise ValueError(f"w must be 0 (no length reward) or more, not {w!r}")
    if not -1 <= finite(c, "c") <= 0:
        raise ValueError(f"c, the least length reward of a right answer, must be in [-1, 0], not {c!r}")
    if finite(tolerance, "tolerance") < 0:
        raise ValueError(f"tolerance must be 0 or more, not {tolerance!r}")


def check_repetition_settings(ngram_size: int, penalty: float) -> None:
    """Raise ValueError unless ngram_size >= 1 and penalty <= 0."""
    if ngram_size < 1:
        raise ValueError(f"ngram_size must be at least 1, not {ngram_size!r}")
    if finite(penalty, "repetition_penalty") > 0:
        raise ValueError(f"repetition_penalty must be 0 (none) or negative, not {penalty!r}")
