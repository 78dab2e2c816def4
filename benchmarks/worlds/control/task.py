"""Tasks, and how everybody learns them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import gymnasium
from gymnasium.vector import AutoresetMode, SyncVectorEnv

FRESH = 100
"""Added to every seed: settings were chosen on smaller ones."""


@dataclass(frozen=True)
class Task:
    """An environment, and PPO's settings for it, the same for both projects.

    environments, n_steps: side by side, and steps of each between updates. normalise: observations and rewards.
    """

    make: Callable[[], gymnasium.Env]
    environments: int = 8
    n_steps: int = 256
    minibatch: int = 256
    epochs: int = 10
    lr: float = 3e-4
    gamma: float = 0.99
    lam: float = 0.95
    normalise: bool = True

    def vector(self) -> SyncVectorEnv:
        """gymnasium's environments one after the other."""
        return SyncVectorEnv([self.make] * self.environments, autoreset_mode=AutoresetMode.SAME_STEP)


def cartpole() -> gymnasium.Env:
    """Balance a pole."""
    return gymnasium.make("CartPole-v1", disable_env_checker=True)


def double_pendulum() -> gymnasium.Env:
    """Balance two poles, one on the other."""
    return gymnasium.make("InvertedDoublePendulum-v5", disable_env_checker=True)


def hopper() -> gymnasium.Env:
    """Hop."""
    return gymnasium.make("Hopper-v5", disable_env_checker=True)


def pendulum() -> gymnasium.Env:
    """Swing up with a weak motor."""
    return gymnasium.make("Pendulum-v1", disable_env_checker=True)


CARTPOLE = Task(cartpole, n_steps=128, lr=1e-3, gamma=0.98, lam=0.9, normalise=False)
DOUBLE_PENDULUM = Task(double_pendulum)
HOPPER = Task(hopper)
