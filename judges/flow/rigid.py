"""The rigid motion that carries one cloud of points onto another (Arun, Huang and Blostein 1987; Kabsch 1976).

H = A_cᵀ W B_c      U S Vᵀ = svd(H)      R = V diag(1, 1, det V Uᵀ) Uᵀ      t = mean_B − R mean_A      a ↦ R a + t
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
DEGENERATE = 1e-12  # relative to the coordinates, or to the largest singular value


@dataclass(frozen=True, eq=False)
class Rigid:
    """a ↦ R a + t.

    rotation: `(3, 3)`, determinant 1. translation: `(3,)`. residual: Σ_i w_i ‖R a_i + t − b_i‖², no root.
    """

    rotation: Floats
    translation: Floats
    residual: float

    @property
    def matrix(self) -> Floats:
        """`(4, 4)`, homogeneous."""
        return homogeneous(self.rotation, self.translation)

    def __call__(self, points: ArrayLike) -> Floats:
        """`(…, 3)` points, moved."""
        moved: Floats = np.asarray(points, np.float64) @ self.rotation.T + self.translation
        return moved


def rigid_transform(source: ArrayLike, target: ArrayLike, weights: ArrayLike | None = None) -> Rigid:
    """The rigid motion from source to target that minimises the weighted sum of squares; never a reflection.

    >>> turn = rigid_transform([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [[1, 0, 0], [1, 1, 0], [0, 0, 0]])
    >>> turn([0.5, 0, 0]).round(6).tolist()
    [1.0, 0.5, 0.0]

    A point that is not finite on either side has weight 0; without any weight the motion is the identity. Where a cloud
    is a single point the rotation is the identity, and where it is a line the smallest one that turns it.

    source, target: `(N, 3)`. weights: `(N,)`, not negative; by default 1.

    Raises:
        ValueError: other shapes, no points, a negative weight.
    """
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    if a.shape != b.shape or a.ndim != 2 or a.shape[1] != 3 or not len(a):
        raise ValueError(f"source and target are (N, 3) each, N at least 1, not {a.shape} and {b.shape}")
    w = np.ones(len(a)) if weights is None else np.asarray(weights, np.float64)
    if w.shape != (len(a),) or not (w >= 0).all() or not np.isfinite(w).all():
        raise ValueError(f"weights are {len(a)} numbers, 0 or more")
    kept = (w > 0) & np.isfinite(a).all(1) & np.isfinite(b).all(1)
    if not kept.any():
        return Rigid(np.eye(3), np.zeros(3), 0.0)
    a, b, w = a[kept], b[kept], w[kept]
    share = w / w.sum()
    mean_a, mean_b = share @ a, share @ b
    a_c, b_c = a - mean_a, b - mean_b
    spread = all(np.abs(c).max() > DEGENERATE * np.abs(x).max() for c, x in ((a_c, a), (b_c, b)))
    rotation = _rotation((a_c * share[:, None]).T @ b_c) if spread else np.eye(3)
    residual = float(w @ ((a_c @ rotation.T - b_c) ** 2).sum(1))
    return Rigid(rotation, mean_b - rotation @ mean_a, residual)


def rigidity(flow: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Root of the mean square that is left when each step is fitted by a rigid motion of the first one; in metres.

    A flow for which this is large is no motion of a rigid object, and no action of a gripper can bring it about. What
    is left is Σ w (‖a_c‖² + ‖b_c‖²) − 2 (s₁ + s₂ ± s₃), of all steps at once: exact to about 1e-8 of the object's size.

    flow: `(T, N, 3)`. weights: `(T, N)`. NaN where nothing has weight.
    """
    points = np.asarray(flow, np.float64)
    w = np.ones(points.shape[:2]) if weights is None else np.asarray(weights, np.float64)
    w = np.where(np.isfinite(points).all(2) & np.isfinite(points[0]).all(1), w, 0.0)
    total = w.sum(1, keepdims=True)
    if not total.any():
        return float("nan")
    points = np.where(w[..., None] > 0, points, 0.0)
    first = np.where(w[..., None] > 0, np.nan_to_num(np.asarray(flow, np.float64)[0]), 0.0)
    share = w / np.where(total > 0, total, 1.0)
    a, b = (x - (share[..., None] * x).sum(1, keepdims=True) for x in (first, points))
    covariance = np.einsum("tn,tni,tnj->tij", w, a, b)
    sizes = np.linalg.svd(covariance, compute_uv=False)
    sizes[:, 2] *= np.sign(np.linalg.det(covariance))
    squares = (w * (a**2 + b**2).sum(2)).sum(1) - 2 * sizes.sum(1)
    return float(np.sqrt(np.maximum(squares, 0.0).sum() / total.sum()))


def homogeneous(rotation: Floats, translation: Floats) -> Floats:
    """`(4, 4)` of `(3, 3)` and `(3,)`."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = rotation, translation
    return matrix


def _rotation(covariance: Floats) -> Floats:
    u, sizes, vt = np.linalg.svd(covariance)
    if sizes[0] == 0:  # the clouds do not say anything about each other
        return np.eye(3)
    if sizes[1] <= DEGENERATE * sizes[0]:
        return _shortest(u[:, 0], vt[0])
    v = vt.T.copy()
    if np.linalg.det(v @ u.T) < 0:
        v[:, -1] *= -1
    rotation: Floats = v @ u.T
    return rotation


def _shortest(start: Floats, end: Floats) -> Floats:
    """The smallest rotation from one unit vector to another: two reflections, which lose no digits at any angle."""
    half = start + end
    if half @ half < 1e-16:  # opposite: half a turn about anything across
        half = np.cross(start, np.eye(3)[np.abs(start).argmin()])
    return _reflection(half) @ _reflection(start)


def _reflection(normal: Floats) -> Floats:
    mirror: Floats = np.eye(3) - 2 * np.outer(normal, normal) / (normal @ normal)
    return mirror
