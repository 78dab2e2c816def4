"""Other ways to the same worst cases: a search of the simplex that knows only the divergence, and the dual maxima."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

DIVERGENCES = ("tv", "kl", "chi2")
Array = NDArray[np.float64]


def divergence(q: Array, p: Array, kind: str) -> Array:
    """D(q, p) along the last axis, for p > 0."""
    if kind == "tv":
        return 0.5 * np.abs(q - p).sum(-1)
    if kind == "chi2":
        return ((q - p) ** 2 / p).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0.0).sum(-1)


def primal(v: Sequence[float], p: Sequence[float], kind: str, rho: float) -> float:
    """min {E_q v : D(q, p) <= ρ} for three values: in every direction as far as ball and simplex allow."""
    values, weights = np.array(v), np.array(p)

    def reached(angles: Array) -> Array:
        plane = np.array([[1, -1, 0], [1, 1, -2]]) / np.sqrt([[2], [6]])
        directions = np.cos(angles)[:, None] * plane[0] + np.sin(angles)[:, None] * plane[1]
        near, far = np.zeros(len(angles)), np.full(len(angles), 2.0)
        for _ in range(60):
            middle = 0.5 * (near + far)
            q = weights + middle[:, None] * directions
            inside = (q >= 0).all(-1) & (divergence(np.maximum(q, 0.0), weights, kind) <= rho)
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        return (weights + near[:, None] * directions) @ values

    center, width = math.pi, math.pi
    for _ in range(8):
        angles = np.linspace(center - width, center + width, 201)
        worth = reached(angles)
        center, width = angles[worth.argmin()], width / 30
    return float(worth.min())


def dual(v: Sequence[float], p: Sequence[float], kind: str, rho: float) -> float:
    """The same from the one-dimensional dual, maximised by brute force; p > 0."""
    values, weights = np.array(v), np.array(p)
    low = values.min()
    if kind == "tv":
        return max(float(weights @ np.minimum(values, a) - rho * (a - low)) for a in values)
    if kind == "kl":
        return max(low, _maximum(lambda b: -b * np.log(weights @ np.exp(-(values - low) / b)) - b * rho + low))
    return _maximum(lambda e: (low + e) - math.sqrt((1 + rho) * (weights @ np.maximum(low + e - values, 0.0) ** 2)))


def priced(worst_case: Callable[[float], float], lam: float) -> float:
    """min_q {E_q v + λ D(q, p)} as the best radius: the worst case in the ball, and λ for each unit of it."""
    return -_maximum(lambda rho: -(worst_case(rho) + lam * rho), grid=300)


def _maximum(f: Callable[[float], float], grid: int = 2000) -> float:
    """The greatest value of a function of a positive number that rises and then falls."""
    points = np.geomspace(1e-9, 1e5, grid)
    best = int(np.argmax([f(point) for point in points]))
    low, high = points[max(best - 1, 0)], points[min(best + 1, grid - 1)]
    for _ in range(100):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (left, high) if f(left) < f(right) else (low, right)
    return float(f(0.5 * (low + high)))
