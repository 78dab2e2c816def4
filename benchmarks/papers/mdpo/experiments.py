"""MDPO: several gradient steps a generation, held by a KL instead of a clip, against one step and against GRPO.

Half of the operations are answered right half of the time, the others rarely. P(right) is exact: the probability of
the one right completion, over all prompts that are trained on. Arms are compared by generations, not by gradient
steps: completions are what a language model's training waits for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ....judges import ExactJudge
from ....trainers import GRPO, MDPOTrainer, ObjectiveTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.exact import probability_right
from ...playground.tasks import Pairs, draw_rows
from ...playground.warmstart import WarmStart
from .bandit import EXPERIMENT as BANDIT
from .control import EXPERIMENTS as CONTROL

GENERATIONS, EVERY = 30, 2
RIGHT = (0.03, 0.06, 0.12, 0.5, 0.5, 0.5)  # share of right demonstrations of max, min, first, last, join and swap
UNCLIPPED = 1e9


@dataclass(frozen=True)
class Arm:
    """A trainer, and how many gradient steps it takes on a generation."""

    title: str
    trainer: type[ObjectiveTrainer]
    inner_steps: int
    settings: Mapping[str, Any] = field(default_factory=dict)
    objective: type[GRPO] | None = None


ARMS = {
    "one": Arm("m = 1, a policy gradient", MDPOTrainer, 1),
    "one-fast": Arm("m = 1, tenfold learning rate", MDPOTrainer, 1, {"learning_rate": 1e-3}),
    "mdpo": Arm("MDPO, m = 10", MDPOTrainer, 10),
    "grpo": Arm("GRPO, 10 steps, clip .2", ObjectiveTrainer, 10, {"epsilon": 0.2}, GRPO),
    "free": Arm("10 steps, neither clip nor KL", ObjectiveTrainer, 10, {"epsilon": UNCLIPPED}, GRPO),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that answers three operations right half of the time and three rarely."""
    return WarmStart(tasks=(Pairs(right=RIGHT),), seed=seed, steps=400, batch=64, clean=0.4)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """P(right) over all prompts."""
    return {"right": probability_right(policy, tokenizer, Pairs().every_row("train")).mean().item()}


PAIRS = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(Pairs(), 1500, seed=seed),
    reward=ExactJudge("expected"),
    measure=measure,
    config={
        "max_completion_length": Pairs.new_tokens,
        "learning_rate": 1e-4,
        "loss_type": "bnpo",
        "scale_rewards": "group",
        "steps_per_generation": 1,
    },
)


def run(setting: Setting) -> Result:
    """Train one arm; P(right) every two generations."""
    arm = ARMS[setting.arm]
    m = arm.inner_steps
    inner = replace(setting, steps=setting.steps * m, listen=lambda step, shown: setting.listen(-(-step // m), shown))
    result = replace(PAIRS, every=EVERY * m).train(
        inner, arm.trainer, objective=arm.objective, num_iterations=m, **arm.settings
    )
    curve = [(step // m, value) for step, value in result.curves["right"]]
    drop = largest_drop([value for generation, value in curve if generation])
    return replace(result, curves={"right": curve}).with_final(mean=result.mean("right"), drop=drop)


def largest_drop(values: Sequence[float]) -> float:
    """How far the values ever are below the best one before.

    >>> round(largest_drop([0.1, 0.5, 0.3, 0.6]), 6)
    0.2
    """
    return max(max(values[: place + 1]) - value for place, value in enumerate(values))


EXPERIMENTS = (
    Experiment(
        name="mdpo",
        title="Ten gradient steps on every generation of 64, or one",
        arms={name: arm.title for name, arm in ARMS.items()},
        measures={
            "mean": Measure("P(right), mean of all checks", ".3f"),
            "right": Measure("P(right)", ".3f", curve=True),
            "drop": Measure("largest drop", ".3f"),
        },
        run=run,
        steps=GENERATIONS,
        quick_steps=2,
        claims=(
            Claim("ten steps learn faster than one: higher mean of all checks", above("mdpo", "one", "mean")),
            Claim("ten steps end above one", above("mdpo", "one", "right")),
            Claim(
                "no clip is needed: at least .95 of GRPO's mean of all checks",
                above("mdpo", "grpo", "mean", share=0.95),
            ),
            Claim("the KL steadies: a smaller largest drop than with neither", above("free", "mdpo", "drop")),
        ),
        prepare=PAIRS.prepare,
        step_name="generations",
    ),
    BANDIT,
    *CONTROL,
)
