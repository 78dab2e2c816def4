"""Pairwise PPO against PPO on scores, and both without a critic, where scores differ from prompt to prompt.

The scorer knows a right answer and adds to every score a number that depends on the prompt alone, as an uncalibrated
reward model does. The pairwise judge is made of the same scorer: it compares with the anchor, an answer from before
training. P(right) is exact: the probability of the one right completion, over all prompts that are trained on.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import replace
from statistics import fmean
from typing import Any

from ....judges.pairwise import Scored
from ....rewards import AnchorWinReward, Function, Reward
from ....trainers import GRPO, ObjectiveTrainer
from ....trainers.papers.pairwise_rl import PairwisePPOTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.exact import mean_by, probability_right
from ...playground.tasks import MIRRORED, Pairs, Row, draw_rows
from ...playground.warmstart import WarmStart
from .offsets import EXPERIMENT as OFFSETS
from .verdicts import EXPERIMENT as VERDICTS

STEPS, EVERY = 120, 20
RIGHT, OFFSET, TAU = 0.15, 3.0, 0.5


def score(completions: list[str], prompts: list[str], expected: list[str], **_: Any) -> list[float]:
    """1 for the right answer, 0 for any other, and the prompt's offset."""
    rows = zip(completions, prompts, expected, strict=True)
    return [float(text == right) + offset_of(prompt) for text, prompt, right in rows]


def offset_of(prompt: str) -> float:
    """A number of the prompt's own, normal over all prompts."""
    return random.Random(zlib.crc32(prompt.encode())).gauss(0.0, OFFSET)


POINTWISE: Reward = Function(score)
PAIRWISE: Reward = AnchorWinReward(Scored(POINTWISE, tau=TAU))

# name -> (label, trainer, objective, reward, settings)
Arm = tuple[str, type[ObjectiveTrainer], Any, Reward, dict[str, Any]]
ARMS: dict[str, Arm] = {
    "ppo-score": ("PPO, score", PairwisePPOTrainer, None, POINTWISE, {"anchor_column": ""}),
    "ppo-pairwise": ("pairwise PPO", PairwisePPOTrainer, None, PAIRWISE, {}),
    "grpo-score": ("GRPO, score", ObjectiveTrainer, GRPO, POINTWISE, {}),
    "grpo-pairwise": ("GRPO, pairwise reward", ObjectiveTrainer, GRPO, PAIRWISE, {}),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that answers right about once in seven times."""
    return WarmStart(tasks=(Pairs(right=(RIGHT,) * len(MIRRORED)),), seed=seed, steps=400, batch=64, clean=0.4)


def rows(seed: int) -> list[Row]:
    """Problems with an anchor each: a demonstration, right as often as the warm start was shown it."""
    task, rng = Pairs(right=(RIGHT,) * len(MIRRORED)), random.Random(f"anchor/{seed}")
    return [{**row, "anchor": task.demonstrate(row, rng)} for row in draw_rows(Pairs(), 1500, seed=seed)]


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """P(right) over all prompts, and over those of the worst operation."""
    every_row = Pairs().every_row("train")
    right = probability_right(policy, tokenizer, every_row).tolist()
    operations = mean_by("operation", every_row, right).values()
    return {"right": fmean(operations), "worst": min(operations)}


PLAYGROUND = PlaygroundRun(
    start=warm_start,
    rows=rows,
    reward=POINTWISE,
    measure=measure,
    config={
        "max_completion_length": Pairs.new_tokens,
        "learning_rate": 1e-4,
        "num_iterations": 4,
        "steps_per_generation": 1,
        "loss_type": "dapo",
        "epsilon": 0.2,
    },
    every=EVERY,
)


def run(setting: Setting) -> Result:
    """Train one arm; P(right) every 20 steps."""
    _, trainer, objective, reward, settings = ARMS[setting.arm]
    result = replace(PLAYGROUND, reward=reward).train(setting, trainer, objective=objective, **settings)
    return result.with_final(mean=result.mean("right"))


EXPERIMENTS = (
    Experiment(
        name="pairwise-rl",
        title="A scorer that adds a number of its own to every prompt",
        arms={name: label for name, (label, *_) in ARMS.items()},
        measures={
            "mean": Measure("P(right), mean of all checks", ".3f"),
            "right": Measure("P(right)", ".3f", curve=True),
            "worst": Measure("P(right), worst operation", ".3f", curve=True),
        },
        run=run,
        steps=STEPS,
        quick_steps=4,
        claims=(
            Claim("pairwise PPO ends above PPO on the score", above("ppo-pairwise", "ppo-score", "right")),
            Claim(
                "in groups the offset makes no difference: GRPO ends within .05 with either reward",
                lambda results: (
                    abs(results["grpo-pairwise"].final["right"] - results["grpo-score"].final["right"]) <= 0.05
                ),
            ),
        ),
        prepare=PLAYGROUND.prepare,
    ),
    OFFSETS,
    VERDICTS,
)
