"""The volume that a front dominates: exact slicing of our own up to four objectives, pymoo's algorithm above."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from .pareto import dominated
from .points import Points, as_points, as_reference

SLICED = 4  # slicing costs n^(m-1); above this pymoo's dimension sweep is worth its import


def hypervolume(objs: ArrayLike, ref_point: ArrayLike) -> float:
    """Lebesgue measure of the union of the boxes from the reference to each point, everything maximised.

    >>> hypervolume([[1, 5], [2, 4], [4, 1]], ref_point=[0, 0])
    11.0

    Points that are not above the reference in every objective add nothing, nor do dominated ones.

    Raises:
        ValueError: a shape that does not fit, or a number that is not finite.
        ImportError: more than four objectives without pymoo.
    """
    reference = as_reference(ref_point)
    above = as_points(objs, len(reference)) - reference
    above = above[(above > 0).all(1)]
    if not len(above):
        return 0.0
    above = np.unique(above[~dominated(above)], axis=0)
    return _sliced(above) if len(reference) <= SLICED else _pymoo(above)


def _sliced(points: Points) -> float:
    """Volume of the union of the boxes [0, p]: slabs of the last objective, each over the points that reach it."""
    if points.shape[1] == 1:
        return float(points.max())
    order = np.argsort(-points[:, -1], kind="stable")
    points = points[order]
    thickness = points[:, -1] - np.append(points[1:, -1], 0.0)
    if points.shape[1] == 2:
        return float(thickness @ np.maximum.accumulate(points[:, 0]))
    reached = np.flatnonzero(thickness > 0)
    return float(sum(thickness[k] * _sliced(points[: k + 1, :-1]) for k in reached))


def _pymoo(points: Points) -> float:
    try:
        from pymoo.indicators.hv import HV
    except ImportError as error:
        raise ImportError(
            f"the hypervolume of more than {SLICED} objectives is pymoo's: pip install 'jurybox[control]'"
        ) from error
    return float(HV(ref_point=np.zeros(points.shape[1]))(-points))  # it minimises
