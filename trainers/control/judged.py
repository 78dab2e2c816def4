"""Rewards of this project on episodes: a judge reads what happened from beginning to end, and its number is paid at
the end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv, VectorWrapper

from ...judges.options import one_of
from .environments import Environments
from .tree import Tree, tree_map

PAID = ("instead", "add", "objective")


@dataclass(frozen=True, eq=False)
class Trace:
    """An episode of L steps, as the environment spoke.

    obs: L + 1 of them, the last one included; arrays with a first axis, or dicts and tuples of such.
    actions: L. rewards: `(L, K)`.
    """

    obs: Tree
    actions: np.ndarray
    rewards: np.ndarray


@dataclass(eq=False)
class _Recording:
    obs: list[Tree]
    actions: list[Any] = field(default_factory=list)
    rewards: list[np.ndarray] = field(default_factory=list)

    def trace(self) -> Trace:
        obs = tree_map(lambda *leaves: np.stack(leaves), *self.obs)
        return Trace(obs, np.stack(self.actions), np.stack(self.rewards))


class JudgedEpisodes(VectorWrapper):
    """A vector environment whose episodes are judged: a reward's number is added to the last step of each.

    @judge(reads="completion")
    def stayed_right(completion):
        return float((completion[:, 0] > 0).mean())

    env = JudgedEpisodes(env, 2 * stayed_right, completion=lambda trace: trace.obs)

    Episodes that end in the same step are one batch for the reward.

    Args:
        reward: a judge, a reward expression or any function in TRL's form: `completions`, and columns by name, to
            numbers.
        completion: what of a `Trace` is the completion; by default all of it.
        columns: more columns of a trace's row.
        paid: "instead" of the environment's rewards, "add" to them (to the only objective), or as an "objective" more,
            the last one.

    Attributes:
        abstained: episodes that the reward had no number for; they are paid 0, with a warning the first time.
    """

    def __init__(
        self,
        env: VectorEnv,
        reward: Callable[..., Any],
        *,
        completion: Callable[[Trace], Any] = lambda trace: trace,
        columns: Callable[[Trace], Mapping[str, Any]] = lambda trace: {},
        paid: str = "instead",
    ) -> None:
        one_of("paid", paid, PAID)
        super().__init__(env)
        self.reward, self.completion, self.columns, self.paid = reward, completion, columns, paid
        self.mode = Environments(env).mode
        self.abstained = 0
        self._begins_anew = np.zeros(self.num_envs, dtype=bool)

    def reset(self, *, seed: Any = None, options: dict[str, Any] | None = None) -> tuple[Tree, dict[str, Any]]:
        """New episodes, in all environments or in those of `options["reset_mask"]`."""
        begun = np.asarray((options or {}).get("reset_mask", np.ones(self.num_envs, dtype=bool)))
        obs, infos = self.env.reset(seed=seed, options=options)
        if begun.all():
            self._recordings = [_Recording([])] * self.num_envs
            self._begins_anew = np.zeros(self.num_envs, dtype=bool)
        for i in np.flatnonzero(begun).tolist():
            self._recordings[i] = _Recording([_row(obs, i)])
        return obs, infos

    def step(self, actions: Any) -> tuple[Tree, np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """A step, with the numbers of the episodes that end in it."""
        obs, given, terminated, truncated, infos = self.env.step(actions)
        rewards = np.asarray(given, dtype=np.float64).reshape(self.num_envs, -1)
        ended = (np.asarray(terminated, bool) | np.asarray(truncated, bool)) & ~self._begins_anew
        resets_itself = self.mode is AutoresetMode.SAME_STEP
        for i, recording in enumerate(self._recordings):
            if self._begins_anew[i]:
                self._recordings[i] = _Recording([_row(obs, i)])
                continue
            recording.actions.append(np.asarray(actions[i]).copy())
            recording.rewards.append(rewards[i].copy())
            recording.obs.append(infos["final_obs"][i] if ended[i] and resets_itself else _row(obs, i))
        paid = np.zeros((self.num_envs, 1))
        if ended.any():
            paid[ended, 0] = self._judge([self._recordings[i].trace() for i in np.flatnonzero(ended)])
        if resets_itself:
            for i in np.flatnonzero(ended).tolist():
                self._recordings[i] = _Recording([_row(obs, i)])
        self._begins_anew = ended & (self.mode is AutoresetMode.NEXT_STEP)
        return obs, self._sum(rewards, paid), terminated, truncated, infos

    def _judge(self, traces: list[Trace]) -> list[float]:
        table = [self.columns(trace) for trace in traces]
        names = table[0].keys()
        columns = {name: [row[name] for row in table] for name in names}
        scores = self.reward(completions=[self.completion(trace) for trace in traces], **columns)
        silent = sum(score is None or not np.isfinite(score) for score in scores)
        if silent and not self.abstained:
            warnings.warn(f"{self.reward!r:.80} had no number for an episode: such are paid 0", stacklevel=3)
        self.abstained += silent
        return [0.0 if score is None or not np.isfinite(score) else float(score) for score in scores]

    def _sum(self, rewards: np.ndarray, paid: np.ndarray) -> np.ndarray:
        match self.paid:
            case "instead":
                return paid[:, 0]
            case "objective":
                return np.concatenate([rewards, paid], axis=1)
        if rewards.shape[1] != 1:
            raise ValueError(f"rewards have {rewards.shape[1]} numbers: which one to add to? Use paid='objective'")
        return (rewards + paid)[:, 0]


def _row(obs: Tree, i: int) -> Tree:
    return tree_map(lambda leaf: np.array(leaf[i]), obs)
