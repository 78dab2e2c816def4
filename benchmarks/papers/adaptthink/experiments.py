"""AdaptThink against GRPO on easy questions that need no thought and hard ones that do.

    easy 47?  ->  ......#47        right with any number of dots before the mark, also none
    hard 47?  ->  ......#47        right with at least four

The dots are the thinking and `#` ends it. The warm start was shown four to twelve dots, and is as good at what comes
behind the mark without any, but begins with the mark once in two thousand answers or less: sampling hardly finds it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any, Self

import torch
from datasets import Dataset

from ....judges import judge
from ....rewards import ModelGenerator
from ....trainers import AdaptThinkTrainer, ObjectiveTrainer
from ....trainers.papers.adaptthink import with_ref_accuracy
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.cache import cached_warm_start, load_warm_start
from ...playground.sampling import sample_completions
from ...playground.tasks import Row, draw_rows
from ...playground.warmstart import WarmStart

MARK, DOTS, LEAST = "#", (4, 12), 4
PROBLEMS, HELD_OUT, NEW_TOKENS = 64, 96, 18
KINDS = ("easy", "hard")
ARMS: Mapping[str, tuple[str, type[ObjectiveTrainer], Mapping[str, Any]]] = {
    "grpo": ("GRPO, the same reward", ObjectiveTrainer, {"loss_type": "grpo"}),
    "adaptthink": ("AdaptThink", AdaptThinkTrainer, {}),
    "adaptthink-no-bonus": ("AdaptThink, δ = 0", AdaptThinkTrainer, {"bonus": 0.0}),
}


@dataclass(frozen=True)
class Thoughts:
    """Copies of two-digit numbers, after dots and a mark; with `marked`, the prompt has the mark already."""

    marked: bool = False
    slip: float = 0.1  # share of demonstrations with a wrong number: where all answers are right, none is worth more
    new_tokens = NEW_TOKENS

    @property
    def name(self) -> str:
        return "marked-thoughts" if self.marked else "thoughts"

    def clean(self) -> Self:
        return replace(self, slip=0.0)

    def problem(self, rng: random.Random) -> Row:
        kind, number = rng.choice(KINDS), str(rng.randint(10, 99))
        return {
            "prompt": f"{kind} {number}?" + (MARK if self.marked else ""),
            "solution": number,
            "hard": kind == "hard",
        }

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        number = str(rng.randint(10, 99)) if rng.random() < self.slip else str(row["solution"])
        return ("" if self.marked else "." * rng.randint(*DOTS) + MARK) + number


@judge
def answered(completion: str, solution: str, hard: bool) -> bool:
    """Whether the number stands behind one mark, and behind enough thought where the question is hard."""
    found = re.fullmatch(r"(\.*)#(\d+)", completion)
    return found is not None and found[2] == solution and (not hard or len(found[1]) >= LEAST)


def warm_start(seed: int) -> WarmStart:
    """A policy that thinks before it answers, and could do without."""
    return WarmStart(tasks=(Thoughts(), Thoughts(marked=True)), weights=(0.75, 0.25), seed=seed, steps=300, clean=0.5)


def problems(seed: int) -> Sequence[Row]:
    """The training rows with the accuracy of the warm start on each."""
    policy, tokenizer = load_warm_start(cached_warm_start(warm_start(seed)))
    generate = ModelGenerator(policy, tokenizer, temperature=1.0, top_k=0, max_new_tokens=NEW_TOKENS, batch=256)
    rows = Dataset.from_list(draw_rows(Thoughts(), PROBLEMS, seed=seed))
    measured: list[Row] = with_ref_accuracy(rows, answered, generate, k=16, batch=16).to_list()
    return measured


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """By kind of question: the exact chance that an answer begins with the mark, and one sampled answer a problem."""
    numbers = [row["solution"] for row in draw_rows(Thoughts(), HELD_OUT, seed=0)]
    measured: dict[str, float] = {}
    for kind in KINDS:
        mine = [{"prompt": f"{kind} {n}?", "solution": n, "hard": kind == "hard"} for n in numbers]
        prompts = [str(row["prompt"]) for row in mine]
        texts = sample_completions(policy, tokenizer, prompts, new_tokens=NEW_TOKENS)
        columns: dict[str, Any] = {name: [row[name] for row in mine] for name in ("solution", "hard")}
        measured[f"skips_{kind}"] = _chance_of_the_mark(policy, tokenizer, prompts)
        measured[f"length_{kind}"] = fmean(map(len, texts))
        measured[f"accuracy_{kind}"] = fmean(score or 0.0 for score in answered(completions=texts, **columns))
    return measured


@torch.no_grad()
def _chance_of_the_mark(policy: Any, tokenizer: Any, prompts: Sequence[str]) -> float:
    was_training = policy.training
    policy.eval()
    ids = tokenizer(list(prompts), return_tensors="pt", padding=True).input_ids  # all are equally long
    chances = policy(input_ids=ids).logits[:, -1].softmax(-1)[:, tokenizer(MARK).input_ids[0]]
    policy.train(was_training)
    return float(chances.mean())


RUN = PlaygroundRun(
    start=warm_start,
    rows=problems,
    reward=answered,
    measure=measure,
    config={
        "per_device_train_batch_size": 32,  # 4 questions, 8 answers each
        "gradient_accumulation_steps": 1,
        "max_completion_length": NEW_TOKENS,
        "learning_rate": 3e-4,
    },
    every=30,
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    _, trainer, settings = ARMS[setting.arm]
    forced = {"think_end": MARK, "opening": ".", "think_start": "("} if trainer is AdaptThinkTrainer else {}
    return RUN.train(setting, trainer, **settings, **forced)


def _final(results: Mapping[str, Result], arm: str, name: str) -> float:
    return results[arm].final[name]


EXPERIMENTS = (
    Experiment(
        name="adaptthink",
        title="Easy questions that need no thought, hard ones that do",
        arms={name: label for name, (label, _, _) in ARMS.items()},
        measures={
            f"{name}_{kind}": Measure(f"{title}: {kind}", form, curve=name == "skips")
            for name, title, form in (
                ("skips", "P(no thought)", ".3f"),
                ("length", "length", ".1f"),
                ("accuracy", "accuracy", ".2f"),
            )
            for kind in KINDS
        },
        run=run,
        steps=300,
        quick_steps=4,
        claims=(
            Claim(
                "AdaptThink skips the thought on easy questions, P > 0.5",
                lambda r: _final(r, "adaptthink", "skips_easy") > 0.5,
            ),
            Claim("and not on hard ones, P < 0.1", lambda r: _final(r, "adaptthink", "skips_hard") < 0.1),
            Claim("GRPO on the same reward never finds it, P < 0.01", lambda r: _final(r, "grpo", "skips_easy") < 0.01),
            Claim(
                "AdaptThink's easy answers are half as long as GRPO's or shorter",
                lambda r: _final(r, "adaptthink", "length_easy") <= 0.5 * _final(r, "grpo", "length_easy"),
            ),
            Claim(
                "and its accuracy is at most 0.05 lower on both kinds",
                lambda r: all(
                    _final(r, "adaptthink", f"accuracy_{kind}") >= _final(r, "grpo", f"accuracy_{kind}") - 0.05
                    for kind in KINDS
                ),
            ),
        ),
        prepare=RUN.prepare,
    ),
)
