"""The guarded rollout: what leaves the region that the data supports is punished to the end of the episode.

At the first step outside (its density is below the threshold, or the record it was looked up in is itself outside) the
episode freezes: reward and cost are the penalties until the horizon, so that nothing can be gained by what a model
invents out there. If that record was a last one, the episode ends there instead, with one penalty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

PENALTY_REWARD = -25.0
REWARD_CLIP = (-12.5, -2.5)  # of −SOFA


@dataclass(frozen=True)
class GuardedEpisode:
    """Per step: reward, cost, whether it was outside (`ood`), whether the episode ended there (`done`)."""

    reward: list[float]
    cost: list[float]
    ood: list[int]
    done: list[int]

    @property
    def length(self) -> int:
        """How many steps there are; reaching the horizon ends without `done`: what follows is bootstrapped."""
        return len(self.reward)


def guarded_rollout(
    reward: Sequence[float],
    cost: Sequence[float],
    density: Sequence[float],
    neighbour_ood: Sequence[int],
    terminal: Sequence[int],
    *,
    threshold: float,
    penalty_reward: float = PENALTY_REWARD,
    penalty_cost: float = 1.0,
    horizon: int = 20,
    reward_clip: tuple[float, float] = REWARD_CLIP,
) -> GuardedEpisode:
    """An episode, given what was looked up at each step; the records may end before the horizon.

    >>> guarded_rollout([-3, -1], [0, 0], [0.5, 0.0], [0, 0], [0, 0], threshold=0.1, horizon=4).reward
    [-3.0, -25.0, -25.0, -25.0]

    reward, cost, neighbour_ood, terminal: of the nearest record; the reward is clipped here. density: of the step.

    Raises:
        ValueError: a negative cost, with which a limit would never be reached.
    """
    if penalty_cost < 0 or min(cost, default=0) < 0:
        raise ValueError("a cost is 0 or more: with a negative one the limit would never be reached")
    episode = GuardedEpisode([], [], [], [])
    low, high = reward_clip
    for r, c, dens, beyond, last in zip(reward, cost, density, neighbour_ood, terminal, strict=True):
        if episode.length >= horizon:
            break
        outside = bool(beyond) or isnan(dens) or dens < threshold
        steps = horizon - episode.length if outside and not last else 1
        episode.reward.extend([penalty_reward if outside else min(max(float(r), low), high)] * steps)
        episode.cost.extend([penalty_cost if outside else c] * steps)
        episode.ood.extend([int(outside)] * steps)
        episode.done.extend([int(bool(last))] * steps)
        if outside or last:
            break
    return episode


def sepsis_safety_cost(row: Mapping[str, Any], *, spo2_min: float = 92.0, urine_ml_per_kg_min: float = 2.0) -> int:
    """+1 for too little oxygen, +1 for too little urine where the weight is known: `spo2`, `output_total`, `weight_kg`.

    >>> sepsis_safety_cost({"spo2": 90, "output_total": 70.0, "weight_kg": 70})
    2

    What was not measured costs nothing.
    """
    spo2, output, weight = (float(row.get(name, "nan")) for name in ("spo2", "output_total", "weight_kg"))
    return int(spo2 < spo2_min) + int(weight > 0 and output / weight < urine_ml_per_kg_min)
