"""What TGPO is compared with: the same PPO that hears of the formula at the end only.

It is told which discs it has been in, instead of times, and earns 5·clip(ρ, −1, 1) after the last step.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from gymnasium.spaces import Box
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ....judges.trajectory.logic import Formula, robustness
from ....trainers.control import ActorCritic
from ....trainers.papers.tgpo.environment import Signals


class TerminalEnv(VectorEnv):
    """Episodes of `samples` samples; observations are the environment's, t/T, and which signals were ever above 0."""

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own form

    def __init__(self, env: VectorEnv, formula: Formula, signals: Signals, samples: int) -> None:
        self.env, self.formula, self.signals, self.samples = env, formula, signals, samples
        self.names, self.num_envs = sorted(formula.names), env.num_envs
        width = env.single_observation_space.shape[0] + 1 + len(self.names)  # type: ignore[index]
        self.single_observation_space = Box(-np.inf, np.inf, (width,), np.float64)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.single_action_space, self.action_space = env.single_action_space, env.action_space

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[NDArray[Any], dict[str, Any]]:
        """All episodes are equally long, so all begin together."""
        obs, infos = self.env.reset(seed=seed, options=options)
        self.t = 0
        self.seen: list[NDArray[Any]] = []
        return self._seen(obs), infos

    def step(self, actions: Any) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """One sample further."""
        obs, _, _, _, infos = self.env.step(actions)
        self.t += 1
        observed, last = self._seen(obs), self.t == self.samples - 1
        end = np.full(self.num_envs, last)
        rho = self._robustness() if last else np.zeros(self.num_envs)
        infos = {**infos, "robustness": rho}
        return observed, 5.0 * np.clip(rho, -1.0, 1.0), end, np.zeros_like(end), infos

    def _seen(self, obs: NDArray[Any]) -> NDArray[Any]:
        values = self.signals(obs)
        self.seen.append(np.stack([values[name] for name in self.names], axis=1))
        visited = np.max(self.seen, axis=0) >= 0.0
        return np.concatenate([obs, np.full((self.num_envs, 1), self.t / self.samples), visited], axis=1)

    def _robustness(self) -> NDArray[Any]:
        trace = np.stack(self.seen)  # (T, E, names)
        found = []
        for row in range(self.num_envs):
            one = {name: trace[:, row, place].tolist() for place, name in enumerate(self.names)}
            rho = robustness(self.formula, one, short_trace="error")
            found.append(-np.inf if rho is None else rho[0])
        return np.asarray(found)


@torch.no_grad()
def success(env: TerminalEnv, policy: ActorCritic, seed: int) -> float:
    """The share of episodes, one an environment, in which the likeliest actions satisfy the formula."""
    obs, infos = env.reset(seed=seed)
    for _ in range(env.samples - 1):
        params = policy.params(torch.as_tensor(obs, dtype=torch.get_default_dtype()))
        obs, _, _, _, infos = env.step(policy.to_env(policy.make(params).mode()))
    return float((infos["robustness"] >= 0.0).mean())
