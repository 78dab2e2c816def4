"""HAPO where there is much to shorten: digits are copied after two to twelve dots that nobody needs.

copy 47?  ->  .......47
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ....judges import judge
from ....trainers import HAPOTrainer
from ...claims import below
from ...experiment import Claim, Experiment, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.tasks import Row, draw_rows
from ...playground.warmstart import WarmStart
from .measures import MEASURES, as_right, length_and_accuracy

PROBLEMS, ANSWERS = 20, 10
DOTS = (2, 12)
ARMS: Mapping[str, tuple[str, float]] = {"grpo": ("GRPO (w = 0)", 0.0), "hapo": ("HAPO", 1.0)}  # label, w


@dataclass(frozen=True)
class Dotted:
    """Copies of two-digit numbers after some dots; columns `prompt` and `solution`."""

    name = "dotted"
    new_tokens = 20

    def clean(self) -> Self:
        """The demonstrators make no mistakes anyway."""
        return self

    def problem(self, rng: random.Random) -> Row:
        number = str(rng.randint(10, 99))
        return {"prompt": f"copy {number}?", "solution": number}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        return "." * rng.randint(*DOTS) + str(row["solution"])


@judge
def copied(completion: str, solution: str) -> bool:
    """Whether the number stands after nothing but dots."""
    return completion.lstrip(".") == solution


def warm_start(seed: int) -> WarmStart:
    """A policy that copies most numbers right, after as many dots as it was shown."""
    return WarmStart(tasks=(Dotted(),), seed=seed, steps=160)


def problems() -> list[Row]:
    """Twenty of them; the number is the id."""
    drawn = {row["prompt"]: {**row, "problem_id": row["solution"]} for row in draw_rows(Dotted(), 60, seed=0)}
    return list(drawn.values())[:PROBLEMS]


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """On the same problems, ten answers each."""
    return length_and_accuracy(policy, tokenizer, problems() * ANSWERS, copied, Dotted.new_tokens)


COPIES = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: problems(),
    reward=copied,
    measure=measure,
    config={
        "per_device_train_batch_size": 32,  # 4 problems, 8 answers each
        "gradient_accumulation_steps": 1,
        "max_completion_length": Dotted.new_tokens,
        "learning_rate": 2e-4,
        "loss_type": "dapo",
    },
    every=10,
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    return COPIES.train(setting, HAPOTrainer, w=ARMS[setting.arm][1])


EXPERIMENT = Experiment(
    name="hapo-copy",
    title="Numbers copied by a policy that writes dots first",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures=MEASURES,
    run=run,
    steps=60,
    quick_steps=5,
    claims=(
        Claim("HAPO ends below 0.7 of GRPO's length", below("hapo", "grpo", "length", share=0.7)),
        Claim("at the same accuracy, or at most 0.05 lower", as_right),
    ),
    prepare=COPIES.prepare,
)
