"""What claims say most often: that one arm ends above or below another."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .experiment import Result

Holds = Callable[[Mapping[str, Result]], bool]


def above(arm: str, than: str, measure: str, *, share: float = 1.0) -> Holds:
    """Whether an arm ends above that share of what the other has."""
    return lambda results: results[arm].final[measure] > share * results[than].final[measure]


def below(arm: str, than: str, measure: str, *, share: float = 1.0) -> Holds:
    """Whether an arm ends below that share of what the other has."""
    return lambda results: results[arm].final[measure] < share * results[than].final[measure]
