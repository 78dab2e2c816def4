"""Training by PPO under masks."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....judges.fleet import FleetWorld
from ...control import PPO, Phase, PPOConfig, SameStepVectorEnv
from .environment import FleetEnv
from .policy import CapTAIN

DECISIONS = 275  # of a day of FleetWorld.mini(), about
CONFIG = PPOConfig(
    n_steps=DECISIONS,
    gamma=0.99,
    clip=0.2,
    value_coef=0.5,
    entropy_coef=0.005,
    policy=Phase(epochs=4, minibatch=256, lr=1e-3),
    anneal=True,
)


def captain_ppo(
    world: FleetWorld | None = None,
    *,
    config: PPOConfig = CONFIG,
    environments: int = 8,
    masked: bool = True,
    seed: int = 0,
    **policy: Any,
) -> PPO:
    """A learner with its policy and its environments.

    captain_ppo(seed=1).learn(100_000).policy

    Args:
        masked: False for the ablation where nobody knows what is allowed and a forbidden flight is a stay.
        policy: settings of `CapTAIN`.
    """
    world = world or FleetWorld.mini()
    env = SameStepVectorEnv([lambda: FleetEnv(world, masked=masked)] * environments)
    return PPO(env, CapTAIN(world, seed=seed, **policy), config, mask_fn=allowed, seed=seed)


def allowed(observations: dict[str, np.ndarray], infos: dict[str, Any]) -> np.ndarray:
    """`(E, N)` the masks that the environments show."""
    return observations["mask"].astype(bool)
