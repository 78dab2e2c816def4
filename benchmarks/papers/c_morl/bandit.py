"""A bandit of 32 arms with two rewards each: what extension adds to a front, without a network.

21 arms lie on a quarter circle, from (1, 0) to (0, 1); 11 others are dominated. A policy is a row of logits, its values
are exact. Stage 1 alone trains three weightings for 600 updates each; the other arms train them for 200 and spend the
rest on extension.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ....trainers.papers.c_morl import (
    ParetoBuffer,
    Points,
    Snapshot,
    T,
    barrier_weights,
    extend_front,
    hypervolume,
    simplex_grid,
    standardised,
    thresholds,
)
from ...checks import Measures, follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

UPDATES = 1800
REFERENCE = (0.0, 0.0)
ON_CIRCLE, DOMINATED = 21, 11
FIRST_SEED = 100  # the specification's numbers were seen on the first ones


@dataclass(frozen=True)
class Arm:
    """Which part of the updates stage 1 has, and t of the barrier; infinity is none."""

    title: str
    stage_one: float
    t: float = T


ARMS = {
    "stage-1": Arm("stage 1 alone", 1.0),
    "extension": Arm("stage 1 and extension", 1 / 3),
    "no-barrier": Arm("extension without barrier", 1 / 3, t=math.inf),
}


class Bandit:
    """The task and its learner. Policies are logits `(32,)`."""

    batch, rate = 64, 3.0
    weights = simplex_grid(2, 0.5)
    archive_every, chunk, num_select = 10, 20, 5
    running = 0.3  # weight of a new batch in the running mean of J

    def __init__(self, arm: Arm, seed: int, updates: int) -> None:
        self.arm, self.updates, self.done = arm, updates, 0
        self.generator = torch.Generator().manual_seed(seed)
        angles = torch.linspace(0, math.pi / 2, ON_CIRCLE)
        circle = torch.stack([angles.cos(), angles.sin()], 1)
        inside = 0.6 * torch.rand(DOMINATED, 2, generator=self.generator)
        self.rewards = torch.cat([circle, inside]).double()
        self.front: ParetoBuffer[Tensor] = ParetoBuffer(REFERENCE)
        self.accepted = self.children = 0

    def train(self) -> Iterator[Measures]:
        """Yield the front's measures before training, after stage 1 and at the end."""
        yield self.measures()
        for weights in self.weights:
            self._stage_one(torch.as_tensor(weights), round(self.updates * self.arm.stage_one / len(self.weights)))
        yield self.measures()
        children = extend_front(
            self.front, self._extend, num_select=self.num_select, may_go_on=lambda: self.done < self.updates
        )
        self.accepted, self.children = sum(child.accepted for child in children), len(children)
        yield self.measures()

    def measures(self) -> Measures:
        share = self.accepted / self.children if self.children else math.nan
        volume = hypervolume(self.front.values, REFERENCE)
        return {"volume": volume, "points": float(len(self.front)), "accepted": share}

    def value(self, logits: Tensor) -> Tensor:
        """`(2,)` exactly."""
        return logits.softmax(-1) @ self.rewards

    def _stage_one(self, weights: Tensor, updates: int) -> None:
        logits = torch.zeros(len(self.rewards), dtype=torch.float64)
        kept = []
        for update in range(1, updates + 1):
            logits = self._update(logits, self._drawn(logits), weights)
            if update % self.archive_every == 0:
                kept.append(logits)
        self.front.add([self.value(each).tolist() for each in kept], kept)

    def _extend(self, parent: Tensor, parent_value: Points, objective: int) -> Iterator[Snapshot[Tensor]]:
        J = torch.as_tensor(parent_value)
        threshold, logits = thresholds(J), parent
        for _ in range(min(self.chunk, self.updates - self.done)):
            drawn = self._drawn(logits)
            J = (1 - self.running) * J + self.running * self.rewards[drawn].mean(0)
            weights = barrier_weights(J, threshold, objective, t=self.arm.t).weights
            logits = self._update(logits, drawn, weights)
            yield self.value(logits).tolist(), logits

    def _drawn(self, logits: Tensor) -> Tensor:
        return torch.multinomial(logits.softmax(-1), self.batch, replacement=True, generator=self.generator)

    def _update(self, logits: Tensor, drawn: Tensor, weights: Tensor) -> Tensor:
        """One step up the policy gradient with the standardised advantage of the weighted reward."""
        self.done += 1
        advantage = standardised(self.rewards[drawn] @ weights)
        chosen = torch.nn.functional.one_hot(drawn, len(logits)) - logits.softmax(-1)
        return logits + self.rate * (advantage.unsqueeze(1) * chosen).mean(0)


def run(setting: Setting) -> Result:
    """Train one arm. Checks are stages, not updates."""
    bandit = Bandit(ARMS[setting.arm], FIRST_SEED + setting.seed, setting.steps)
    before, *later = bandit.train()
    result = follow(setting, later[-1:], first=setting.steps)
    final = {name: value for name, value in result.final.items() if not np.isnan(value)}
    return Result(final=final, start={"points": before["points"]})


EXPERIMENT = Experiment(
    name="c-morl-bandit",
    title="A bandit with two rewards: the front after equally many updates",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={
        "volume": Measure("hypervolume, of at most .785", ".3f"),
        "points": Measure("policies on the front", ".0f"),
        "accepted": Measure("extensions that keep the other objective"),
    },
    run=run,
    steps=UPDATES,
    quick_steps=180,
    claims=(
        Claim(
            "extension has at least .05 more volume than stage 1 alone",
            lambda results: results["extension"].final["volume"] > results["stage-1"].final["volume"] + 0.05,
        ),
        Claim("it has more than three policies", lambda results: results["extension"].final["points"] > 3),
        Claim(
            "the barrier keeps the other objective 1.5 times as often",
            lambda results: results["extension"].final["accepted"] > 1.5 * results["no-barrier"].final["accepted"],
        ),
    ),
    step_name="updates",
)
