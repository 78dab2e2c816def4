"""Pearson's χ², without a factor ½: χ²(q‖p) = Σ (qᵢ − pᵢ)²/pᵢ. The adversary never leaves the support of p.

    min {E_q v : χ²(q‖p) <= ρ}  =  max_e { e − √((1+ρ) E_p[(e − v)₊²]) },   qᵢ ∝ pᵢ (e − vᵢ)₊
    min_q {E_q v + λ χ²(q‖p)}   =  max_a { E_p[min(v, a)] − Var_p(min(v, a)) / (4λ) }

While no weight reaches 0 the first is mean − √(ρ Var_p v). Both maxima lie where only the values below e (or a) count,
and given which ones those are, e and a are known in closed form; so the values are taken in one by one, from the least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import inf, sqrt
from typing import NamedTuple

from .gaps import on_the_least, share_of_the_least, unit_gaps


def worst_case(values: Sequence[float], p: Sequence[float], rho: float) -> list[float]:
    """Weights that fall in a line with the value, down to 0; all on the least values when the ball holds that.

    >>> [round(q, 4) for q in worst_case([1.0, 0.0, 0.5, 0.9], [0.25] * 4, 0.5)]
    [0.0704, 0.5194, 0.2949, 0.1153]
    """
    gaps = unit_gaps(values, p)
    if share_of_the_least(gaps, p) * (1.0 + rho) >= 1.0:
        return on_the_least(gaps, p)
    edge = inf
    for below in _taken_in(gaps, p):
        excess = below.share * rho - below.above
        if excess > 0.0 and (edge := below.mean + sqrt(below.variance / excess)) <= below.following:
            break
    if edge == inf:
        return list(p)  # a radius next to nothing
    weights = [weight * max(edge - gap, 0.0) for weight, gap in zip(p, gaps, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights]


def penalised(values: Sequence[float], p: Sequence[float], lam: float) -> float:
    """The least of E_q v + λ·χ²(q‖p)."""
    for below in _taken_in(values, p):
        edge = below.mean + 2.0 * lam / below.share
        if edge <= below.following:
            break
    if not below.above:
        return below.mean - below.variance / (4.0 * lam)
    mean = below.share * below.mean + below.above * edge
    variance = below.share * (below.variance + below.above * (edge - below.mean) ** 2)
    return mean - variance / (4.0 * lam)


class _Below(NamedTuple):
    """The values up to some size: the share of p on and above them, their mean and variance, and the next value."""

    share: float
    above: float
    mean: float
    variance: float
    following: float


def _taken_in(values: Sequence[float], p: Sequence[float]) -> Iterator[_Below]:
    """The 1, 2, … least values that carry weight, by Welford's update."""
    order = sorted((value, weight) for value, weight in zip(values, p, strict=True) if weight)
    share = mean = squares = 0.0
    for (value, weight), (following, _) in zip(order, [*order[1:], (inf, 0.0)], strict=True):
        share += weight
        distance = value - mean
        mean += weight / share * distance
        squares += weight * distance * (value - mean)
        yield _Below(share, 0.0 if following == inf else 1.0 - share, mean, squares / share, following)
