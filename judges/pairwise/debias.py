"""From what a judge said about two orders to one probability that does not depend on the order.

    p12   probability that a wins when a is shown first
    p21   probability that b wins when b is shown first
    p_win = (p12 + 1 − p21) / 2               or, of margins s = logit p,  σ( (s12 − s21) / 2 )

A judge that always prefers what it sees first has p12 = p21, and p_win = ½.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Debiased:
    """margin: half the difference of the two margins. p_win: its probability."""

    margin: float
    p_win: float


def p_win_of_orders(p12: float, p21: float) -> float:
    """How probably a wins: the mean of p12 and 1 − p21.

    >>> p_win_of_orders(0.9, 0.9), p_win_of_orders(0.75, 0.25)
    (0.5, 0.75)

    Exchanging a and b turns it into its complement exactly, to the last bit: the winner's probability is computed and
    the loser's subtracted from 1, which is exact above ½.

    Raises:
        ValueError: a probability outside [0, 1].
    """
    require_probabilities(p12=p12, p21=p21)
    winner = 0.5 + abs(p12 - p21) / 2
    return winner if p12 >= p21 else 1.0 - winner


def require_probabilities(**given: float) -> None:
    """Raise ValueError naming the first that is no probability."""
    for name, p in given.items():
        if not 0.0 <= p <= 1.0:
            raise ValueError(f"{name} is a probability, not {p!r}")


def p_win_of_logits(s12: float, s21: float) -> Debiased:
    """The same of margins, s = logit of "what is shown first wins" in each order.

    >>> p_win_of_logits(1.2, -0.4)
    Debiased(margin=0.8, p_win=0.6899744811276125)

    Raises:
        ValueError: a margin that is not finite.
    """
    for name, s in (("s12", s12), ("s21", s21)):
        if not math.isfinite(s):
            raise ValueError(f"{name} is the margin of two logits, not {s!r}")
    margin = (s12 - s21) / 2
    return Debiased(margin, sigmoid(margin))


def sigmoid(x: float) -> float:
    """1 / (1 + e^−x), in the form that does not overflow; σ(−x) is 1 − σ(x) to the last bit.

    >>> sigmoid(0.0), sigmoid(-800.0), sigmoid(800.0)
    (0.5, 0.0, 1.0)
    """
    larger = 1.0 / (1.0 + math.exp(-abs(x)))
    return larger if x >= 0 else 1.0 - larger


def logit(p: float, clip: float = 1e-4) -> float:
    """log p − log(1 − p) of p kept within [clip, 1 − clip]: without the clip it is infinite at 0 and 1.

    >>> logit(0.5), round(logit(0.0), 4), round(logit(1.0), 4)
    (0.0, -9.2102, 9.2102)

    Raises:
        ValueError: a clip outside (0, ½).
    """
    if not 0.0 < clip < 0.5:
        raise ValueError(f"clip={clip}: give the least probability, between 0 and 0.5, such as 1e-4")
    p = min(max(p, clip), 1.0 - clip)
    return math.log(p) - math.log(1.0 - p)
