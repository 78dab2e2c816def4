"""A reward model of pairs on a rule that a rater follows inattentively, with and without the penalty on position.

"The longer of two words is better", says the rater, and in one pair of five mixes them up. Measured on pairs without a
mistake: how often the model is right, and by how much its two orders disagree.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ....judges.pairwise import ComparisonForm, Pair, VerdictModel, expected_calibration_error
from ....trainers.papers.pairwise_rl import PairwiseRMConfig, PairwiseRMTrainer
from ...claims import below
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.fitting import StepListener, fit
from ...playground.policy import tiny_policy
from ...playground.tokenizer import character_tokenizer

PAIRS, HELD_OUT, MISTAKES = 16, 256, 0.2
FORM = ComparisonForm(opening="", before_first="1:", before_second="2:", closing="?", yes="Y", no="N")
ARMS = {"cross-entropy": ("w = 0", 0.0), "consistent": ("w = 1", 1.0)}


@dataclass(frozen=True)
class Rater:
    """Prefers the longer of two words, and mixes them up with probability `mistakes`."""

    mistakes: float

    def rows(self, count: int, seed: str) -> list[dict[str, str]]:
        rng = random.Random(seed)
        return [self._row(rng) for _ in range(count)]

    def _row(self, rng: random.Random) -> dict[str, str]:
        while True:
            words = [_word(rng), _word(rng)]
            if len(words[0]) != len(words[1]):
                break
        chosen, rejected = sorted(words, key=len, reverse=rng.random() >= self.mistakes)
        return {"prompt": "", "chosen": chosen, "rejected": rejected}


def _word(rng: random.Random) -> str:
    return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(1, 6)))


def run(setting: Setting) -> Result:
    """Train one reward model and ask it about pairs it has not seen."""
    tokenizer = character_tokenizer()
    model = tiny_policy(tokenizer, seed=setting.seed, hidden=32, layers=2, heads=2, mlp=64, positions=64)
    start = measured(model, tokenizer, setting.seed)
    settings = {
        "max_steps": setting.steps,
        "seed": setting.seed,
        "per_device_train_batch_size": PAIRS,
        "learning_rate": 3e-3,
        "lr_scheduler_type": "constant",
        "consistency_weight": ARMS[setting.arm][1],
    }
    rows = Rater(MISTAKES).rows(PAIRS * setting.steps, f"train/{setting.seed}")
    told = [StepListener(setting.listen)]
    fit(PairwiseRMTrainer, PairwiseRMConfig, model, tokenizer, rows, settings, callbacks=told, form=FORM)
    return Result(start=start, final=measured(model, tokenizer, setting.seed))


def measured(model: Any, tokenizer: Any, seed: int) -> dict[str, float]:
    """Accuracy with both orders averaged, mean |p12 + p21 − 1|, and calibration against the rater's own choices."""
    judge = VerdictModel(model, tokenizer, form=FORM, batch_size=HELD_OUT)
    rows = Rater(0.0).rows(HELD_OUT, f"held out/{seed}")
    said = [verdict.evidence for verdict in judge.verdicts(_pairs(rows))]
    rated = judge.verdicts(_pairs(Rater(MISTAKES).rows(HELD_OUT, f"rated/{seed}")))
    probabilities = [verdict.score for verdict in rated if verdict.score is not None]
    # "chosen" stands first in every row, so what comes true is always 1: half of the rows are turned round
    turned = [p if row % 2 else 1 - p for row, p in enumerate(probabilities)]
    return {
        "accuracy": fmean(orders["p12"] > orders["p21"] for orders in said),
        "inconsistency": fmean(abs(orders["p12"] + orders["p21"] - 1) for orders in said),
        "ece": expected_calibration_error(turned, [row % 2 for row in range(len(turned))]).ece,
    }


def _pairs(rows: list[dict[str, str]]) -> list[Pair]:
    return [Pair(row["prompt"], row["chosen"], row["rejected"]) for row in rows]


EXPERIMENT = Experiment(
    name="pairwise-rl-rm",
    title="A reward model of pairs whose rater mixes up one pair of five",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures={
        "accuracy": Measure("accuracy", ".3f"),
        "inconsistency": Measure("distance of p12 from 1 − p21", ".3f"),
        "ece": Measure("calibration error", ".3f"),
    },
    run=run,
    steps=80,
    quick_steps=10,
    claims=(
        Claim(
            "accuracy above .9 with and without the penalty",
            lambda results: min(result.final["accuracy"] for result in results.values()) > 0.9,
        ),
        Claim("the orders disagree less with w = 1", below("consistent", "cross-entropy", "inconsistency")),
    ),
)
