"""AEPO against GRPO with the same calculator, rollouts, prompts and updates: what the clip takes, and what it keeps."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ....trainers import AEPOTrainer, Batch
from ....trainers.papers.aepo import AEPO
from ....trainers.seam.objective import Metrics
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.tasks import draw_rows
from ...playground.warmstart import WarmStart
from .asking import CALLS, NEW_TOKENS, TOOLS, Asking, answered, mean_entropy, transcripts

PROBLEMS, HELD_OUT, GROUP = 256, 96, 8
SHARED = {"initial_rollouts": GROUP, "entropy_advantage": False}
ARMS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "grpo": ("GRPO with the calculator", {**SHARED, "balanced_clip": False, "delta": None}),
    "clip": ("and with AEPO's clip", {**SHARED, "delta": None}),
    "aepo": ("AEPO", {}),
}


class Felt(AEPO):
    """Logs how large the gradient is at good tokens above the clip, in tokens of the mean."""

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        loss, metrics = super().loss(batch)
        scaled = self.scaled(batch)
        beyond = ((batch.logps - batch.old_logps).exp() > 1 + self.eps_high) & (scaled > 0)
        if beyond.any():
            (slope,) = torch.autograd.grad(loss, batch.logps, retain_graph=True)
            metrics = {**metrics, "felt": (slope.abs() * batch.mask.sum())[beyond].mean()}
        return loss, metrics


class Trainer(AEPOTrainer):
    """With the calculator."""

    objective_class = Felt

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, tools=TOOLS, **named)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """On held-out questions: right answers, questions asked, and the entropy of what the model says."""
    rows = draw_rows(Asking(), HELD_OUT, seed=0, split="held-out")
    held = transcripts(policy, tokenizer, rows)
    right = answered(completions=[one.words for one in held], solution=[row["solution"] for row in rows])
    return {
        "accuracy": fmean(score or 0.0 for score in right),
        "entropy": mean_entropy(policy, tokenizer, held),
        "asks": fmean("</c>" in one.words for one in held),
    }


RUN = PlaygroundRun(
    start=lambda seed: WarmStart(tasks=(Asking(),), seed=seed, steps=400, clean=0.6),
    rows=lambda seed: draw_rows(Asking(), PROBLEMS, seed=seed),
    reward=answered,
    measure=measure,
    config={
        "per_device_train_batch_size": 64,
        "num_generations": GROUP,
        "updates_per_generation": 1,
        "num_iterations": 4,
        "max_completion_length": NEW_TOKENS,
        "max_tool_calls": CALLS,
        "learning_rate": 3e-4,
    },
    every=16,
    logged={"felt": "felt", "above": "aepo/frac_above_clip", "branches": "aepo/frac_branches"},
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    result = RUN.train(setting, Trainer, **ARMS[setting.arm][1])
    logged = {name: [value for _, value in result.curves[name]] for name in ("felt", "above", "branches")}
    return result.with_final(**{name: fmean(values) if values else 0.0 for name, values in logged.items()})


EXPERIMENTS = (
    Experiment(
        name="aepo",
        title="A calculator in the loop, four updates on every generation",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "accuracy": Measure("accuracy", ".2f", curve=True),
            "entropy": Measure("entropy", ".3f", curve=True),
            "felt": Measure("gradient above the clip", ".2f"),
            "above": Measure("tokens there", ".4f"),
            "asks": Measure("asks", ".2f"),
            "branches": Measure("branches", ".2f"),
        },
        run=run,
        steps=48,
        quick_steps=8,
        claims=(
            Claim("GRPO has no gradient at good tokens above the clip", lambda r: r["grpo"].final["felt"] == 0),
            Claim("AEPO has", lambda r: r["aepo"].final["felt"] > 0),
            Claim("AEPO ends with no less entropy than GRPO", above("aepo", "grpo", "entropy")),
            Claim(
                "accuracy rises for both by at least 0.1",
                lambda r: all(r[arm].final["accuracy"] >= r[arm].start["accuracy"] + 0.1 for arm in ("grpo", "aepo")),
            ),
        ),
        prepare=RUN.prepare,
    ),
)
