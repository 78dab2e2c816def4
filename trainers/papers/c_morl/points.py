"""Objective vectors as functions of them expect: `(n, m)` float64, one row a policy, larger is better everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Points = NDArray[np.float64]

WEIGHT_TOLERANCE = 1e-6  # of the sum of a weight vector


def as_points(objs: ArrayLike, m: int | None = None) -> Points:
    """`(n, m)`; an empty list is `(0, m)`.

    Raises:
        ValueError: the shape is another, or a number is not finite (an objective that nobody could measure).
    """
    points = np.asarray(objs, dtype=np.float64)
    if points.size == 0:
        return np.zeros((0, points.shape[1] if points.ndim == 2 and m is None else m or 0))
    if points.ndim != 2 or (m is not None and points.shape[1] != m):
        raise ValueError(f"objs must be (n, {m or 'm'}), one row a policy, not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("objs has a number that is not finite: leave out what could not be measured")
    return points


def as_reference(ref_point: ArrayLike) -> Points:
    """`(m,)`, finite."""
    reference = np.asarray(ref_point, dtype=np.float64)
    if reference.ndim != 1 or not len(reference):
        raise ValueError(f"ref_point must be (m,), a number for each objective, not {reference.shape}")
    if not np.isfinite(reference).all():
        raise ValueError("ref_point has a number that is not finite")
    return reference


def as_weights(weights: ArrayLike, m: int) -> Points:
    """`(k, m)` weight vectors; one vector `(m,)` is `(1, m)`.

    Raises:
        ValueError: the shape is another, a weight is negative, or a vector does not sum to 1.
    """
    vectors = np.atleast_2d(np.asarray(weights, dtype=np.float64))
    if vectors.ndim != 2 or vectors.shape[1] != m:
        raise ValueError(f"weights must be (k, {m}) or ({m},), a number for each objective, not {np.shape(weights)}")
    if not (vectors >= 0).all() or (abs(vectors.sum(1) - 1) > WEIGHT_TOLERANCE).any():
        raise ValueError("weights must not be negative and must sum to 1, each vector of them")
    return vectors
