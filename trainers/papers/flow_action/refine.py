"""Action chunks under penalties: the closed form is where the search begins, and what it returns without any.

minimise over T_t in SE(3)      Σ_t [ Σ_i w_i(t) ‖T_t k_i − k̂_i(t)‖²  +  λ_s ‖log(T_{t−1}⁻¹ T_t)‖²
                                      + λ_c Σ_j max(0, margin − sdf(T_t p_j))²  +  λ_b ‖E_t outside of the box‖² ]

Each T_t is searched for as T_t⁰ exp(ξ_t) about the centre of the keypoints, in float64: about the camera, turning and
moving would be nearly the same thing for an object far away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from ....judges.options import finite
from .chunk import Chunk, action_chunk, checked, flow_objective

Distance = Callable[[Tensor], Tensor]
NEAR = 1e-4  # of sin²(θ/2), below which a series is exact to all digits


@dataclass(frozen=True, eq=False)
class SE3ActionChunkOptimizer:
    """Refines an action chunk by L-BFGS.

    Attributes:
        smoothness: λ_s; radians and metres of a step count alike.
        collision: λ_c, with `sdf`: `(M, 3)` -> `(M,)` metres from the nearest obstacle, negative inside, in torch.
        obstacle_points: `(M, 3)` points of the object that must stay clear; by default its keypoints.
        margin: metres to stay clear by.
        box: λ_b, with `low` and `high`, `(3,)` each: where the gripper can reach.
        iterations: the most steps of L-BFGS.

    Raises:
        ValueError: a negative weight, or one without what it weighs.
    """

    smoothness: float = 0.0
    collision: float = 0.0
    box: float = 0.0
    sdf: Distance | None = None
    obstacle_points: ArrayLike | None = None
    margin: float = 0.01
    low: ArrayLike | None = None
    high: ArrayLike | None = None
    iterations: int = 100

    def __post_init__(self) -> None:
        for name in ("smoothness", "collision", "box", "margin"):
            if finite(getattr(self, name), name) < 0:
                raise ValueError(f"{name}={getattr(self, name)}: give 0 or more")
        if self.collision and self.sdf is None:
            raise ValueError("collision needs sdf, the distance from the obstacles")
        if self.box and (self.low is None or self.high is None):
            raise ValueError("box needs low and high, the corners of where the gripper can reach")

    def __call__(
        self,
        keypoints: ArrayLike,
        flow: ArrayLike,
        grasp_pose: ArrayLike,
        weights: ArrayLike | None = None,
        start: ArrayLike | None = None,
    ) -> Chunk:
        """The refined chunk; arguments as `action_chunk` takes them, with residuals of the flow alone.

        start: `(T, 4, 4)` transforms to begin with instead of the closed form.
        """
        closed = action_chunk(keypoints, flow, grasp_pose, weights)
        if start is None and not (self.smoothness or self.collision or self.box):
            return closed
        begin = closed.object_transforms if start is None else np.asarray(start, np.float64)
        if begin.shape != closed.object_transforms.shape:
            raise ValueError(f"start is {closed.object_transforms.shape}, not {begin.shape}")
        k, target, w = checked(keypoints, flow, weights)
        there = np.isfinite(k).all(1)
        if not there.any():
            return closed
        parts = (k[there], target[:, there], w[:, there], np.asarray(grasp_pose, np.float64))
        fixed = _Problem(self, *map(torch.from_numpy, parts))
        transforms = fixed.solve(torch.from_numpy(begin.copy()))
        return Chunk.of(transforms.numpy(), parts[-1], fixed.misses(transforms).numpy(), closed.underdetermined)


@dataclass(frozen=True, eq=False)
class _Problem:
    options: SE3ActionChunkOptimizer
    keypoints: Tensor
    flow: Tensor
    weights: Tensor
    grasp: Tensor

    def solve(self, begin: Tensor) -> Tensor:
        there = torch.eye(4, dtype=torch.float64)
        there[:3, 3] = self.keypoints.mean(0)
        back = torch.linalg.inv(there)
        size = (self.keypoints - self.keypoints.mean(0)).square().sum(1).mean().sqrt().clamp(min=1e-6)
        unit = torch.cat([1 / size.expand(3), torch.ones(3, dtype=torch.float64)])  # turning by one moves points by one
        twists = torch.zeros(len(begin), 6, dtype=torch.float64, requires_grad=True)
        search = torch.optim.LBFGS(
            [twists],
            max_iter=self.options.iterations,
            tolerance_grad=1e-9,
            tolerance_change=1e-13,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def moved() -> Tensor:
            return begin @ there @ exponential(twists * unit) @ back

        def cost() -> float:
            search.zero_grad()
            value = self.cost(moved())
            value.backward()
            return value.item()

        search.step(cost)
        return moved().detach()

    def cost(self, transforms: Tensor) -> Tensor:
        given = self.options
        value = flow_objective(transforms, self.keypoints, self.flow, self.weights)
        if given.smoothness:
            value = value + given.smoothness * path_cost(transforms)
        if given.collision and given.sdf is not None:
            body = self.keypoints if given.obstacle_points is None else _tensor(given.obstacle_points)
            places = body @ transforms[:, :3, :3].transpose(1, 2) + transforms[:, None, :3, 3]
            clear = given.sdf(places.reshape(-1, 3))
            value = value + given.collision * (given.margin - clear).clamp(min=0).square().sum()
        if given.box and given.low is not None and given.high is not None:
            hands = (transforms @ self.grasp)[:, :3, 3]
            outside = (_tensor(given.low) - hands).clamp(min=0) + (hands - _tensor(given.high)).clamp(min=0)
            value = value + given.box * outside.square().sum()
        return value

    def misses(self, transforms: Tensor) -> Tensor:
        """`(T,)` f_t."""
        steps = zip(transforms, self.flow, self.weights, strict=True)
        return torch.stack([flow_objective(one[None], self.keypoints, to[None], w[None]) for one, to, w in steps])


def path_cost(transforms: Tensor) -> Tensor:
    """Σ_t ‖log(T_{t−1}⁻¹ T_t)‖² of `(T, 4, 4)`, T_0 = I: how far it goes, in steps that are as even as can be."""
    before = torch.cat([torch.eye(4, dtype=transforms.dtype)[None], transforms[:-1]])
    turn = before[:, :3, :3].transpose(1, 2) @ transforms[:, :3, :3]
    shift = (before[:, :3, :3].transpose(1, 2) @ (transforms[:, :3, 3:] - before[:, :3, 3:]))[..., 0]
    return squared_twist(turn, shift).sum()


def squared_twist(rotation: Tensor, translation: Tensor) -> Tensor:
    """`(T,)` ‖ω‖² + ‖v‖² of the twist whose exponential has this rotation `(T, 3, 3)` and translation `(T, 3)`.

    With h = sin²(θ/2) and κ = θ² / 4h: ‖ω‖² = 4hκ, and v is the translation, stretched by √κ across the axis. Smooth at
    θ = 0, where an axis and its gradient would not be; θ stays below half a turn.
    """
    h = ((3 - rotation.diagonal(dim1=-2, dim2=-1).sum(-1)) / 4).clamp(max=1 - 1e-9)
    small = h < NEAR
    safe = torch.where(small, 0.5, h)
    series = 1 + h / 3 + 8 * h**2 / 45 + 4 * h**3 / 35
    stretch = torch.where(small, series, torch.asin(safe.sqrt()) ** 2 / safe)
    along = torch.where(small, series_along(h), (stretch - 1) / (4 * safe * (1 - safe)))
    skew = (rotation - rotation.transpose(-1, -2)) / 2
    axis = torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1)  # times sin θ
    across = stretch * translation.square().sum(-1) - along * (axis * translation).sum(-1).square()
    return 4 * h * stretch + across


def series_along(h: Tensor) -> Tensor:
    """(κ − 1) / sin²θ near 0."""
    return (1 / 3 + 8 * h / 45 + 4 * h**2 / 35) / (4 * (1 - h))


def exponential(twists: Tensor) -> Tensor:
    """`(T, 4, 4)` of twists `(T, 6)`: turning first, in radians about x, y and z, then moving."""
    x, y, z = (twists[:, i] for i in range(3))
    zero = torch.zeros_like(x)
    rows = [
        torch.stack([zero, -z, y, twists[:, 3]], -1),
        torch.stack([z, zero, -x, twists[:, 4]], -1),
        torch.stack([-y, x, zero, twists[:, 5]], -1),
        torch.stack([zero, zero, zero, zero], -1),
    ]
    found: Tensor = torch.linalg.matrix_exp(torch.stack(rows, 1))
    return found


def _tensor(value: ArrayLike) -> Tensor:
    return torch.as_tensor(np.asarray(value, np.float64))
