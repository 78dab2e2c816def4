"""HAPO against GRPO on a policy that talks too much, in two tasks.

Sums of two numbers: the demonstrators of the warm start repeat their working more often than not, and one working is
enough. Both arms see the same 48 problems again and again, because a history needs visits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....trainers import HAPOTrainer
from ...claims import below
from ...experiment import Claim, Experiment, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.hacking.judges import right_sum
from ...playground.tasks import Arithmetic, Row, draw_rows
from ...playground.warmstart import WarmStart
from .copying import EXPERIMENT as COPY
from .measures import MEASURES, as_right, length_and_accuracy

PROBLEMS, HELD_OUT, NEW_TOKENS = 48, 160, 60
TALKATIVE = Arithmetic(direct=0.05, slip=0.02, again=0.6)

# name -> (label, settings)
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "grpo": ("GRPO (w = 0)", {"w": 0.0}),
    "hapo": ("HAPO", {}),
    "hapo-linear": ("HAPO, linear length reward", {"kind": "linear"}),
    "hapo-mean": ("HAPO, h a mean", {"mode": "mean"}),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that can add and repeats itself."""
    return WarmStart(tasks=(TALKATIVE,), seed=seed, steps=240, batch=64, warmup=40, clean=0.8)


def problems(seed: int) -> list[Row]:
    """The training rows, with ids."""
    return [{**row, "problem_id": place} for place, row in enumerate(draw_rows(TALKATIVE, PROBLEMS, seed=seed))]


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """On held-out problems."""
    rows = draw_rows(TALKATIVE, HELD_OUT, seed=0, split="held-out")
    return length_and_accuracy(policy, tokenizer, rows, right_sum, NEW_TOKENS)


SUMS = PlaygroundRun(
    start=warm_start,
    rows=problems,
    reward=right_sum,
    measure=measure,
    config={
        "gradient_accumulation_steps": 1,
        "max_completion_length": NEW_TOKENS,
        "learning_rate": 1e-4,
        "loss_type": "dapo",
    },
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    return SUMS.train(setting, HAPOTrainer, **ARMS[setting.arm][1])


EXPERIMENTS = (
    Experiment(
        name="hapo",
        title="Sums by a policy that repeats its working",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures=MEASURES,
        run=run,
        steps=60,
        quick_steps=3,
        claims=(
            Claim("HAPO ends shorter than GRPO", below("hapo", "grpo", "length")),
            Claim("and so does its linear form", below("hapo-linear", "grpo", "length")),
            Claim("at the same accuracy, or at most 0.05 lower", as_right),
        ),
        prepare=SUMS.prepare,
    ),
    COPY,
)
