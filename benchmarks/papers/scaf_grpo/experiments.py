"""Scaf-GRPO against GRPO on numbers to copy, which the policy can, and numbers to reverse, which it never does.

    same 47?         ->  47
    flip 47?         ->  74      the warm start copies here too
    flip 47?< <      ->  74      of twelve rungs the second: it reverses once in a thousand times
    flip 47?[ [ [    ->  74      the eleventh: nearly always

In the demonstrations a rung adds 1.2 to the log-odds of reversing, which are -9 at the bottom; without a hint all was
copied. Measured is the exact probability of the right answer without any hint.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from ....judges import ExactJudge
from ....trainers import ObjectiveTrainer, ScafGRPOTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.exact import mean_by, probability_right
from ...playground.tasks import Row, draw_rows
from ...playground.warmstart import WarmStart
from .tabular import EXPERIMENT as TABULAR

KINDS, TIERS, SIGNS, RUNGS = ("same", "flip"), ("knowledge", "planning", "solution"), "<([", 12
START, PER_RUNG = 9.0, 1.2  # log-odds of copying where nothing is hinted, and what a rung takes from them
PROBLEMS, NEW_TOKENS = 256, 4
STEPS = 250
LOSS = {"loss_type": "dapo", "epsilon": 0.2, "delta": 3.0, "weight_decay": 0.0}
LADDER = {"hint_format": "{question}{hints}", "search": "parallel"}
ARMS: Mapping[str, tuple[str, type[ObjectiveTrainer], Mapping[str, Any]]] = {
    "grpo": ("GRPO", ObjectiveTrainer, {}),
    "scaf-grpo": ("Scaf-GRPO", ScafGRPOTrainer, LADDER),
}


@dataclass(frozen=True)
class Numbers:
    """Two-digit numbers to copy or to reverse; `hinted` puts a random rung behind the question."""

    hinted: bool = False
    wrong: float = 0.1  # share of copies with a wrong number, so that there is something for every arm to learn
    new_tokens = NEW_TOKENS

    @property
    def name(self) -> str:
        return "hinted-numbers" if self.hinted else "numbers"

    def clean(self) -> Self:
        return replace(self, wrong=0.0)

    def problem(self, rng: random.Random) -> Row:
        kind, number = rng.choice(KINDS), "".join(rng.sample("123456789", 2))
        solution = number if kind == "same" else number[::-1]
        rung = rng.randint(1, RUNGS) if self.hinted else 0
        hints = " ".join([SIGNS[(rung - 1) // 4]] * ((rung - 1) % 4 + 1)) if rung else ""
        columns = {f"hints_{tier}": [sign] * 4 for tier, sign in zip(TIERS, SIGNS, strict=True)}
        return {"prompt": f"{kind} {number}?{hints}", "kind": kind, "solution": solution, "rung": rung, **columns}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        solution, rung = str(row["solution"]), int(str(row["rung"]))
        if row["kind"] == "same":
            return str(rng.randint(10, 99)) if rng.random() < self.wrong else solution
        return solution if rng.random() < reverses(rung) else solution[::-1]


def reverses(rung: int) -> float:
    """How often a number is reversed in the demonstrations."""
    return 1 / (1 + math.exp(START - PER_RUNG * rung)) if rung else 0.0


def warm_start(seed: int) -> WarmStart:
    """A policy that copies, and reverses only what it has a hint for."""
    return WarmStart(tasks=(Numbers(), Numbers(hinted=True)), seed=seed, steps=350, clean=0.6)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """P(right) without hints: by kind over the questions that are trained on, and on reversals that are not."""
    measured: dict[str, float] = {}
    for split in ("train", "held-out"):
        rows = list({row["prompt"]: row for row in draw_rows(Numbers(), 256, seed=0, split=split)}.values())
        right = probability_right(policy, tokenizer, rows, column="solution").tolist()
        measured |= {f"{kind}_{split}": value for kind, value in mean_by("kind", rows, right).items()}
    return {"flip": measured["flip_train"], "flip_new": measured["flip_held-out"], "same": measured["same_train"]}


RUN = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(Numbers(), PROBLEMS, seed=seed),
    reward=ExactJudge("solution"),
    measure=measure,
    config={
        "per_device_train_batch_size": 32,  # 4 questions, 8 answers each
        "max_completion_length": NEW_TOKENS,
        "learning_rate": 5e-4,
        "temperature": 0.5,  # what is rare is then never sampled
        "steps_per_generation": 1,
        **LOSS,
    },
    every=50,
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    _, trainer, settings = ARMS[setting.arm]
    result = RUN.train(setting, trainer, **settings)
    return result.with_final(mean=result.mean("flip"))


EXPERIMENTS = (
    Experiment(
        name="scaf-grpo",
        title="Numbers to reverse, by a policy that only copies",
        arms={name: label for name, (label, _, _) in ARMS.items()},
        measures={
            "flip": Measure("P(right): hard, without hints", ".3f", curve=True),
            "mean": Measure("the same, mean of all checks", ".3f"),
            "flip_new": Measure("hard, never trained on", ".3f"),
            "same": Measure("easy", ".3f", curve=True),
        },
        run=run,
        steps=STEPS,
        quick_steps=4,
        claims=(
            Claim(
                "Scaf-GRPO solves hard questions without hints, P > 0.3",
                lambda r: r["scaf-grpo"].final["flip"] > 0.3,
            ),
            Claim("GRPO stays near zero, P < 0.01", lambda r: r["grpo"].final["flip"] < 0.01),
            Claim(
                "Scaf-GRPO is right on hard questions that it has never seen more often than GRPO",
                above("scaf-grpo", "grpo", "flip_new"),
            ),
            Claim(
                "and on easy ones at most 0.05 less often",
                lambda r: r["scaf-grpo"].final["same"] >= r["grpo"].final["same"] - 0.05,
            ),
        ),
        prepare=RUN.prepare,
    ),
    TABULAR,
)
