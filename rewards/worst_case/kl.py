"""Kullback and Leibler, the adversary first: KL(q‖p) = Σ qᵢ ln(qᵢ/pᵢ). It never leaves the support of p.

min {E_q v : KL(q‖p) <= ρ}  =  max_{b>0} { −b ln E_p[exp(−v/b)] − bρ },   qᵢ ∝ pᵢ exp(−vᵢ/b)
min_q {E_q v + λ KL(q‖p)}   =  −λ ln E_p[exp(−v/λ)]
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1, inf, log, log1p, sqrt
from operator import mul

from .gaps import on_the_least, share_of_the_least, unit_gaps

ITERATIONS = 200  # about five are needed; a bisection over nearly all floats would need so many
ROUNDING = 4e-16  # of one operation; a divergence is the small difference of two such numbers


def worst_case(values: Sequence[float], p: Sequence[float], rho: float) -> list[float]:
    """The tilted weights whose divergence is ρ; all on the least values when these carry at least e^−ρ of p.

    >>> [round(q, 4) for q in worst_case([1.0, 0.0, 0.5, 0.9], [0.25] * 4, 0.1)]
    [0.1462, 0.4376, 0.253, 0.1632]
    """
    gaps = unit_gaps(values, p)
    if share_of_the_least(gaps, p) >= exp(-rho):
        return on_the_least(gaps, p)
    return _tilted(gaps, p, _tilt(gaps, p, rho))


def penalised(values: Sequence[float], p: Sequence[float], lam: float) -> float:
    """The least of E_q v + λ·KL(q‖p)."""
    least = min(value for value, weight in zip(values, p, strict=True) if weight)
    return least - lam * _log_mean_exp([(value - least) / lam for value in values], p, 1.0)


def _tilt(gaps: Sequence[float], p: Sequence[float], rho: float) -> float:
    """The t = 1/b at which KL(t) = ρ, by Newton's method on √KL, which is nearly a line at first, in a bracket.

    With q ∝ p·exp(−t·gap):  KL(t) = −t·E_q[gap] − ln E_p[exp(−t·gap)]  and  KL'(t) = t·Var_q(gap) >= 0.
    """
    low, high = 0.0, inf
    t = sqrt(2.0 * rho / _moments(gaps, p)[1])
    for _ in range(ITERATIONS):
        mean, variance = _moments(gaps, _tilted(gaps, p, t))
        divergence = max(-t * mean - _log_mean_exp(gaps, p, t), 0.0)
        if abs(divergence - rho) <= ROUNDING * (rho + t * mean):
            break
        low, high = (t, high) if divergence < rho else (low, t)
        slope = t * variance
        t -= 2.0 * (divergence - sqrt(divergence * rho)) / slope if slope else t
        if not low < t < high:
            t = 0.5 * (low + high) if high < inf else 4.0 * low
    return t


def _tilted(gaps: Sequence[float], p: Sequence[float], t: float) -> list[float]:
    """q ∝ p·exp(−t·gap)."""
    weights = [weight * exp(-t * gap) for weight, gap in zip(p, gaps, strict=True)]
    total = sum(weights)
    return [weight / total for weight in weights]


def _moments(gaps: Sequence[float], q: Sequence[float]) -> tuple[float, float]:
    """Mean and variance of the gap."""
    mean = sum(map(mul, q, gaps))
    return mean, sum([weight * (gap - mean) ** 2 for weight, gap in zip(q, gaps, strict=True)])


def _log_mean_exp(gaps: Sequence[float], p: Sequence[float], t: float) -> float:
    """ln E_p[exp(−t·gap)], exact to the last digits also where it is nearly 0."""
    below = sum([weight * expm1(-t * gap) for weight, gap in zip(p, gaps, strict=True) if weight])
    if below > -0.5:
        return log1p(below)
    return log(sum([weight * exp(-t * gap) for weight, gap in zip(p, gaps, strict=True) if weight]))
