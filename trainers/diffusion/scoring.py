"""The numbers of completions, from our own layer: judges, rewards, and TRL reward functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from types import SimpleNamespace
from typing import Any

import torch
from accelerate.utils import gather_object
from torch import Tensor

from ...judges import Judge
from ...rewards import Function, Reward, as_reward
from ..seam.ahead import look_ahead
from ..seam.reward_state import RewardStates
from .prompts import columns_of


def reward_of(given: Any) -> Reward:
    """One reward of a reward, a judge, or a TRL reward function; the sum of several.

    Raises:
        TypeError, ValueError: none of these, or an empty list.
    """
    if isinstance(given, (list, tuple)):
        if not given:
            raise ValueError("reward_funcs is empty: what shall be learnt?")
        first, *rest = map(reward_of, given)
        return sum(rest, first)
    if isinstance(given, (Reward, Judge)) or not callable(given):
        return as_reward(given)
    return Function(given)


class Scoring:
    """A reward to learn from, and others that are only looked at.

    A completion is whatever the velocity's `decode` gives: a judge that reads it says `reads="completion"`.
    """

    def __init__(
        self, reward_funcs: Any, monitors: Mapping[str, Any] | None, dataset: Sequence[Mapping[str, Any]]
    ) -> None:
        self.reward = reward_of(reward_funcs)
        self.monitors = {name: reward_of(given).named(name) for name, given in (monitors or {}).items()}
        self.states = RewardStates([self.reward], [self.reward.name], gather_object)
        look_ahead((self.reward, *self.monitors.values()), dataset)

    def score(self, rows: Sequence[Mapping[str, Any]], completions: Sequence[Any], rollout: int) -> Scores:
        """Judge this process's rows; every process calls it. States are committed with what all of them observed."""
        scores = Scores()
        with self.states.deferred():
            scores.rewards = _numbers(self.reward, rows, completions, rollout, scores.note)
            self.states.settle(training=True)
        for name, monitor in self.monitors.items():
            scores.monitored[name] = _numbers(monitor, rows, completions, rollout, scores.note)
        return scores


class Scores:
    """What one process's completions are worth; NaN where nobody could tell.

    Attributes:
        rewards: `(B,)` float64. monitored: the same by monitor. metrics: what parts said, by name.
    """

    def __init__(self) -> None:
        self.rewards = torch.zeros(0, dtype=torch.float64)
        self.monitored: dict[str, Tensor] = {}
        self.metrics: dict[str, float] = {}

    def note(self, name: str, value: float) -> None:
        """`log_metric` of TRL's protocol."""
        self.metrics[name] = value

    def means(self) -> dict[str, float]:
        """`metrics` as means over the processes that have them; every process calls it."""
        shares: list[dict[str, float]] = gather_object([self.metrics])
        names = dict.fromkeys(name for share in shares for name in share)
        return {name: fmean(share[name] for share in shares if name in share) for name in names}


def _numbers(
    reward: Reward,
    rows: Sequence[Mapping[str, Any]],
    completions: Sequence[Any],
    rollout: int,
    log_metric: Callable[[str, float], None],
) -> Tensor:
    columns: dict[str, Any] = columns_of(rows)
    given = reward(
        [row["prompt"] for row in rows],
        list(completions),
        log_metric=log_metric,
        trainer_state=SimpleNamespace(global_step=rollout),
        **columns,
    )
    return torch.tensor([math.nan if number is None else number for number in given], dtype=torch.float64)
