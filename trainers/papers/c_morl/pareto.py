"""Which policies nobody beats, and how alone each of them is on the front."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .points import Points, as_points, as_reference


def pareto_indices(objs: ArrayLike, ref_point: ArrayLike) -> NDArray[np.intp]:
    """Rows at or above the reference that no row dominates, sorted by the first objective, ascending and stable.

    >>> pareto_indices([[1, 5], [2, 4], [2, 3], [4, 1], [0, 6]], ref_point=[0, 0]).tolist()
    [4, 0, 1, 3]

    A row dominates another when it is at least as good in every objective and better in one: duplicates both stay.

    Raises:
        ValueError: a shape that does not fit, or a number that is not finite.
    """
    reference = as_reference(ref_point)
    points = as_points(objs, len(reference))
    kept = np.flatnonzero((points >= reference).all(1) & ~dominated(points))
    return kept[np.argsort(points[kept, 0], kind="stable")]


def dominated(points: Points) -> NDArray[np.bool_]:
    """`(n,)` whether some other row is at least as good everywhere and better somewhere."""
    beaten = np.zeros(len(points), dtype=bool)
    for i, point in enumerate(points):
        beaten[i] = ((points >= point).all(1) & (points > point).any(1)).any()
    return beaten


def crowding_distance(objs: ArrayLike) -> Points:
    """How far the neighbours of each row are, over the range of the front, summed over objectives: `(n,)`.

    >>> crowding_distance([[0, 6], [1, 5], [2, 4], [4, 1]]).round(2).tolist()
    [inf, 0.9, 1.55, inf]

    Both ends of every objective are infinitely far from anything. An objective in which all are equal adds nothing to
    the others.
    """
    points = as_points(objs)
    distance = np.zeros(len(points))
    for column in points.T:
        order = np.argsort(column, kind="stable")
        ranked = column[order]
        width = ranked[-1] - ranked[0]
        if width > 0:
            distance[order[1:-1]] += (ranked[2:] - ranked[:-2]) / width
        distance[order[[0, -1]]] = np.inf
    return distance
