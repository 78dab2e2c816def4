"""DisCO against GRPO on questions of different difficulty, and on tables of logits.

Six operations on two digits, of which the policy answers two hardly ever and three half of the time; large groups, so
that hard questions have right answers among theirs. P(right) is exact: the probability of the one right completion,
over all prompts that are trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

from ....judges import ExactJudge
from ....trainers import GRPO, DisCOTrainer, ObjectiveTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.exact import probability_right
from ...playground.tasks import UNPAIRED, Pairs, draw_rows
from ...playground.warmstart import WarmStart
from .bandit import CONSTRAINT_EXPERIMENT, DIFFICULTY_EXPERIMENT

EVERY, GROUP, HARD = 10, 32, 2
TASK = Pairs(operations=UNPAIRED, right=(0.03, 0.06, 0.12, 0.5, 0.5, 0.5))
"""The first two operations are the hard ones."""


class WholeGRPO(GRPO):
    """GRPO on the same micro-batches as DisCO, where TRL would mix rows of all prompts."""

    whole_groups = True


# name -> (label, trainer, objective, settings)
Arms = Mapping[str, tuple[str, type[ObjectiveTrainer], Any, Mapping[str, Any]]]
ONE, FOUR = {"updates_per_generation": 1}, {"updates_per_generation": 4}
ARMS: Arms = {
    "grpo": ("GRPO", ObjectiveTrainer, GRPO, {}),
    "disco-b": ("DisCO-b", DisCOTrainer, None, {"variant": "disco_b", **ONE}),
    "disco": ("DisCO, τ = 10", DisCOTrainer, None, ONE),
}
REUSE_ARMS: Arms = {
    "grpo": ("GRPO", ObjectiveTrainer, GRPO, {"steps_per_generation": 4}),
    "grpo-whole": ("GRPO, whole groups", ObjectiveTrainer, WholeGRPO, {"steps_per_generation": 4}),
    "disco": ("DisCO, log-likelihood", DisCOTrainer, None, FOUR),
    "disco-ratio": ("DisCO, likelihood ratio", DisCOTrainer, None, {"score": "Lratio", **FOUR}),
}
MEASURES = {
    "mean_hard": Measure("hard, mean of checks", ".3f"),
    "mean_all": Measure("all, mean of checks", ".3f"),
    "hard": Measure("P(right), hard", ".3f", curve=True),
    "easy": Measure("P(right), others", ".3f", curve=True),
    "all": Measure("P(right), all", ".3f", curve=True),
    "entropy": Measure("token entropy", ".3f"),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that knows right answer and habit of every operation, and mixes them as the task says."""
    return WarmStart(tasks=(TASK,), seed=seed, steps=400, batch=64, clean=0.4)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """P(right) over the prompts of all operations and of the hard ones, each operation with the same weight."""
    rows = TASK.every_row("train")
    right: dict[str, list[float]] = {operation: [] for operation in TASK.operations}
    for row, p in zip(rows, probability_right(policy, tokenizer, rows).tolist(), strict=True):
        right[str(row["operation"])].append(p)
    means = [fmean(values) for values in right.values()]
    return {"all": fmean(means), "hard": fmean(means[:HARD]), "easy": fmean(means[HARD:])}


PAIRS = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(TASK, 1500, seed=seed),
    reward=ExactJudge("expected"),
    measure=measure,
    config={
        "per_device_train_batch_size": 4 * GROUP,
        "num_generations": GROUP,
        "max_completion_length": TASK.new_tokens,
        "learning_rate": 2e-4,
    },
    every=EVERY,
    logged={"entropy": "entropy"},
)


def run(setting: Setting) -> Result:
    """One update for each generation; P(right) every 10 steps."""
    return _run(ARMS, setting)


def run_reuse(setting: Setting) -> Result:
    """Four updates for each generation."""
    return _run(REUSE_ARMS, setting)


def _run(arms: Arms, setting: Setting) -> Result:
    _, trainer, objective, settings = arms[setting.arm]
    result = PAIRS.train(setting, trainer, objective=objective, **settings)
    entropy = fmean(value for _, value in result.curves["entropy"][-EVERY:])
    return result.with_final(mean_hard=result.mean("hard"), mean_all=result.mean("all"), entropy=entropy)


def _gains_most_where_it_is_hard(results: Mapping[str, Result]) -> bool:
    disco, grpo = results["disco-b"].final, results["grpo"].final
    return disco["hard"] - grpo["hard"] > disco["easy"] - grpo["easy"]


EXPERIMENTS = (
    Experiment(
        name="disco",
        title="Six operations, two of them hardly ever answered right: groups of 32",
        arms={name: label for name, (label, *_) in ARMS.items()},
        measures=MEASURES,
        run=run,
        steps=60,
        quick_steps=2,
        claims=(
            Claim(
                "DisCO-b is above GRPO over all operations: mean of all checks", above("disco-b", "grpo", "mean_all")
            ),
            Claim("DisCO-b is above GRPO on the hard ones: mean of all checks", above("disco-b", "grpo", "mean_hard")),
            Claim("DisCO-b leads by more on the hard operations than on the others", _gains_most_where_it_is_hard),
            Claim("DisCO is above GRPO on the hard ones: mean of all checks", above("disco", "grpo", "mean_hard")),
            Claim("DisCO-b ends with no less entropy than GRPO", above("disco-b", "grpo", "entropy")),
        ),
        prepare=PAIRS.prepare,
    ),
    Experiment(
        name="disco-reuse",
        title="Six operations, four updates for each generation",
        arms={name: label for name, (label, *_) in REUSE_ARMS.items()},
        measures=MEASURES,
        run=run_reuse,
        steps=40,
        quick_steps=4,
        claims=(
            Claim(
                "DisCO is above GRPO on the same whole groups: hard operations, mean of all checks",
                above("disco", "grpo-whole", "mean_hard"),
            ),
            Claim(
                "DisCO is above GRPO on rows of all prompts: hard operations, mean of all checks",
                above("disco", "grpo", "mean_hard"),
            ),
        ),
        prepare=PAIRS.prepare,
    ),
    DIFFICULTY_EXPERIMENT,
    CONSTRAINT_EXPERIMENT,
)
