"""A reward that counts a word, and a guardian that knows how people talk: what training on the count makes of a policy.

The reward is right about texts like those of the demonstrators, where one "g" is praise. It pays for "gggggg" too.
The guardian is fitted on 200 texts of the demonstrators and knows nothing of the reward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from statistics import fmean
from typing import Any

from ....judges import DensityGuardian
from ....rewards import Constrained
from ....trainers import GRPO, ObjectiveTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from .limit import TALK
from .praise import demonstrations, praise, sampled

REFERENCES, OUTSIDE = 200, 0.1

ARMS = {"free": "the count alone", "guarded": f"Constrained, at most {OUTSIDE:g} outside"}


@cache
def guardian() -> DensityGuardian:
    """Of the demonstrators' texts."""
    return DensityGuardian(demonstrations(REFERENCES, seed=0))


def rewards(arm: str) -> Any:
    """The reward of an arm."""
    if arm == "free":
        return praise.as_reward()
    return Constrained(praise, costs={"outside": ~guardian()}, limits={"outside": OUTSIDE}, eta=0.5)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """Means over 200 sampled texts."""
    texts = sampled(policy, tokenizer)
    said = {"inside": guardian().verdicts(texts), "reward": praise.verdicts(texts)}
    return {name: fmean(verdict.score or 0.0 for verdict in verdicts) for name, verdicts in said.items()}


def run(setting: Setting) -> Result:
    """Train one arm."""
    task = replace(TALK, reward=rewards(setting.arm), measure=measure, logged={})
    return task.train(setting, ObjectiveTrainer, objective=GRPO)


def stays_inside(results: Mapping[str, Result]) -> bool:
    """Whether nine of ten texts of the guarded arm are inside."""
    return results["guarded"].final["inside"] >= 1 - OUTSIDE


EXPERIMENT = Experiment(
    name="ogsrl-guardian",
    title="A count of one word as the reward, with and without a guardian of how people talk",
    arms=ARMS,
    measures={
        "inside": Measure("inside", ".3f", curve=True),
        "reward": Measure("the count's reward", ".3f", curve=True),
    },
    run=run,
    steps=120,
    quick_steps=3,
    claims=(
        Claim("guarded, at least .9 of the texts are inside", stays_inside),
        Claim("unguarded, not half of them are", lambda results: results["free"].final["inside"] < 0.5),
    ),
    prepare=TALK.prepare,
)
