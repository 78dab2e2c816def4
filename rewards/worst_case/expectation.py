"""The least mean that a distribution near p can give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite, nan
from numbers import Real
from typing import Literal, NamedTuple, get_args

from . import chi2, kl, tv

Divergence = Literal["tv", "kl", "chi2"]

_WORST_CASE: dict[Divergence, Callable[..., list[float]]] = {
    "tv": tv.worst_case,
    "kl": kl.worst_case,
    "chi2": chi2.worst_case,
}
_PENALISED: dict[Divergence, Callable[..., float]] = {
    "tv": tv.penalised,
    "kl": kl.penalised,
    "chi2": chi2.penalised,
}


class RobustExpectation(NamedTuple):
    """A worst case.

    Attributes:
        value: E_q* v, the least mean in the ball.
        worst_case_probs: q*, which is also the derivative of the value by each v (where there is one).
    """

    value: float
    worst_case_probs: list[float]


def robust_expectation(
    values: Sequence[float], probs: Sequence[float] | None, divergence: Divergence, rho: float
) -> RobustExpectation:
    """min {E_q v : D(q, p) <= ρ}, exact up to rounding: between the mean (ρ = 0) and the least value (ρ large).

    >>> robust_expectation([1.0, 0.0, 0.5, 0.9], None, "tv", 0.2).value
    0.4

    The three balls: TV(q, p) = ½ Σ |q − p|, KL(q‖p) = Σ q ln(q/p), χ²(q‖p) = Σ (q − p)²/p. Under "tv" the adversary may
    also use values with p = 0; under the others those do not count. `probs` are divided by their sum; None means equal
    ones. Where several q attain the least mean, mass leaves the value that comes first and goes to the one that comes
    first ("tv"), or stays shared as in p ("kl", "chi2").

    Raises:
        ValueError: no values, values that are not finite, weights that are negative or all 0, a negative radius.
    """
    values, p = _checked(values, probs)
    q = worst_case_probs(values, p, checked_divergence(divergence), checked_radius(rho))
    return RobustExpectation(mean(values, q), q)


def robust_regularised(
    values: Sequence[float], probs: Sequence[float] | None, divergence: Divergence, lam: float
) -> float:
    """min_q {E_q v + λ·D(q, p)}: the ball replaced by a price for leaving p.

    >>> round(robust_regularised([1.0, 0.0, 0.5, 0.9], None, "tv", 0.3), 4)
    0.225

    Raises:
        ValueError: as `robust_expectation`, and a price that is not a finite number above 0.
    """
    values, p = _checked(values, probs)
    if not (isfinite(lam) and lam > 0.0):
        raise ValueError(f"lam is the price of leaving probs, a finite number above 0, not {lam!r}")
    return _PENALISED[checked_divergence(divergence)](values, p, lam)


def worst_case_probs(values: Sequence[float], p: Sequence[float], divergence: Divergence, rho: float) -> list[float]:
    """q*, with nothing checked: values are finite, p sums to 1, ρ >= 0."""
    return _WORST_CASE[divergence](values, p, rho) if rho else list(p)


def mean(values: Sequence[float], q: Sequence[float]) -> float:
    """E_q v, kept between the least and the greatest value, which rounding could leave."""
    total = sum(weight * value for weight, value in zip(q, values, strict=True))
    return min(max(total, min(values)), max(values))


def _checked(values: Sequence[float], probs: Sequence[float] | None) -> tuple[list[float], list[float]]:
    """Values and weights as plain numbers, the weights over their sum."""
    plain = [nan if value is None else float(value) for value in values]
    if not plain:
        raise ValueError("values is empty: a worst case is taken over at least one value")
    if not all(map(isfinite, plain)):
        raise ValueError(f"values must be finite numbers, not {plain!r}; leave out what is missing")
    if probs is None:
        return plain, [1.0 / len(plain)] * len(plain)
    if len(probs) != len(plain):
        raise ValueError(f"probs has {len(probs)} weights for {len(plain)} values")
    return plain, normalised(list(map(float, probs)))


def normalised(weights: Sequence[float]) -> list[float]:
    """The weights over their sum; they are finite, not negative and not all 0."""
    total = sum(weights)
    if not isfinite(total) or total <= 0.0 or any(weight < 0.0 for weight in weights):
        raise ValueError(f"probs are finite weights >= 0 with a sum above 0, not {list(weights)!r}")
    return [weight / total for weight in weights]


def checked_divergence(divergence: Divergence) -> Divergence:
    """One of the three."""
    if divergence not in get_args(Divergence):
        raise ValueError(f"divergence is 'tv', 'kl' or 'chi2', not {divergence!r}")
    return divergence


def checked_radius(rho: float) -> float:
    """A number >= 0; infinity means that every distribution is in the ball."""
    if not isinstance(rho, Real) or not rho >= 0.0:
        raise ValueError(f"rho is the radius of the ball, a number >= 0, not {rho!r}")
    return rho
