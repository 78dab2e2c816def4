"""NGRPO against GRPO on prompts that nobody solves, and on a bandit that is confident and wrong.

The warm start follows a wrong habit and gives the right answer about once in fifty times, so that most groups of eight
are all wrong. P(right) is exact: the probability of the one right completion, over all prompts that are trained on.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ....judges import ExactJudge
from ....trainers import GRPO, NGRPOTrainer, ObjectiveTrainer
from ...claims import above, below
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.exact import mean_by, probability_right
from ...playground.tasks import MIRRORED, Pairs, draw_rows
from ...playground.warmstart import WarmStart
from .bandit import EXPERIMENT as BANDIT

STEPS, EVERY, GROUP, RATE = 120, 20, 8, 5e-5
RARELY = 0.02  # the share of demonstrations that answer right
SYMMETRIC, ASYMMETRIC = {"epsilon": 0.2, "epsilon_high": 0.2}, {"epsilon": 0.16, "epsilon_high": 0.24}

# name -> (label, trainer, objective, settings)
ARMS: dict[str, tuple[str, type[ObjectiveTrainer], Any, dict[str, Any]]] = {
    "grpo": ("GRPO", ObjectiveTrainer, GRPO, SYMMETRIC),
    "grpo-clip": ("GRPO with NGRPO's clip", ObjectiveTrainer, GRPO, ASYMMETRIC),
    "ngrpo-symmetric": ("NGRPO with GRPO's clip", NGRPOTrainer, None, SYMMETRIC),
    "ngrpo": ("NGRPO", NGRPOTrainer, None, ASYMMETRIC),
    "ngrpo-drop": ("NGRPO without the all-wrong groups", NGRPOTrainer, None, ASYMMETRIC | {"filter": "all"}),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that knows right answer and habit, and nearly always follows the habit."""
    task = Pairs(right=(RARELY,) * len(MIRRORED))
    return WarmStart(tasks=(task,), seed=seed, steps=400, batch=64, clean=0.4)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """P(right) over all prompts and over the worst operation's, and how often a group of eight would be all wrong."""
    rows = Pairs().every_row("train")
    right = probability_right(policy, tokenizer, rows)
    operations = mean_by("operation", rows, right.tolist()).values()
    return {"right": fmean(operations), "worst": min(operations), "all_wrong": ((1 - right) ** GROUP).mean().item()}


PAIRS = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(Pairs(), 1500, seed=seed),
    reward=ExactJudge("expected"),
    measure=measure,
    config={
        "num_generations": GROUP,
        "max_completion_length": Pairs.new_tokens,
        "learning_rate": RATE,
        "num_iterations": 4,  # updates for each generation
        "steps_per_generation": 1,
        "loss_type": "dapo",
        "entropy_coef": 0.0,
    },
    every=EVERY,
)


def run(setting: Setting, **more: Any) -> Result:
    """Train one arm; P(right) every 20 steps."""
    _, trainer, objective, settings = ARMS[setting.arm]
    result = PAIRS.train(setting, trainer, objective=objective, **settings, **more)
    return result.with_final(mean=result.mean("right"))


def run_at_twice_the_rate(setting: Setting) -> Result:
    """The same with a learning rate at which pushing everything down costs more."""
    return run(setting, learning_rate=2 * RATE)


LABELS = {name: label for name, (label, *_) in ARMS.items()}
MEASURES = {
    "mean": Measure("P(right), mean of all checks", ".3f"),
    "right": Measure("P(right)", ".3f", curve=True),
    "worst": Measure("P(right), worst operation", ".3f", curve=True),
    "all_wrong": Measure("share of all-wrong groups", ".3f", curve=True),
}
CLAIMS = (
    Claim("NGRPO learns faster than GRPO: higher mean of all checks", above("ngrpo", "grpo", "mean")),
    Claim("NGRPO ends above GRPO", above("ngrpo", "grpo", "right")),
    Claim("NGRPO's worst operation ends above GRPO's", above("ngrpo", "grpo", "worst")),
)

EXPERIMENTS = (
    Experiment(
        name="ngrpo",
        title="Prompts that are answered right once in fifty times",
        arms=LABELS,
        measures=MEASURES,
        run=run,
        steps=STEPS,
        quick_steps=4,
        claims=(
            *CLAIMS,
            Claim("The all-wrong groups do it: without them the mean is lower", below("ngrpo-drop", "ngrpo", "mean")),
        ),
        prepare=PAIRS.prepare,
    ),
    Experiment(
        name="ngrpo-rate",
        title="The same prompts at twice the learning rate",
        arms={name: LABELS[name] for name in ("grpo", "ngrpo")},
        measures=MEASURES,
        run=run_at_twice_the_rate,
        steps=STEPS,
        quick_steps=4,
        claims=CLAIMS,
        prepare=PAIRS.prepare,
    ),
    BANDIT,
)
