"""Preferences on a grid, what a front is worth to them, and which of its policies serves each."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .points import Points, as_points, as_weights

EVALUATION_STEP = {2: 0.01, 3: 0.1}
EVALUATION_STEP_OF_MANY = 0.5


def simplex_grid(m: int, delta: float) -> Points:
    """All weight vectors of m parts k/n with n = round(1/delta), first part slowest: `(C(n+m−1, m−1), m)`.

    >>> simplex_grid(2, 0.5).tolist()
    [[0.0, 1.0], [0.5, 0.5], [1.0, 0.0]]

    Counted in integers: steps of floating-point numbers that are asked whether they sum to 1 lose points.

    Raises:
        ValueError: m below 1 or delta outside (0, 1].
    """
    if m < 1:
        raise ValueError(f"m={m}: give at least 1 objective")
    if not 0 < delta <= 1:
        raise ValueError(f"delta={delta}: give a step above 0 and at most 1")
    n = round(1 / delta)
    bars = np.array(list(combinations(range(n + m - 1), m - 1)), dtype=np.int64)
    bars = bars.reshape(math.comb(n + m - 1, m - 1), m - 1)
    edges = np.column_stack([np.full(len(bars), -1), bars, np.full(len(bars), n + m - 1)])
    return (np.diff(edges, axis=1) - 1) / n


def initial_weights(m: int, delta: float) -> Points:
    """The weights that stage 1 trains a policy for, `(k, m)`: the grid; with delta=1 one objective each."""
    return simplex_grid(m, delta)


def evaluation_weights(m: int) -> Points:
    """The weights that expected utility is averaged over: steps of 0.01, 0.1 and 0.5 for m = 2, 3 and more."""
    return simplex_grid(m, EVALUATION_STEP.get(m, EVALUATION_STEP_OF_MANY))


def expected_utility(objs: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Mean over weight vectors of the best weighted value that a policy of the front has.

    >>> expected_utility([[1, 5], [2, 4], [4, 1]], simplex_grid(2, 0.5))
    4.0

    weights: `(k, m)`; None is `evaluation_weights(m)`.

    Raises:
        ValueError: no policy, a number that is not finite, or weights that are none.
    """
    points = _some(objs)
    m = points.shape[1]
    vectors = as_weights(evaluation_weights(m) if weights is None else weights, m)
    return float((vectors @ points.T).max(1).mean())


def sparsity(objs: ArrayLike) -> float:
    """Σ over objectives of the squared gaps between sorted neighbours, over n − 1; 0 with fewer than two points.

    >>> sparsity([[1, 5], [2, 4], [4, 1]])
    7.5

    Smaller is better. Trap: filter first, dominated points change it.
    """
    points = as_points(objs)
    if len(points) < 2:
        return 0.0
    gaps = np.diff(np.sort(points, axis=0), axis=0)
    return float((gaps**2).sum() / (len(points) - 1))


def assign_policy(objs: ArrayLike, weights: ArrayLike) -> NDArray[np.intp]:
    """For each weight vector the row with the greatest weighted value, the first of equal ones: `(k,)`.

    >>> assign_policy([[1, 5], [2, 4], [4, 1]], [[1, 0], [0.4, 0.6]]).tolist()
    [2, 0]

    weights: `(k, m)`, or one vector `(m,)`.

    Raises:
        ValueError: no policy, a number that is not finite, or weights that are none.
    """
    points = _some(objs)
    return (as_weights(weights, points.shape[1]) @ points.T).argmax(1)


def _some(objs: ArrayLike) -> Points:
    points = as_points(objs)
    if not len(points):
        raise ValueError("objs is empty: there is no policy to choose from")
    return points
