"""RL-Struct's dense reward against imitation of the same length, and without one of its parts.

The task is records of a name, an age and a note. The demonstrations put prose around the object, leave names without
quotes, get ages wrong, and leave out the note in seven of ten. The reference holds name and age; a note is required
and free, so that only R_struct asks for it. Every arm starts from the same warm start on those demonstrations.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from math import inf
from statistics import fmean
from typing import Any

from torch import Tensor

from ....judges.structured import FieldF1Judge, structure_metrics
from ....trainers import Batch, Chain, Objective, Policy, RLStructTrainer
from ....trainers.curriculum import rise_of
from ....trainers.objectives import masked_mean
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.sampling import sample_completions
from ...playground.tasks import Records, Row, draw_rows
from ...playground.warmstart import WarmStart

KEYS = ["name", "age", "note"]
GROUP, PROMPTS, HELD_OUT, WINDOW = 6, 8, 160, 20
TASK = Records(broken=0.5)
ARMS = {
    "sft": "supervised fine-tuning",
    "rl-struct": "RL-Struct",
    "no-struct": "without R_struct",
    "no-valid": "without R_valid",
    "no-syntax": "without R_valid and R_correct",
}
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "no-struct": {"w_struct": 0.0},
    "no-valid": {"w_valid": 0.0},
    "no-syntax": {"w_valid": 0.0, "w_correct": 0.0},
}
PARTS = ("valid", "struct", "format", "correct")
MEASURES = {
    "json_validity": Measure("JSON validity", curve=True),
    "structural_accuracy": Measure("structural accuracy", curve=True),
    "format_consistency": Measure("format consistency"),
    "content_accuracy": Measure("content accuracy", curve=True),
    **{f"half/{part}": Measure(f"R_{part}: half its gain by step", ".0f") for part in ("valid", "struct", "correct")},
}


class Imitation(Objective):
    """Supervised fine-tuning on the seam: the completions are demonstrations, the loss their −log π per token."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        """As many demonstrations as a reinforced policy would draw completions."""
        for chain in chains:
            chain.add(chain.row["demonstrations"][chain.slot])
            chain.add([policy.tokenizer.eos_token_id])

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        return -masked_mean(batch.logps, batch.mask), {}


def start(seed: int) -> WarmStart:
    """Records, two hundred and fifty steps."""
    return WarmStart(tasks=(TASK,), seed=seed, steps=250)


def rows(seed: int) -> list[Row]:
    """Training prompts, each with as many demonstrations as a group has completions."""
    rng = random.Random(f"rl-struct/{seed}")
    drawn = draw_rows(TASK, 1500, seed=seed)
    return [{**row, "demonstrations": [TASK.demonstrate(row, rng) for _ in range(GROUP)]} for row in drawn]


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """The columns of the paper's tables, on held-out prompts sampled at temperature 1."""
    held_out = draw_rows(TASK, HELD_OUT, seed=0, split="held-out")
    prompts = [row["prompt"] for row in held_out]
    texts = sample_completions(policy, tokenizer, prompts, new_tokens=TASK.new_tokens)
    scores = FieldF1Judge("expected")(completions=texts, expected=[row["expected"] for row in held_out])
    content = fmean(score for score in scores if score is not None)
    metrics = structure_metrics(texts, KEYS) | {"content_accuracy": content}
    return {name: metrics[name] for name in MEASURES if name in metrics}


PLAYGROUND = PlaygroundRun(
    start=start,
    rows=rows,
    reward=None,
    measure=measure,
    config={
        "required_keys": KEYS,
        "reference_column": "expected",
        "length_max": 40,
        "num_generations": GROUP,
        "per_device_train_batch_size": GROUP * PROMPTS,
        "max_completion_length": TASK.new_tokens,
        "learning_rate": 1e-4,
    },
    logged={f"train/{part}": f"rewards/{part}/mean" for part in PARTS},
)


def run(setting: Setting) -> Result:
    """Train one arm."""
    if setting.arm == "sft":
        return PLAYGROUND.train(setting, RLStructTrainer, objective=Imitation)
    return with_rises(PLAYGROUND.train(setting, RLStructTrainer, **WEIGHTS.get(setting.arm, {})))


def with_rises(result: Result) -> Result:
    """The result with the steps by which its parts had made half their gain, in runs that are long enough to say."""
    steps = {}
    for part in PARTS:
        curve = result.curves[f"train/{part}"]
        step = rise_of(part, curve, WINDOW).step if len(curve) >= WINDOW else None
        if f"half/{part}" in MEASURES and step is not None:
            steps[f"half/{part}"] = float(step)
    return result.with_final(**steps)


def _ends_above(measured: str, arm: str, than: str) -> Any:
    def holds(results: Mapping[str, Result]) -> bool:
        ours = results[arm]
        return ours.final[measured] > max(ours.start[measured], results[than].final[measured])

    return holds


def _keys_stay_missing(results: Mapping[str, Result]) -> bool:
    """At least half of the answers that lacked a key at the start still do, while validity has risen."""
    ours = results["no-struct"]
    missing = 1 - ours.final["structural_accuracy"]
    return (
        missing >= 0.5 * (1 - ours.start["structural_accuracy"])
        and ours.final["json_validity"] > ours.start["json_validity"]
    )


def _validity_lost(results: Mapping[str, Result], arm: str) -> float:
    return results["rl-struct"].final["json_validity"] - results[arm].final["json_validity"]


def _structure_without_syntax(results: Mapping[str, Result]) -> bool:
    ours = results["no-syntax"]
    learned = ours.final["structural_accuracy"] > ours.start["structural_accuracy"]
    return learned and _validity_lost(results, "no-syntax") >= 0.2


def _before_content(part: str) -> Any:
    def holds(results: Mapping[str, Result]) -> bool:
        steps = results["rl-struct"].final
        return steps.get(f"half/{part}", inf) <= steps.get("half/correct", inf) < inf

    return holds


EXPERIMENTS = (
    Experiment(
        name="rl-struct",
        title="RL-Struct's structured reward against imitation, and without one of its parts",
        arms=ARMS,
        measures=MEASURES,
        run=run,
        steps=50,
        quick_steps=3,
        claims=(
            Claim(
                "RL-Struct ends with higher JSON validity than the start and SFT",
                _ends_above("json_validity", "rl-struct", "sft"),
            ),
            Claim(
                "RL-Struct ends with higher structural accuracy than the start and SFT",
                _ends_above("structural_accuracy", "rl-struct", "sft"),
            ),
            Claim("without R_struct validity rises and keys stay missing", _keys_stay_missing),
            Claim(
                "without R_valid JSON validity ends at least 0.1 lower",
                lambda results: _validity_lost(results, "no-valid") >= 0.1,
            ),
            Claim(
                "without R_valid and R_correct JSON validity ends at least 0.2 lower, and structure is learned",
                _structure_without_syntax,
            ),
            Claim("R_valid makes half its gain no later than R_correct", _before_content("valid")),
            Claim("R_struct makes half its gain no later than R_correct", _before_content("struct")),
        ),
        prepare=PLAYGROUND.prepare,
    ),
)
