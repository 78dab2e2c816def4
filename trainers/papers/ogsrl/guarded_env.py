"""The model as a vector environment with rewards (r, c, o), in which leaving the support is never worth it."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ....judges.options import one_of
from .guard import PENALTY_REWARD
from .records import Model, Support

Leaving = Literal["freeze", "exit", "ignore"]


class GuardedEnv(VectorEnv):
    """E patients of a fitted model. A reward has three numbers: reward, cost, and 1 where the support was left.

    leaving:
        "freeze": the paper's. From the first step outside to the horizon the state stays, and every step has the
            penalties and o = 1. Where the record that was looked up is a last one, the episode ends with one penalty.
        "exit": the episode ends with it, o = 1 once, so that J_o is the probability of leaving.
        "ignore": nothing happens, and o = 0: the policy is optimised in the model as it is.

    Actions are what the policy gives: numbers of actions, or clipped vectors. Episodes are cut at the horizon, and what
    the last state is worth still counts.

    Args:
        starts: recorded first states, `(m, S)` or `(m,)`; each episode draws one.
        support: the guardian; None with "ignore".
        flagged: `(n,)` records that are themselves outside, so that landing on one leaves the support.

    Raises:
        ValueError: "freeze" or "exit" without a guardian, a penalty cost below 0.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP}  # noqa: RUF012 - gymnasium's

    def __init__(
        self,
        model: Model,
        starts: NDArray,
        *,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        support: Support | None = None,
        flagged: NDArray | None = None,
        leaving: Leaving = "freeze",
        num_envs: int = 32,
        horizon: int = 20,
        penalty_reward: float = PENALTY_REWARD,
        penalty_cost: float = 1.0,
        reward_clip: tuple[float, float] | None = None,
    ) -> None:
        one_of("leaving", leaving, get_args(Leaving))
        if (support is None) != (leaving == "ignore"):
            raise ValueError(f"leaving={leaving!r} {'needs' if support is None else 'has no use for'} a guardian")
        if penalty_cost < 0:
            raise ValueError(f"penalty_cost={penalty_cost}: a cost is 0 or more")
        self.num_envs, self.horizon, self.leaving = num_envs, horizon, leaving
        self.model, self.starts, self.support, self.flagged = model, np.asarray(starts), support, flagged
        self.penalty_reward, self.penalty_cost, self.reward_clip = penalty_reward, penalty_cost, reward_clip
        self.single_observation_space, self.single_action_space = observation_space, action_space
        self.observation_space = batch_space(observation_space, num_envs)
        self.action_space = batch_space(action_space, num_envs)
        self.reward_space = spaces.Box(-np.inf, np.inf, (3,))
        self.rng = np.random.default_rng()

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray, dict[str, Any]]:
        """New episodes everywhere."""
        if seed is not None:
            self.rng = np.random.default_rng(seed)
        self.state = self._first(self.num_envs)
        self.time = np.zeros(self.num_envs, np.int64)
        self.frozen = np.zeros(self.num_envs, np.bool_)
        return self.state.copy(), {}

    def step(self, action: NDArray) -> tuple[NDArray, NDArray, NDArray, NDArray, dict[str, Any]]:
        """One step of all."""
        found = self.model.look_up(self.state, action, self.rng)
        records = self.model.records
        left = self.frozen | self._leaves(action, found)
        terminal = records.terminal[found] & ~self.frozen
        reward = records.reward[found] if self.reward_clip is None else records.reward[found].clip(*self.reward_clip)
        rewards = np.stack([reward, records.cost[found], np.zeros(self.num_envs)], axis=1)
        rewards[left] = self.penalty_reward, self.penalty_cost, 1.0
        if self.leaving == "exit":
            terminal = terminal | left
        else:
            self.frozen = left & ~terminal
        stays = self.frozen if self.state.ndim == 1 else self.frozen[:, None]
        self.state = np.where(stays, self.state, records.next_state[found])
        self.time += 1
        truncated = (self.time >= self.horizon) & ~terminal
        return self._begun(terminal | truncated), rewards, terminal, truncated, self._infos

    def _leaves(self, action: NDArray, found: NDArray[np.int64]) -> NDArray[np.bool_]:
        if self.support is None:
            return np.zeros(self.num_envs, np.bool_)
        outside = self.support.outside(self.state, action)
        return outside if self.flagged is None else outside | self.flagged[found]

    def _begun(self, ended: NDArray[np.bool_]) -> NDArray:
        """The observations, of new episodes where one ended; what it ended with is in the infos."""
        final = np.full(self.num_envs, None, dtype=object)
        for place in np.flatnonzero(ended):
            final[place] = self.state[place].copy()
        self._infos = {"final_obs": final, "_final_obs": ended} if ended.any() else {}
        self.state[ended] = self._first(int(ended.sum()))
        self.time[ended], self.frozen[ended] = 0, False
        return self.state.copy()

    def _first(self, count: int) -> NDArray:
        return self.starts[self.rng.integers(len(self.starts), size=count)].copy()
