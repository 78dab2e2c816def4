"""A judge of two answers from a plain function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..verdict import Verdict
from .pair import Pair
from .pairwise_judge import PairwiseJudge


class PairwiseFunction(PairwiseJudge):
    """Asks `function(prompt, first, second)`, which gets texts.

    >>> def shorter(prompt, first, second):
    ...     return len(first) < len(second)
    >>> PairwiseFunction(shorter).compare("Why?", "so", "because")
    1.0

    It returns the probability that the first is better, True or False, or None to abstain (reason "abstained").
    An answer with which it raises, or returns a number outside [0, 1] ("not a probability"), has lost; where it does so
    with any, it abstains.
    """

    def __init__(self, function: Callable[[str, str, str], Any], *, symmetric: bool = False, name: str = "") -> None:
        if not callable(function):
            raise TypeError(f"a function of (prompt, first, second) is needed, not {type(function).__name__}")
        self.function = function
        self.symmetric = symmetric
        self.name = name or getattr(function, "__name__", type(function).__name__)

    def _first_wins(self, pairs: Sequence[Pair]) -> list[Verdict]:
        return [_lifted(self.function(*pair.texts())) for pair in pairs]


def _lifted(value: Any) -> Verdict:
    if value is None:
        return Verdict(None, "skipped", "abstained")
    if isinstance(value, Verdict):
        return value
    p = float(value)
    if not 0.0 <= p <= 1.0:
        return Verdict(None, "error", "not a probability", {"returned": repr(value)})
    return Verdict(p)
