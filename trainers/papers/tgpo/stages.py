"""The dense reward of the present stage, for many environments at once, each with its own times.

For the step from t to t+1, with ψ_i the earliest subgoal whose time τ_i is still ahead:

    r_t = w_p·(min(ρ_i(x_{t+1}), 0) − min(ρ_i(x_t), 0))     progress; nothing for being deep inside
        + Σ over subgoals with τ = t+1 of (w_hit if ρ ≥ 0, else −w_miss)
        + w_inv·Σ over invariants active at t+1 of min(ρ(x_{t+1}), 0)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....judges.trajectory.logic import Formula
from ....judges.trajectory.logic.robustness import Signals
from .grounded import state_values
from .grounding import Alternative

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
NEVER = -1  # where an alternative has fewer subgoals than another


@dataclass(frozen=True, slots=True)
class StageWeights:
    """Weights of the stage reward. A penalty for a miss, or a heavy `inv`, may keep a policy from learning."""

    progress: float = 2.0
    hit: float = 5.0
    miss: float = 0.0
    inv: float = 5.0


class Stages:
    """The subgoals and invariants of a formula's alternatives as arrays over environments.

    Args:
        alternatives: of `ground`.
        weights: of the reward.

    Attributes:
        formulas: the state formulas that occur, each once; values are given in this order, as (E, P).
        variables: the most time variables that an alternative has.
        subgoals: the most subgoals that an alternative has.
    """

    def __init__(self, alternatives: Sequence[Alternative], weights: StageWeights | None = None) -> None:
        if not alternatives:
            raise ValueError("a formula has one alternative at least")
        self.alternatives = tuple(alternatives)
        self.weights = weights or StageWeights()
        states = [formula for one in alternatives for formula in one.states]
        self.formulas: tuple[Formula, ...] = tuple(dict.fromkeys(states))
        self._place = {formula: place for place, formula in enumerate(self.formulas)}
        self.variables = max(len(one.variables) for one in alternatives)
        self.subgoals = max(len(one.reach) for one in alternatives)
        self._kept = max(len(one.invariants) for one in alternatives)

    def values(self, signals: Mapping[str, Any]) -> Floats:
        """(E, P): each formula in each of E states."""
        lists = {name: np.asarray(values).tolist() for name, values in signals.items()}
        return np.asarray([state_values(formula, lists) for formula in self.formulas], dtype=np.float64).T

    def schedule(self, choices: Sequence[tuple[int, Mapping[str, int]]]) -> Schedule:
        """The times of E environments, each an alternative's number and its variables' times."""
        count = len(choices)
        goals = np.full((count, self.subgoals, 2), NEVER, dtype=np.int64)
        kept = np.full((count, self._kept, 3), NEVER, dtype=np.int64)
        for row, (number, times) in enumerate(choices):
            alternative = self.alternatives[number]
            timed = sorted((goal.at.at(times), place) for place, goal in enumerate(alternative.reach))
            for place, (time, which) in enumerate(timed):
                goals[row, place] = time, self._place[alternative.reach[which].pred]
            for place, one in enumerate(alternative.invariants):
                kept[row, place] = one.start.at(times), one.end.at(times), self._place[one.pred]
        return Schedule(goals[..., 0], goals[..., 1], kept[..., 0], kept[..., 1], kept[..., 2])

    def reward(self, schedule: Schedule, t: Ints, before: Floats, after: Floats) -> Floats:
        """(E,): the reward of the step from t (E,) to t + 1, given the formulas' values (E, P) before and after it."""
        rows, weights = np.arange(len(t)), self.weights
        stage = schedule.stage(t)
        open_ = stage < schedule.count
        goal = schedule.goal[rows, np.minimum(stage, self.subgoals - 1)] if self.subgoals else np.zeros_like(t)
        gained = np.minimum(after[rows, goal], 0.0) - np.minimum(before[rows, goal], 0.0)
        reward = weights.progress * np.where(open_, gained, 0.0)
        due = schedule.time == (t + 1)[:, None]
        hit = np.take_along_axis(after, np.maximum(schedule.goal, 0), axis=1) >= 0.0
        reward += (due * np.where(hit, weights.hit, -weights.miss)).sum(1)
        active = (schedule.start <= (t + 1)[:, None]) & ((t + 1)[:, None] <= schedule.end) & (schedule.kept != NEVER)
        broken = np.minimum(np.take_along_axis(after, np.maximum(schedule.kept, 0), axis=1), 0.0)
        return np.asarray(reward + weights.inv * np.where(active, broken, 0.0).sum(1))


@dataclass(frozen=True, slots=True)
class Schedule:
    """When each environment has to do what; NEVER fills the rows of alternatives with fewer parts.

    Attributes:
        time, goal: (E, R), a subgoal's time, in order, and which formula it is.
        start, end, kept: (E, I), when an invariant holds, and which formula it is.
    """

    time: Ints
    goal: Ints
    start: Ints
    end: Ints
    kept: Ints

    @property
    def count(self) -> Ints:
        """(E,): how many subgoals there are."""
        return np.asarray((self.goal != NEVER).sum(1))

    def stage(self, t: Ints) -> Ints:
        """(E,): how many subgoals have had their time, met or not."""
        return np.asarray(((self.goal != NEVER) & (self.time <= t[:, None])).sum(1))

    def ahead(self, t: Ints) -> Ints:
        """(E,): samples until the next subgoal; 0 after the last."""
        later = (self.goal != NEVER) & (self.time > t[:, None])
        gaps = np.where(later, self.time - t[:, None], np.iinfo(np.int64).max)
        return np.where(later.any(1), gaps.min(1, initial=np.iinfo(np.int64).max), 0)

    def put(self, rows: NDArray[np.bool_], other: Schedule) -> None:
        """Replace the times of the environments where `rows` (E,) is true by those of `other`, in order."""
        for name in ("time", "goal", "start", "end", "kept"):
            getattr(self, name)[rows] = getattr(other, name)


def stage_rewards(
    alternative: Alternative, times: Mapping[str, int], signals: Signals, weights: StageWeights | None = None
) -> tuple[list[float], list[int]]:
    """The rewards and stages of one whole trace: T samples give T − 1 of each."""
    stages = Stages([alternative], weights)
    schedule = stages.schedule([(0, times)])
    values = stages.values(signals)
    rewards, reached = [], []
    for t in range(len(values) - 1):
        now = np.asarray([t])
        rewards.append(float(stages.reward(schedule, now, values[t : t + 1], values[t + 1 : t + 2])[0]))
        reached.append(int(schedule.stage(now)[0]))
    return rewards, reached
