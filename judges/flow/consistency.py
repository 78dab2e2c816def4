"""How far two flows are apart.

e[t, i] = ‖P[t, i] − Q[t, i]‖      ADE = Σ v e / Σ v      FDE: the same at the last step      score = exp(−ADE / τ)
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike


class Consistency(NamedTuple):
    """ade, fde: metres, NaN where nothing is visible. score: in [0, 1], None where nothing is visible at all."""

    ade: float
    fde: float
    score: float | None


def flow_consistency(
    predicted: ArrayLike, executed: ArrayLike, visibility: ArrayLike | None = None, tau: float = 0.05
) -> Consistency:
    """The mean distance of two flows, at their last step, and a score of it.

    >>> flow_consistency([[[0, 0, 1.0]]], [[[0, 0, 1.1]]]).score.__round__(4)
    0.1353

    predicted, executed: `(T, N, 3)` metres. visibility: `(T, N)` weights; a point that is not finite has none. tau: the
    distance at which the score is 1/e; best a share of the object's size.

    Raises:
        ValueError: shapes that differ, no steps or points, a negative visibility, a tau that is not positive.
    """
    p, q = np.asarray(predicted, np.float64), np.asarray(executed, np.float64)
    if p.shape != q.shape or p.ndim != 3 or p.shape[2] != 3 or not p.size:
        raise ValueError(f"two flows are (T, N, 3) each, T and N at least 1, not {p.shape} and {q.shape}")
    v = np.ones(p.shape[:2]) if visibility is None else np.asarray(visibility, np.float64)
    if v.shape != p.shape[:2] or not (v >= 0).all() or not np.isfinite(v).all():
        raise ValueError(f"visibility is {p.shape[:2]} numbers, 0 or more")
    if not (tau > 0 and math.isfinite(tau)):
        raise ValueError(f"tau={tau}: give a distance above 0")
    with np.errstate(invalid="ignore", over="ignore"):
        errors = np.linalg.norm(p - q, axis=2)
    v = np.where(np.isfinite(p).all(2) & np.isfinite(q).all(2), v, 0.0)
    errors = np.where(v > 0, errors, 0.0)
    ade, fde = (_mean(errors[steps], v[steps]) for steps in (slice(None), slice(-1, None)))
    return Consistency(ade, fde, None if math.isnan(ade) else math.exp(-ade / tau))


def _mean(errors: np.ndarray, weights: np.ndarray) -> float:
    total = float(weights.sum())
    return float((weights * errors).sum() / total) if total else math.nan
