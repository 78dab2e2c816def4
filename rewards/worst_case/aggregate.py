"""Many judges of one completion, weighted as the most adverse mixture of them would."""

from __future__ import annotations

from collections.abc import Sequence
from math import isinf, nan
from typing import NamedTuple

from .expectation import (
    Divergence,
    RobustExpectation,
    checked_divergence,
    checked_radius,
    mean,
    normalised,
    worst_case_probs,
)


class RobustAggregate(NamedTuple):
    """N completions, J judges.

    Attributes:
        reward: N worst-case scores; NaN where every judge abstained.
        judge_weights: N × J adversary's weights q*; 0 for a judge that abstained.
    """

    reward: list[float]
    judge_weights: list[list[float]]


def robust_judge_aggregate(
    scores: Sequence[Sequence[float | None]], weights: Sequence[float], divergence: Divergence, rho: float
) -> RobustAggregate:
    """Worst-case weighted scores, between the weighted mean (ρ = 0) and the least score (ρ large).

    A judge that abstains (None or NaN) is dropped from its row, and the weights of the rest are renormalised.

    >>> robust_judge_aggregate([[1.0, 0.5], [None, 0.5]], [1.0, 1.0], "tv", 0.5)
    RobustAggregate(reward=[0.5, 0.5], judge_weights=[[0.0, 1.0], [0.0, 1.0]])

    Raises:
        ValueError: as `robust_expectation`, and rows that are not as long as the weights.
    """
    normalised(weights)
    checked_divergence(divergence)
    checked_radius(rho)
    rows = [robust_row(_checked(row, len(weights)), weights, divergence, rho) for row in scores]
    nothing = RobustExpectation(nan, [0.0] * len(weights))
    return RobustAggregate(
        reward=[(row or nothing).value for row in rows],
        judge_weights=[list((row or nothing).worst_case_probs) for row in rows],
    )


def robust_row(
    scores: Sequence[float | None], weights: Sequence[float], divergence: Divergence, rho: float
) -> RobustExpectation | None:
    """The worst case over the judges that said something, with a weight for every judge; None when none did.

    Nothing is checked: scores are finite or None, the parameters those of `robust_expectation`.
    """
    said = [(place, score) for place, score in enumerate(scores) if score is not None]
    given = [weights[place] for place, _ in said]
    if not any(given):
        return None
    values = [score for _, score in said]
    q = worst_case_probs(values, normalised(given), divergence, rho)
    if len(said) == len(scores):
        return RobustExpectation(mean(values, q), q)
    spread = [0.0] * len(scores)
    for (place, _), weight in zip(said, q, strict=True):
        spread[place] = weight
    return RobustExpectation(mean(values, q), spread)


def _checked(row: Sequence[float | None], judges: int) -> list[float | None]:
    """A row of scores with None for NaN."""
    if len(row) != judges:
        raise ValueError(f"a row of scores has {len(row)} judges, weights has {judges}")
    if any(score is not None and isinf(score) for score in row):
        raise ValueError(f"scores are finite numbers, None or NaN, not {list(row)!r}")
    return [None if score is None or score != score else float(score) for score in row]
