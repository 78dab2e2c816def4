"""How good a policy is: whole episodes, without learning."""

from __future__ import annotations

import numpy as np
import torch
from gymnasium.vector import VectorEnv

from .environments import Environments
from .policy import ActorCritic
from .rollout import MaskFn, possible_actions
from .tree import as_tensors


@torch.no_grad()
def evaluate(
    env: VectorEnv,
    policy: ActorCritic,
    episodes: int,
    *,
    gamma: float = 1.0,
    greedy: bool = True,
    seed: int = 0,
    mask_fn: MaskFn | None = None,
    max_steps: int = 1_000_000,
) -> np.ndarray:
    """`(episodes, K)` discounted returns.

    Every environment plays the same number of episodes, the first ones one more if they do not divide: counting the
    first to end would prefer short ones.

    Raises:
        RuntimeError: `max_steps` of every environment were not enough.
    """
    environments, generator = Environments(env), torch.Generator().manual_seed(seed)
    E, device = environments.num_envs, policy.device
    quota = np.array([episodes // E + (i < episodes % E) for i in range(E)])
    total, discount = np.zeros((E, policy.K)), np.ones((E, 1))
    returns: list[np.ndarray] = []
    obs, infos = environments.reset(seed)
    for _ in range(max_steps):
        if not quota.any():
            return np.array(returns).reshape(-1, policy.K)
        mask = possible_actions(mask_fn, environments, obs, infos, device)
        dist = policy.make(policy.params(as_tensors(obs, device)), mask)
        step = environments.step(policy.to_env(dist.mode() if greedy else dist.sample(generator)))
        total += discount * step.reward
        discount = np.where(step.valid[:, None], discount * gamma, discount)
        for i in np.flatnonzero(step.end):
            if quota[i]:
                returns.append(total[i].copy())
                quota[i] -= 1
            total[i], discount[i] = 0.0, 1.0
        obs, infos = step.obs, step.infos
    raise RuntimeError(f"{int(quota.sum())} of {episodes} episodes did not end within {max_steps} steps")
