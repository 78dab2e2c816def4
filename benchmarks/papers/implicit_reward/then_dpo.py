"""f-SFT, and then DPO from where it got to: what each kind of fine-tuning leaves to the preferences.

The policy says a digit in four ways, equally often. Demonstrations use one of them, and three in ten of them have a
wrong digit; preferences are raters' comparisons of the four.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from trl import SFTConfig, SFTTrainer

from ....trainers import DPOConfig, DPOTrainer, FSFTConfig, FSFTTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import train_arm
from ...playground.cache import cached_warm_start, load_warm_start
from ...playground.exact import probability_right
from ...playground.fitting import fit
from ...playground.phrasings import BATCH, SETTINGS, TASK, Distribution, preference_pairs, prepare, warm_start

SFT_STEPS, DPO_STEPS, QUICK_STEPS, EVERY, BETA, NOISE, RATE = 60, 40, 2, 5, 0.1, 0.3, 2e-4
LEARNING = {**SETTINGS, "learning_rate": RATE}
SHOWN = 1  # the phrasing of demonstrations: "it is 7."

# name -> (label, settings of f-SFT; none for TRL's own trainer, None for no fine-tuning at all)
ARMS: dict[str, tuple[str, dict[str, Any] | None]] = {
    "sft": ("SFT, DPO", {}),
    "lr-factor": ("SFT with a quarter of the rate, DPO", {"divergence": "total_variation", "lr_factor": 0.25}),
    "chi2": ("χ², DPO", {"divergence": "pearson_chi2"}),
    "hellinger": ("Hellinger², DPO", {"divergence": "squared_hellinger"}),
    "none": ("DPO alone", None),
}

FINE_TUNED = tuple(arm for arm, (_, settings) in ARMS.items() if settings is not None)


def demonstrations(count: int, *, seed: int) -> list[dict[str, str]]:
    """Digits in one phrasing; three in ten are wrong."""
    rng, rows = random.Random(f"implicit-reward-dpo/{seed}"), TASK.every_row("train")
    found = []
    for _ in range(count):
        row = rng.choice(rows)
        wrong = rng.random() < NOISE
        digit = rng.choice([d for d in range(10) if d != row["digit"]]) if wrong else row["digit"]
        found.append({"prompt": str(row["prompt"]), "completion": TASK.answers({"digit": digit})[SHOWN]})
    return found


def run(setting: Setting) -> Result:
    """Fine-tune, then learn from preferences; measured on held-out prompts from the end of the first on."""
    policy, tokenizer = load_warm_start(cached_warm_start(warm_start(setting.seed)))
    start = Distribution.of(policy, tokenizer)
    _, settings = ARMS[setting.arm]
    if settings is not None:
        trainer, config = (FSFTTrainer, FSFTConfig) if settings else (SFTTrainer, SFTConfig)
        steps = QUICK_STEPS if setting.quick else SFT_STEPS
        shown = demonstrations(steps * BATCH, seed=setting.seed)
        budget = {"max_steps": steps, "seed": setting.seed}
        fit(trainer, config, policy, tokenizer, shown, {**LEARNING, **budget, **settings})
    tuned, nll = Distribution.of(policy, tokenizer), _nll(policy, tokenizer)

    def measure() -> dict[str, float]:
        now = Distribution.of(policy, tokenizer)
        worth = {"reward": now.reward, "margin": now.margin(tuned), "kl": now.kl(start), "other": now.other}
        return worth | {"nll": _nll(policy, tokenizer)}

    pairs, settings = preference_pairs(setting), {**LEARNING, "beta": BETA}
    result = train_arm(
        setting, DPOTrainer, DPOConfig, policy, tokenizer, pairs, measure, every=EVERY, settings=settings
    )
    after_sft = {"sft_kl": tuned.kl(start), "sft_nll": nll, "sft_other": tuned.other}
    # The start of DPO is the end of the fine-tuning: another one in every arm, so that the table has no line for it.
    return replace(result, start={}).with_final(**after_sft)


def _nll(policy: Any, tokenizer: Any) -> float:
    """Of right demonstrations of held-out prompts, in nats an answer."""
    rows = [{"prompt": row["prompt"], "expected": TASK.answers(row)[SHOWN]} for row in TASK.every_row("held-out")]
    return -probability_right(policy, tokenizer, rows).log().mean().item()


def _fewer(measure: str) -> Callable[[Mapping[str, Result]], bool]:
    return lambda results: all(
        results[arm].final[measure] < results["sft"].final[measure] for arm in ("chi2", "hellinger", "lr-factor")
    )


EXPERIMENT = Experiment(
    name="implicit-reward-dpo",
    title="Noisy demonstrations, then preferences: what each kind of fine-tuning leaves to DPO",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures={
        "sft_kl": Measure("SFT: KL to the start", ".2f"),
        "sft_nll": Measure("SFT: NLL", ".2f"),
        "sft_other": Measure("SFT: P(other)", ".3f"),
        "reward": Measure("DPO: reward", ".2f", curve=True),
        "margin": Measure("DPO: margin", ".1f"),
        "kl": Measure("DPO: KL to the start", ".2f", curve=True),
        "nll": Measure("DPO: NLL", ".1f"),
        "other": Measure("DPO: P(other)", ".3f", curve=True),
    },
    run=run,
    steps=DPO_STEPS,
    quick_steps=QUICK_STEPS,
    claims=(
        Claim("every other fine-tuning takes up fewer wrong digits than SFT", _fewer("sft_other")),
        Claim("and gives fewer other answers after DPO", _fewer("other")),
        Claim(
            "of the fine-tunings, a quarter of the rate has the highest reward after DPO",
            lambda results: max(FINE_TUNED, key=lambda arm: results[arm].final["reward"]) == "lr-factor",
        ),
        Claim(
            "χ² goes as far as SFT (KL within .1) and has half its NLL of right demonstrations",
            lambda results: (
                abs(results["chi2"].final["sft_kl"] - results["sft"].final["sft_kl"]) < 0.1
                and results["chi2"].final["sft_nll"] < results["sft"].final["sft_nll"] / 2
            ),
        ),
    ),
    prepare=prepare,
    step_name="optimizer steps of DPO",
)
