"""From a predicted flow to the poses of a gripper: the object is rigid and held, so each step is a rigid fit.

f_t(T_t) = Σ_i w_i(t) ‖T_t k_i − k̂_i(t)‖²      E_t = T_t E_0      A_t = T_t T_{t−1}⁻¹, T_0 = I
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ....judges.flow import rigid_transform
from ....judges.flow.rigid import Floats

FEWEST = 3  # points that say how something is turned


@dataclass(frozen=True, eq=False)
class Chunk:
    """An action chunk of T steps.

    Attributes:
        object_transforms: `(T, 4, 4)` T_t, relative to the first frame.
        ee_poses: `(T, 4, 4)` E_t, poses of the gripper in the camera's frame.
        world_deltas: `(T, 4, 4)` A_t, what to move by from the step before, from the left.
        residual: `(T,)` f_t, a sum of squares.
        underdetermined: `(T,)` whether fewer than three points were known: then the step only translates.
    """

    object_transforms: Floats
    ee_poses: Floats
    world_deltas: Floats
    residual: Floats
    underdetermined: NDArray[np.bool_]

    @classmethod
    def of(cls, transforms: Floats, grasp: Floats, residual: Floats, underdetermined: NDArray[np.bool_]) -> Chunk:
        """From the object's transforms and the grasp pose E_0."""
        before = np.concatenate([np.eye(4)[None], transforms[:-1]])
        return cls(transforms, transforms @ grasp, transforms @ _inverse(before), residual, underdetermined)


def action_chunk(
    keypoints: ArrayLike, flow: ArrayLike, grasp_pose: ArrayLike, weights: ArrayLike | None = None
) -> Chunk:
    """The poses that carry the keypoints onto the flow, in closed form.

    keypoints: `(N, 3)` of the object at the start. flow: `(T, N, 3)` where they are to be. grasp_pose: `(4, 4)`.
    weights: `(T, N)`, 0 where a point is hidden; a point that is not finite has none.

    Raises:
        ValueError: shapes that do not belong together, no steps or points, a negative weight.
    """
    k, target, w = checked(keypoints, flow, weights)
    grasp = np.asarray(grasp_pose, np.float64)
    if grasp.shape != (4, 4):
        raise ValueError(f"grasp_pose is a (4, 4) matrix, not {grasp.shape}")
    few = (w > 0).sum(1) < FEWEST
    fits = [_step(k, to, row, bool(alone)) for to, row, alone in zip(target, w, few, strict=True)]
    transforms = np.stack([matrix for matrix, _ in fits])
    return Chunk.of(transforms, grasp, np.array([residual for _, residual in fits]), few)


def flow_objective(transforms: Tensor, keypoints: Tensor, flow: Tensor, weights: Tensor | None = None) -> Tensor:
    """Σ_t f_t, with a gradient by the transforms `(T, 4, 4)`, the last row of which has no part in it.

    keypoints: `(N, 3)`. flow: `(T, N, 3)`. weights: `(T, N)`; a point that is not finite has none.
    """
    known = flow.isfinite().all(-1) & keypoints.isfinite().all(-1)
    k, target = keypoints.nan_to_num(0, 0, 0), torch.where(known[..., None], flow, 0.0)  # a NaN's gradient is NaN
    moved = k @ transforms[:, :3, :3].transpose(1, 2) + transforms[:, None, :3, 3]
    w = known.to(flow.dtype) if weights is None else torch.where(known, weights, 0.0)
    return (w * ((moved - target) ** 2).sum(-1)).sum()


def checked(keypoints: ArrayLike, flow: ArrayLike, weights: ArrayLike | None) -> tuple[Floats, Floats, Floats]:
    """Keypoints `(N, 3)`, flow `(T, N, 3)` and weights `(T, N)` that are 0 where a point is not finite.

    Raises:
        ValueError: they do not belong together.
    """
    k, target = np.asarray(keypoints, np.float64), np.asarray(flow, np.float64)
    if k.ndim != 2 or k.shape[1] != 3 or target.ndim != 3 or target.shape[1:] != k.shape or not target.size:
        raise ValueError(f"keypoints are (N, 3) and flow (T, N, 3), T and N at least 1, not {k.shape}, {target.shape}")
    w = np.ones(target.shape[:2]) if weights is None else np.asarray(weights, np.float64)
    if w.shape != target.shape[:2] or not np.isfinite(w).all() or not (w >= 0).all():
        raise ValueError(f"weights are {target.shape[:2]} numbers, 0 or more")
    return k, target, np.where(np.isfinite(target).all(2) & np.isfinite(k).all(1), w, 0.0)


def _step(k: Floats, target: Floats, w: Floats, translate: bool) -> tuple[Floats, float]:
    if not translate:
        fit = rigid_transform(k, target, w)
        return fit.matrix, fit.residual
    matrix, known = np.eye(4), w > 0
    if known.any():
        moved = target[known] - k[known]
        matrix[:3, 3] = w[known] @ moved / w.sum()
        return matrix, float(w[known] @ ((moved - matrix[:3, 3]) ** 2).sum(1))
    return matrix, 0.0


def _inverse(transforms: Floats) -> Floats:
    """Of rigid transforms `(T, 4, 4)`."""
    back = np.tile(np.eye(4), (len(transforms), 1, 1))
    back[:, :3, :3] = transforms[:, :3, :3].transpose(0, 2, 1)
    back[:, :3, 3] = -(back[:, :3, :3] @ transforms[:, :3, 3:])[..., 0]
    return back
