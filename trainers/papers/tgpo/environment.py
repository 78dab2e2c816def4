"""A vector environment whose observations say which times were chosen, and whose reward is that of the stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.spaces import Box, flatdim
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from ....judges.trajectory.logic import Formula, robustness
from .stages import Floats, Ints, Schedule, Stages
from .times import Choice

Signals = Callable[[NDArray[Any]], Mapping[str, NDArray[Any]]]  # observations (E, …) to each signal, (E,)
Choose = Callable[[Floats], Sequence[Choice]]  # first observations (N, D) to N choices
SOON = 10.0  # samples that are 1 in the observation of what is left until the next subgoal


class GroundedEnv(VectorEnv):
    """Episodes of `samples` samples on which a formula is to hold.

    An observation is the environment's own, with t/T, the times of the variables over T, the stage (one of so many),
    the samples that are left until the next subgoal, and the alternative where there are several. Where an episode
    ends, `infos["robustness"]` is ρ(formula, 0) on its real trajectory, NaN elsewhere; −inf where the environment ended
    it before the formula could be decided.

    Args:
        env: of flat Box observations, in autoreset mode DISABLED; its own time limit must not be shorter.
        formula: what is judged at the end.
        stages: of the formula's alternatives; the reward.
        signals: what the formula speaks of, read off the observations.
        choose: the times of episodes that begin.

    Raises:
        ValueError: another autoreset mode or space, or signals that the formula needs are missing.
    """

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}  # noqa: RUF012 - gymnasium's own form

    def __init__(
        self, env: VectorEnv, formula: Formula, stages: Stages, signals: Signals, samples: int, choose: Choose
    ) -> None:
        if AutoresetMode(env.metadata.get("autoreset_mode")) is not AutoresetMode.DISABLED:
            raise ValueError("the environment must leave new episodes to who asks: autoreset_mode DISABLED")
        space = env.single_observation_space
        if not isinstance(space, Box) or len(space.shape) != 1:
            raise ValueError(f"observations are a flat Box, not {space}: wrap the environment")
        self.env, self.formula, self.stages, self.signals = env, formula, stages, signals
        self.samples, self.choose = samples, choose
        self.num_envs = env.num_envs
        count = len(stages.alternatives)
        self.more = 2 + stages.variables + stages.subgoals + 1 + (count if count > 1 else 0)
        self.single_observation_space = Box(-np.inf, np.inf, (flatdim(space) + self.more,), np.float64)
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.single_action_space, self.action_space = env.single_action_space, env.action_space
        self.t: Ints = np.zeros(self.num_envs, dtype=np.int64)
        self.choices: list[Choice] = []

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Floats, dict[str, Any]]:
        """New episodes, everywhere or where `options["reset_mask"]` is true, with times of their own."""
        fresh = np.ones(self.num_envs, dtype=bool) if options is None else np.array(options["reset_mask"], bool)
        obs, infos = self.env.reset(seed=seed, options=options)  # gymnasium's own takes the mask out of the options
        obs = np.asarray(obs, dtype=np.float64)
        chosen = list(self.choose(obs[fresh]))
        self._values = self.stages.values(self.signals(obs))
        if options is None:
            self.choices, self.schedule = chosen, self.stages.schedule(chosen)
            self._trace = {name: np.full((self.samples, self.num_envs), np.nan) for name in self.signals(obs)}
        else:
            self.schedule.put(fresh, self.stages.schedule(chosen))
            for row, choice in zip(np.flatnonzero(fresh), chosen, strict=True):
                self.choices[row] = choice
        self.t[fresh] = 0
        self._record(obs, fresh)
        return self.augmented(obs, self.t, self.schedule, self.choices), infos

    def step(self, actions: Any) -> tuple[Floats, Floats, NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One sample further; the episode is over with the last one, which the observation's t/T knows."""
        obs, _, terminated, truncated, infos = self.env.step(actions)
        obs = np.asarray(obs, dtype=np.float64)
        before, self._values = self._values, self.stages.values(self.signals(obs))
        reward = self.stages.reward(self.schedule, self.t, before, self._values)
        self.t += 1
        self._record(obs, np.ones(self.num_envs, dtype=bool))
        last = self.t == self.samples - 1
        if (truncated & ~last).any():
            raise ValueError(
                f"the environment's own time limit ends episodes after {int(self.t[truncated][0])} steps, "
                f"before {self.samples} samples"
            )
        end = last | terminated
        infos = {**infos, "robustness": self._judged(end, last)}
        return (
            self.augmented(obs, self.t, self.schedule, self.choices),
            reward,
            end,
            np.zeros_like(end),
            infos,
        )

    def augmented(self, obs: Floats, t: Ints, schedule: Schedule, choices: Sequence[Choice]) -> Floats:
        """(N, D + more): observations with the times and how far they are."""
        rows, stages = len(obs), self.stages
        times = np.zeros((rows, stages.variables))
        for row, (_, chosen) in enumerate(choices):
            times[row, : len(chosen)] = list(chosen.values())
        parts = [obs, t[:, None] / self.samples, times / self.samples]
        parts += [np.eye(stages.subgoals + 1)[schedule.stage(t)], schedule.ahead(t)[:, None] / SOON]
        if len(stages.alternatives) > 1:
            parts.append(np.eye(len(stages.alternatives))[[number for number, _ in choices]])
        return np.concatenate(parts, axis=1)

    def traces(self) -> dict[str, Floats]:
        """(T, E): the signals of the present episodes, NaN after their present sample."""
        return self._trace

    def close(self, **kwargs: Any) -> None:
        """Close the environment."""
        self.env.close(**kwargs)

    def _record(self, obs: Floats, rows: NDArray[np.bool_]) -> None:
        for name, values in self.signals(obs).items():
            self._trace[name][self.t[rows], rows] = np.asarray(values)[rows]

    def _judged(self, end: NDArray[np.bool_], last: NDArray[np.bool_]) -> Floats:
        """ρ(formula, 0) of the episodes that end."""
        found = np.full(self.num_envs, np.nan)
        for row in np.flatnonzero(end):
            count = self.samples if last[row] else int(self.t[row]) + 1
            signals = {name: values[:count, row].tolist() for name, values in self._trace.items()}
            rho = robustness(self.formula, signals, short_trace="error")
            found[row] = -np.inf if rho is None else rho[0]
        return found
