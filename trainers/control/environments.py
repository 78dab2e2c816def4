"""Vector environments of gymnasium and mo-gymnasium, whatever they do when an episode ends, seen in one way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import Env
from gymnasium.vector import AutoresetMode, SyncVectorEnv, VectorEnv

from .tree import Tree, tree_map


@dataclass(frozen=True, eq=False)
class Transition:
    """What a step of E environments led to.

    obs, infos: what the next actions are chosen from. reward: `(E, K)`.
    terminated, truncated, valid: `(E,)`. Where `valid` is False nothing happened: the environment only began anew.
    final_obs: the last observations of the episodes in `cut`, in their order; None if there are none.
    """

    obs: Tree
    infos: dict[str, Any]
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    valid: np.ndarray
    final_obs: Tree

    @property
    def end(self) -> np.ndarray:
        """`(E,)` whether the episode ended, for whatever reason."""
        return self.terminated | self.truncated

    @property
    def cut(self) -> np.ndarray:
        """`(E,)` whether only a limit ended it: what its last state is worth still counts."""
        return self.truncated & ~self.terminated


class Environments:
    """A `gymnasium.vector.VectorEnv`, in any of its three autoreset modes.

    Raises:
        ValueError: `metadata["autoreset_mode"]` is missing, or not one of gymnasium's.
    """

    def __init__(self, env: VectorEnv) -> None:
        try:
            self.mode = AutoresetMode(env.metadata["autoreset_mode"])
        except (KeyError, ValueError, TypeError) as error:
            raise ValueError(
                f"{env} does not say what happens when an episode ends: env.metadata['autoreset_mode'] must be a "
                f"gymnasium.vector.AutoresetMode"
            ) from error
        self.env, self.num_envs = env, int(env.num_envs)
        self.begins_anew = np.zeros(self.num_envs, dtype=bool)

    def reset(self, seed: int | None = None) -> tuple[Tree, dict[str, Any]]:
        """New episodes everywhere: (observations, infos)."""
        self.begins_anew = np.zeros(self.num_envs, dtype=bool)
        return self.env.reset(seed=seed)

    def step(self, action: np.ndarray) -> Transition:
        """One step of all."""
        obs, reward, terminated, truncated, infos = self.env.step(action)
        reward = np.asarray(reward, dtype=np.float64).reshape(self.num_envs, -1)
        valid = ~self.begins_anew
        terminated, truncated = np.asarray(terminated, bool) & valid, np.asarray(truncated, bool) & valid
        end, cut = terminated | truncated, truncated & ~terminated
        final_obs = None
        if cut.any():
            final_obs = _stack(infos["final_obs"][cut]) if self._resets_itself else tree_map(lambda x: x[cut], obs)
        if self.mode is AutoresetMode.NEXT_STEP:
            self.begins_anew = end
        elif self.mode is AutoresetMode.DISABLED and end.any():
            obs, new = self.env.reset(options={"reset_mask": end})
            infos = _updated(infos, new, end)
        return Transition(obs, infos, reward, terminated, truncated, valid, final_obs)

    @property
    def _resets_itself(self) -> bool:
        return self.mode is AutoresetMode.SAME_STEP


class SameStepVectorEnv(SyncVectorEnv):
    """Environments with a reward of K numbers, one after the other, that begin anew in the step that ends an episode.

    >>> import mo_gymnasium
    >>> env = SameStepVectorEnv([lambda: mo_gymnasium.make("deep-sea-treasure-v0")] * 2)
    >>> env.reset(seed=0)[0].shape, env.step([1, 1])[1].shape
    ((2, 2), (2, 2))

    mo-gymnasium's own vector environment spends a step on each new episode. Rewards are as those of `env.unwrapped`,
    whose `reward_space` has shape `(K,)`; of an environment without one they are single numbers.
    """

    def __init__(self, env_fns: Sequence[Callable[[], Env]]) -> None:
        super().__init__(env_fns, autoreset_mode=AutoresetMode.SAME_STEP)
        space = getattr(self.envs[0].unwrapped, "reward_space", None)
        self._rewards = np.zeros((self.num_envs, *(space.shape if space is not None else ())))


def _stack(observations: Sequence[Tree]) -> Tree:
    return tree_map(lambda *leaves: np.stack(leaves), *observations)


def _updated(infos: dict[str, Any], new: dict[str, Any], begun: np.ndarray) -> dict[str, Any]:
    """Infos of the step, but of environments that begin anew those of the reset."""
    merged = dict(infos)
    for name, values in new.items():
        if isinstance(values, np.ndarray) and isinstance(infos.get(name), np.ndarray):
            merged[name] = infos[name].copy()
            merged[name][begun] = values[begun]
        else:
            merged[name] = values
    return merged
