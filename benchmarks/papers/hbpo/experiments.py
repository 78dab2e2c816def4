"""HBPO on easy questions, which need no thought, and hard ones, which need six steps of it.

    easy 47?  ->  4..7             the last digit, after any number of dots
    hard 47?  ->  9.......7        the same, right with at least six dots only

A response opens with its budget of tokens, 4 or 9. The warm start opens either way alike, whatever the question, then
writes up to two dots, or four to seven: on both kinds it is equally long. After training nothing is announced for it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Self

from ....judges import judge
from ....trainers import HBPOTrainer, ObjectiveTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.sampling import sample_completions
from ...playground.tasks import Row, draw_rows
from ...playground.warmstart import WarmStart

KINDS = ("easy", "hard")
DOTS, LEAST = {4: (0, 2), 9: (4, 7)}, 6
SMALL, LARGE = DOTS
LENGTH, PROBLEMS, HELD_OUT, STEPS = 14, 128, 64, 150
LOSS = {"loss_type": "dapo", "epsilon": 0.2, "epsilon_high": 0.28}
ARMS: Mapping[str, tuple[str, type[ObjectiveTrainer], Mapping[str, Any]]] = {
    "grpo": ("GRPO, right or wrong alone", ObjectiveTrainer, LOSS),
    "hbpo": ("HBPO", HBPOTrainer, {}),
    "hbpo-paper": ("HBPO, A_intra as in the paper", HBPOTrainer, {"intra_coef": 1.0, "center_intra": False}),
}


@dataclass(frozen=True)
class Steps:
    """The last digit of a number, after a budget and the dots that go with it."""

    wrong: float = 0.1  # share of demonstrations with a wrong digit
    new_tokens = LENGTH
    name = "steps"

    def clean(self) -> Self:
        return replace(self, wrong=0.0)

    def problem(self, rng: random.Random) -> Row:
        kind, number = rng.choice(KINDS), str(rng.randint(10, 99))
        return {"prompt": f"{kind} {number}?", "solution": number[-1], "hard": kind == "hard"}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        budget = rng.choice((SMALL, LARGE))
        digit = str(rng.randint(0, 9)) if rng.random() < self.wrong else str(row["solution"])
        return str(budget) + "." * rng.randint(*DOTS[budget]) + digit


@judge
def answered(completion: str, solution: str, hard: bool) -> bool:
    """Whether the digit is right, after enough dots where the question is hard; a budget before them may be missing."""
    found = re.fullmatch(r"[49]?(\.*)(\d)", completion)
    return found is not None and found[2] == solution and (not hard or len(found[1]) >= LEAST)


def warm_start(seed: int) -> WarmStart:
    """A policy that chooses its budget by chance."""
    return WarmStart(tasks=(Steps(),), seed=seed, steps=300, clean=0.5)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """By kind of question, of one sampled answer to each: length in tokens, accuracy, how many open small."""
    numbers = [str(row["prompt"]).split()[1] for row in draw_rows(Steps(), HELD_OUT, seed=0)]
    measured: dict[str, float] = {}
    for kind in KINDS:
        texts = sample_completions(policy, tokenizer, [f"{kind} {n}" for n in numbers], new_tokens=LENGTH)
        right = answered(completions=texts, solution=[n[1] for n in numbers], hard=[kind == "hard"] * len(numbers))
        measured[f"length_{kind}"] = fmean(min(len(text) + 1, LENGTH) for text in texts)
        measured[f"accuracy_{kind}"] = fmean(score or 0.0 for score in right)
        measured[f"small_{kind}"] = fmean(text.startswith(str(SMALL)) for text in texts)
    return measured


RUN = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(Steps(), PROBLEMS, seed=seed),
    reward=answered,
    measure=measure,
    config={
        "per_device_train_batch_size": 32,  # 4 questions, 8 answers each
        "max_completion_length": LENGTH,
        "learning_rate": 3e-4,
        "steps_per_generation": 1,
    },
    every=50,
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    _, trainer, settings = ARMS[setting.arm]
    announced = {"budgets": list(DOTS), "announcement": "{budget}"} if trainer is HBPOTrainer else {}
    return RUN.train(setting, trainer, **settings, **announced)


EXPERIMENTS = (
    Experiment(
        name="hbpo",
        title="Easy questions for a small budget, hard ones for a large one",
        arms={name: label for name, (label, _, _) in ARMS.items()},
        measures={
            f"{name}_{kind}": Measure(f"{title}: {kind}", form, curve=name == "length")
            for name, title, form in (
                ("length", "length", ".1f"),
                ("accuracy", "accuracy", ".2f"),
                ("small", "opens small", ".2f"),
            )
            for kind in KINDS
        },
        run=run,
        steps=STEPS,
        quick_steps=4,
        claims=(
            Claim(
                "HBPO's easy answers are at most 0.6 times as long as its hard ones",
                lambda r: r["hbpo"].final["length_easy"] <= 0.6 * r["hbpo"].final["length_hard"],
            ),
            Claim(
                "it opens small more often on easy questions than on hard ones",
                lambda r: r["hbpo"].final["small_easy"] > r["hbpo"].final["small_hard"],
            ),
            Claim(
                "and is right on more than 0.8 of both kinds",
                lambda r: min(r["hbpo"].final[f"accuracy_{kind}"] for kind in KINDS) > 0.8,
            ),
            Claim(
                "the paper's A_intra loses accuracy on easy questions against the start",
                lambda r: r["hbpo-paper"].final["accuracy_easy"] < r["hbpo-paper"].start["accuracy_easy"] - 0.05,
            ),
        ),
        prepare=RUN.prepare,
    ),
)
