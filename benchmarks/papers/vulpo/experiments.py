"""VULPO against a reward that only compares labels, where four functions in five are patched.

The warm start says NO_VUL nine times out of ten, so few reports on vulnerable functions say otherwise, and most of what
is trained on rewards NO_VUL. Every arm has the same prompts, the same steps and advantages without a standard
deviation; what differs is the reward and the weight of a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

from ....judges.vulnerability import HAS_VUL, NO_VUL, RuleVulnerabilityJudge, format_valid, pair_metrics
from ....trainers import ObjectiveTrainer, VULPOTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from ...playground.sampling import sample_completions
from ...playground.tasks import Row, draw_rows
from ...playground.tokenizer import character_tokenizer
from ...playground.warmstart import WarmStart
from .functions import Reports, grade, held_out_pairs

TASK = Reports()
MIXTURE = replace(TASK, patched=0.8)
PAIRS, SAMPLES = 48, 4


def label_match(completions: Sequence[str], is_vulnerable: Sequence[bool], **_: Any) -> list[float]:
    """+1 for a report of the right form that says what the label says, else −1."""
    return [
        1.0 if format_valid(text) and ((HAS_VUL if label else NO_VUL) in text) else -1.0
        for text, label in zip(completions, is_vulnerable, strict=True)
    ]


# name -> (label, trainer, reward, settings)
JUDGE = RuleVulnerabilityJudge(grade, end=character_tokenizer().eos_token_id)
ARMS: dict[str, tuple[str, type[ObjectiveTrainer], Any, dict[str, Any]]] = {
    "label-match": ("GRPO, ±1 for the right label", ObjectiveTrainer, label_match, {}),
    "vulpo": ("VULPO", VULPOTrainer, JUDGE, {}),
    "vulpo-symmetric": ("VULPO, symmetric table", VULPOTrainer, JUDGE, {"preset": "symmetric"}),
    "vulpo-unmasked": ("VULPO, no sample weight", VULPOTrainer, JUDGE, {"sample_weight": "none"}),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that learned to tell the functions apart and then to say NO_VUL."""
    return WarmStart(tasks=(TASK,), seed=seed, steps=360, batch=32, clean=0.8)


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """How well pairs of held-out functions are told apart, sampled at temperature 1."""
    pairs = held_out_pairs(TASK, PAIRS)
    vulnerable, patched = (
        _right(policy, tokenizer, [pair[member] for pair in pairs], seed=member) for member in (0, 1)
    )
    metrics = pair_metrics(
        [[found for found, _ in row] for row in vulnerable], [[not right for right, _ in row] for row in patched]
    )
    return {
        "recall": fmean(found for row in vulnerable for found, _ in row),
        "pairs": metrics["P-Pass@1"],
        "f1": metrics["F1"],
        "flagged": fmean(not right for row in patched for right, _ in row),
        "located": fmean(located for row in vulnerable for _, located in row),
    }


def _right(policy: Any, tokenizer: Any, rows: Sequence[Row], seed: int) -> list[list[tuple[bool, bool]]]:
    """Of every sample of every row, whether its prediction (and format), and all of it, is right."""
    repeated = [row for row in rows for _ in range(SAMPLES)]
    prompts = [row["prompt"] for row in repeated]
    texts = sample_completions(policy, tokenizer, prompts, new_tokens=TASK.new_tokens, seed=seed)
    columns = {name: [row[name] for row in repeated] for name in ("is_vulnerable", "buffer", "index")}
    verdicts = JUDGE.verdicts(texts, **columns)
    outcomes = [
        (verdict.evidence["prediction"] == "CORRECT" and format_valid(text), bool(verdict.passed))
        for verdict, text in zip(verdicts, texts, strict=True)
    ]
    return [outcomes[first : first + SAMPLES] for first in range(0, len(outcomes), SAMPLES)]


PLAYGROUND = PlaygroundRun(
    start=warm_start,
    rows=lambda seed: draw_rows(MIXTURE, 1500, seed=seed),
    reward=None,
    measure=measure,
    config={
        "max_completion_length": TASK.new_tokens,
        "learning_rate": 1e-4,
        "gradient_accumulation_steps": 1,
        "warmup_steps": 0,
        "max_grad_norm": 1.0,
        "top_p": 1.0,
        "scale_rewards": "none",
        "loss_type": "dapo",
    },
    every=20,
)


def run(setting: Setting) -> Result:
    """Train one arm; pairs every 20 steps."""
    _, trainer, reward, settings = ARMS[setting.arm]
    result = replace(PLAYGROUND, reward=reward).train(setting, trainer, **settings)
    halfway = {
        f"{name}_halfway": next(value for step, value in result.curves[name] if step >= setting.steps / 2)
        for name in ("recall", "pairs")
    }
    return result.with_final(**halfway)


EXPERIMENTS = (
    Experiment(
        name="vulpo",
        title="Reports on functions of which four in five are patched, by a policy that prefers NO_VUL",
        arms={name: label for name, (label, *_) in ARMS.items()},
        measures={
            "recall_halfway": Measure("recall, halfway"),
            "pairs_halfway": Measure("P-Pass@1, halfway"),
            "recall": Measure("recall on vulnerable", curve=True),
            "pairs": Measure("P-Pass@1", curve=True),
            "f1": Measure("F1"),
            "flagged": Measure("patched functions flagged", curve=True),
            "located": Measure("found, located, explained", curve=True),
        },
        run=run,
        steps=80,
        quick_steps=3,
        claims=(
            Claim(
                "Halfway VULPO's recall on vulnerable functions is above label match",
                above("vulpo", "label-match", "recall_halfway"),
            ),
            Claim("Halfway VULPO's P-Pass@1 is above label match", above("vulpo", "label-match", "pairs_halfway")),
            Claim("VULPO's recall ends above label match", above("vulpo", "label-match", "recall")),
            Claim("VULPO's P-Pass@1 ends above label match", above("vulpo", "label-match", "pairs")),
        ),
        prepare=PLAYGROUND.prepare,
    ),
)
