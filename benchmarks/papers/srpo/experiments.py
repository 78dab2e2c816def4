"""SRPO's reward against success alone: a string of eight letters that only counts when all are right.

The policy is a distribution for each place; an answer is encoded by its letters, one-hot. Plain policy gradient, so
that nothing differs between arms but the reward.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from ....rewards.self_reference.shaping import self_reference_reward
from ....trainers.papers.srpo import group_advantage
from ...experiment import Claim, Experiment, Measure, Result, Setting

PLACES, ALPHABET, GROUPS, G = 8, 6, 4, 8
START, LEARNING_RATE, ENOUGH = 0.62, 0.6, 0.9  # START: of each letter; of the whole string it is 0.022
EVERY = 5  # steps from one point of the curve to the next

Rewards = Callable[[Sequence[Any], Sequence[bool]], list[float]]


def _success(encodings: Sequence[Any], right: Sequence[bool]) -> list[float]:
    return [float(one) for one in right]


def _nearness(**options: Any) -> Rewards:
    def rewards(encodings: Sequence[Any], right: Sequence[bool]) -> list[float]:
        said = self_reference_reward(encodings, right, [0] * len(right), eps="auto", **options)
        return [0.0 if reward is None else reward for reward in said.rewards]

    return rewards


def _as_printed(encodings: Sequence[Any], right: Sequence[bool]) -> list[float]:
    """σ of the z-score itself, which is 1 − σ of its negative: the farthest earns most."""
    said = _nearness(normalizer="zscore", cap=0.8)(encodings, right)
    if not any(right):
        return said
    return [reward if one else 0.8 - reward for reward, one in zip(said, right, strict=True)]


# name -> (label, reward, whether advantages are divided by the standard deviation)
ARMS: dict[str, tuple[str, Rewards, bool]] = {
    "success": ("success alone", _success, True),
    "srpo": ("nearness, min-max", _nearness(), True),
    "zscore": ("nearness, z-score", _nearness(normalizer="zscore"), True),
    "printed": ("z-score, sign as printed", _as_printed, True),
    "success-mean": ("success alone, R − mean", _success, False),
    "srpo-mean": ("nearness, min-max, R − mean", _nearness(), False),
}


def run(setting: Setting) -> Result:
    """Train one arm; `needed` is the steps until the string is drawn with probability 0.9, all of them if never."""
    _, reward, scale_by_std = ARMS[setting.arm]
    rng = np.random.default_rng(setting.seed)
    target, places = rng.integers(ALPHABET, size=PLACES), np.arange(PLACES)
    logits = np.zeros((PLACES, ALPHABET))
    logits[places, target] = np.log(START / (1 - START) * (ALPHABET - 1))
    groups = torch.arange(GROUPS * G) // G
    needed, curve, alive = setting.steps, [], 0
    for step in range(setting.steps + 1):
        probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        success = float(probs[places, target].prod())
        if step % EVERY == 0:
            curve.append((step, success))
        if success > ENOUGH:
            needed = min(needed, step)
        if step == setting.steps:
            break
        draws = (rng.random((GROUPS * G, PLACES, 1)) > probs.cumsum(1)[None, :, :-1]).sum(-1)
        one_hot, right = np.eye(ALPHABET)[draws], (draws == target).all(1).tolist()
        rewards = torch.tensor(reward(list(one_hot.reshape(len(draws), -1)), right), dtype=torch.float64)
        advantages = group_advantage(rewards, groups, scale_by_std=scale_by_std).numpy()
        alive += int((advantages.reshape(GROUPS, G) != 0).any(1).sum()) if step < needed else 0
        logits += LEARNING_RATE * (advantages[:, None, None] * (one_hot - probs)).mean(0)
    final = {"needed": float(needed), "success": success, "alive": alive / max(GROUPS * needed, 1)}
    return Result(final, {"success": curve})


def _fewer(arm: str, other: str, share: float) -> Callable[[Any], bool]:
    return lambda results: results[arm].final["needed"] <= share * results[other].final["needed"]


EXPERIMENTS = (
    Experiment(
        name="srpo",
        title="A string of eight letters, and how near the others came",
        arms={name: label for name, (label, _, _) in ARMS.items()},
        measures={
            "needed": Measure("steps to 0.9", ".1f"),
            "success": Measure("success", ".3f", curve=True),
            "alive": Measure("groups that teach", ".2f"),
        },
        run=run,
        steps=200,
        quick_steps=20,
        claims=(
            Claim("nearness needs at least a tenth fewer steps", _fewer("srpo", "success", 0.9)),
            Claim("so does the z-score", _fewer("zscore", "success", 0.9)),
            Claim("and it is so without the standard deviation", _fewer("srpo-mean", "success-mean", 0.9)),
            Claim("with the printed sign it is never learned", lambda r: r["printed"].final["success"] < 0.1),
        ),
    ),
)
