"""A point in the plane that is moved by up to 0.2 a step along each axis, and three discs to visit in order.

F[0,25] (a & F[5,20] (b & F[5,25] d)): reach A within 25 steps, from there B after 5 to 20, from there D after 5 to 25.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ....judges.trajectory.logic import parse

DISCS = {"a": (2.0, 1.0), "b": (0.5, 2.5), "d": (-1.5, 0.0)}
RADIUS, STRIDE, SAMPLES = 0.4, 0.2, 71
FORMULA = parse("F[0,25] (a >= 0 & F[5,20] (b >= 0 & F[5,25] (d >= 0)))")
EARLIEST = 8  # A is that many steps away at full speed: earlier times are not tried


class Plane(VectorEnv):
    """Points that begin near the origin. Observations are their places, halved; episodes do not end by themselves."""

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own form

    def __init__(self, num_envs: int) -> None:
        self.num_envs = num_envs
        self.single_observation_space = Box(-np.inf, np.inf, (2,), np.float64)
        self.single_action_space = Box(-1.0, 1.0, (2,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.place = np.zeros((num_envs, 2))

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[NDArray[Any], dict[str, Any]]:
        """Places drawn anew, everywhere or where `options["reset_mask"]` is true."""
        if seed is not None:
            self._np_random = np.random.default_rng(seed)
        rows = np.ones(self.num_envs, dtype=bool) if options is None else np.asarray(options["reset_mask"])
        self.place[rows] = 0.1 * self.np_random.standard_normal((int(rows.sum()), 2))
        return self.place / 2, {}

    def step(self, actions: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Move; no reward of its own."""
        self.place = self.place + STRIDE * np.clip(actions, -1.0, 1.0)
        never = np.zeros(self.num_envs, dtype=bool)
        return self.place / 2, np.zeros(self.num_envs), never, never.copy(), {}


def signals(obs: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """How deep inside each disc a point is, below 0 outside; and where it is."""
    place = 2 * obs[:, :2]
    depths = {name: RADIUS - np.linalg.norm(place - np.array(centre), axis=1) for name, centre in DISCS.items()}
    return {**depths, "x": place[:, 0], "y": place[:, 1]}
