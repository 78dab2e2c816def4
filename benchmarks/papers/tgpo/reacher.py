"""A two-joint arm of MuJoCo whose fingertip is to be at one place and, some time later, at another.

F[0,20] (a >= 0 & F[8,24] (b >= 0)): within 4 cm of A in the first 0.4 s, and of B 0.16 s to 0.48 s after that.
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv
from numpy.typing import NDArray

from ....judges.trajectory.logic import parse

PLACES = {"a": (0.0, 0.18), "b": (-0.15, -0.05)}  # metres; the arm is 0.21 long and begins along the x axis
RADIUS, SAMPLES = 0.04, 46
FORMULA = parse("F[0,20] (a >= 0 & F[8,24] (b >= 0))")


def arms(count: int) -> VectorEnv:
    """gymnasium's Reacher; what it wants to be reached plays no part."""
    return SyncVectorEnv(
        [lambda: gymnasium.make("Reacher-v5", disable_env_checker=True)] * count,
        autoreset_mode=AutoresetMode.DISABLED,
    )


def signals(obs: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """How deep inside each place the fingertip is, and where it is, in decimetres."""
    tip = 10 * (obs[:, 4:6] + obs[:, 8:10])  # a target, and the way from it to the fingertip
    depths = {name: 10 * RADIUS - np.linalg.norm(tip - 10 * np.array(at), axis=1) for name, at in PLACES.items()}
    return {**depths, "x": tip[:, 0], "y": tip[:, 1]}
