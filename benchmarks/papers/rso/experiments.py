"""RSO end to end: one pool of sampled answers, judged, and several ways to make a number of pairs of it.

Two-digit sums; the reward wants a right answer and one working: not none, not two. All arms see the same candidates of
the warm start, train on as many pairs for as many steps, and are measured on held-out sums.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....judges import LengthJudge
from ....rewards import ModelGenerator, preferences
from ....rewards.preferences.shards import write_whole
from ....trainers import RSOConfig, RSOTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import train_arm
from ...playground.cache import cache_directory, cached_warm_start, load_warm_start
from ...playground.hacking.judges import right_sum
from ...playground.heldout import HeldOut
from ...playground.tasks import Arithmetic, Row, draw_rows
from ...playground.warmstart import WarmStart
from .policy import EXPERIMENT as POLICY
from .policy import STRAIGHT

PROMPTS, QUICK_PROMPTS, CANDIDATES, KEPT, BETA = 128, 8, 32, 4, 0.5
STEPS, EVERY, BATCH, HELD_OUT = 40, 20, 16, 256
GAMMA, RATE = 0.5, 5e-5
ONE_WORKING, TOLERANCE = 28, 20  # characters of an answer with one working, and how far from it earns nothing
REWARD = right_sum + 0.5 * LengthJudge(target=ONE_WORKING, tolerance=TOLERANCE, unit="characters")

# name -> (label, how pairs are made, how they are learned); 4 of 32 candidates are kept, an eighth as in the paper
AS_DRAWN: dict[str, Any] = {"merge_duplicates": False}
ARMS: Mapping[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "sft": ("pairs of SFT samples", {"select": "first_round"} | AS_DRAWN, {}),
    "sft-distinct": ("pairs of different SFT samples", {"select": "first_round"}, {}),
    "best-worst": ("best and worst", {"select": "best_worst"}, {}),
    "rso": ("RSO", {"select": "rso"}, {}),
    "rso-hinge-norm": ("RSO, hinge-norm", {"select": "rso"}, {"loss": "hinge_norm"}),
    "rso-as-drawn": ("RSO, equal samples not merged", {"select": "rso"} | AS_DRAWN, {}),
}


def warm_start(seed: int) -> WarmStart:
    """A policy that answers half of the sums right, with a working, with two, or with none."""
    return WarmStart(tasks=(Arithmetic(),), seed=seed, steps=320, batch=64, warmup=40)


def candidates(seed: int, prompts: int) -> list[Row]:
    """Training rows with sampled answers in the column `sampled`, kept beside the warm start."""
    entry = cached_warm_start(warm_start(seed))
    file = cache_directory() / "candidates" / f"{entry.name}-{prompts}x{CANDIDATES}.json"
    if not file.exists():
        policy, tokenizer = load_warm_start(entry)
        # The policy itself, temperature 1: what is accepted is to follow π_sft · exp(r/β).
        new_tokens = Arithmetic.new_tokens
        generate = ModelGenerator(policy, tokenizer, temperature=1.0, top_k=0, max_new_tokens=new_tokens, batch=512)
        rows = draw_rows(Arithmetic(), prompts, seed=seed)
        sampled = generate([row["prompt"] for row in rows], CANDIDATES, list(range(prompts)))
        file.parent.mkdir(parents=True, exist_ok=True)
        made = [row | {"sampled": several} for row, several in zip(rows, sampled, strict=True)]
        write_whole(file, json.dumps(made).encode())
    found: list[Row] = json.loads(file.read_text())
    return found


def prepare(seed: int) -> None:
    """Train the warm start and sample from it."""
    candidates(seed, PROMPTS)


def run(setting: Setting) -> Result:
    """Make one arm's pairs, and train on them."""
    _, pairing, learning = ARMS[setting.arm]
    prompts = QUICK_PROMPTS if setting.quick else PROMPTS
    sampled = candidates(setting.seed, prompts)
    made = preferences(
        sampled,
        REWARD,
        generate="sampled",
        keep=KEPT,
        beta=BETA,
        seed=setting.seed,
        **pairing,
    )
    pairs = made.shuffle(seed=setting.seed).select(range(min(prompts, len(made))))
    policy, tokenizer = load_warm_start(cached_warm_start(warm_start(setting.seed)))
    reference, _ = load_warm_start(cached_warm_start(warm_start(setting.seed)))
    rows = draw_rows(Arithmetic(), 32 if setting.quick else HELD_OUT, seed=setting.seed, split="held-out")
    held_out = HeldOut(rows, REWARD, Arithmetic.new_tokens, seed=setting.seed)

    def measure() -> dict[str, float]:
        measured = held_out.measure(policy, tokenizer)
        return {"reward": measured.reward, **{MEASURED[name]: value for name, value in measured.parts.items()}}

    data = pairs.select_columns(["prompt", "chosen", "rejected"])
    settings = {**SETTINGS, **learning}
    result = train_arm(
        setting,
        RSOTrainer,
        RSOConfig,
        policy,
        tokenizer,
        data,
        measure,
        every=EVERY,
        settings=settings,
        ref_model=reference,
    )
    return replace(result.with_final(**described(pairs, sampled)), notes={"pairs": made.info.description})


SETTINGS: Mapping[str, Any] = {
    "per_device_train_batch_size": BATCH,
    "gamma": GAMMA,
    "learning_rate": RATE,
    "optim": "adamw_torch",
    "lr_scheduler_type": "constant",
}


def described(pairs: Any, sampled: list[Row]) -> dict[str, float]:
    """What the pairs are: how good, how often the rejected one is right too, and how common it is."""
    rows = [sampled[row] for row in pairs["row"]]
    rejected = list(zip(rows, pairs["rejected"], strict=True))
    return {
        "pairs": float(len(pairs)),
        "chosen": mean(pairs["chosen_score"]),
        "rejected": mean(pairs["rejected_score"]),
        "rejected_right": mean([right_sum.verdict(text, solution=row["solution"]).score for row, text in rejected]),
        "rejected_times": mean([row["sampled"].count(text) for row, text in rejected]),
    }


def mean(values: Any) -> float:
    """0 of nothing."""
    return sum(values) / max(len(values), 1)


MEASURED = {"right_sum": "right", "length": "length"}
MEASURES = {
    "reward": Measure("reward", ".3f", curve=True),
    "right": Measure("right", ".3f", curve=True),
    "length": Measure("length score", ".3f", curve=True),
    "pairs": Measure("pairs", ".0f"),
    "chosen": Measure("chosen's reward", ".2f"),
    "rejected": Measure("rejected's reward", ".2f"),
    "rejected_right": Measure("rejected is right", ".2f"),
    "rejected_times": Measure(f"times it is among {CANDIDATES}", ".1f"),
}


EXPERIMENTS = (
    Experiment(
        name="rso",
        title="Sums: the same number of pairs, made of one pool of answers in several ways",
        arms={name: label for name, (label, *_) in ARMS.items()},
        measures=MEASURES,
        run=run,
        steps=STEPS,
        quick_steps=3,
        claims=(
            Claim("RSO ends with a higher reward than pairs of SFT samples", above("rso", "sft", "reward")),
            Claim("RSO ends above pairs of different SFT samples", above("rso", "sft-distinct", "reward")),
            Claim("RSO ends above best and worst", above("rso", "best-worst", "reward")),
            Claim(
                "RSO ends above the warm start, with either loss",
                lambda results: all(
                    results[arm].final["reward"] > results[arm].start["reward"] for arm in ("rso", "rso-hinge-norm")
                ),
            ),
        ),
        prepare=prepare,
    ),
    POLICY,
    STRAIGHT,
)
