"""f-SFT against plain SFT: how far a policy is carried from its start, and what it learns of noisy demonstrations.

The policy has two layers and random weights. Three demonstrations in ten answer wrong. On prompts that it was not
trained on, KL is exact: over the whole vocabulary, at every token of a demonstration.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from trl import SFTConfig, SFTTrainer

from ....trainers import FSFTConfig, FSFTTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import train_arm
from ...playground.policy import tiny_policy
from ...playground.tasks import MIRRORED, Pairs, Split, draw_rows
from ...playground.tokenizer import character_tokenizer
from .tabular import EXPERIMENT as TABULAR
from .then_dpo import EXPERIMENT as PIPELINE

STEPS, EVERY, BATCH, RATE, NOISE = 30, 2, 16, 1e-2, 0.3
TASK = Pairs(right=(1 - NOISE,) * len(MIRRORED))

# name -> (label, settings of f-SFT; none for TRL's own trainer)
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "sft": ("SFT", {}),
    "lr-factor": ("SFT, a quarter of the rate", {"divergence": "total_variation", "lr_factor": 0.25}),
    "chi2": ("χ²", {"divergence": "pearson_chi2"}),
    "hellinger": ("Hellinger²", {"divergence": "squared_hellinger"}),
    "reverse_kl": ("reverse KL", {"divergence": "reverse_kl"}),
    "jensen_shannon": ("Jensen-Shannon", {"divergence": "jensen_shannon"}),
}


def demonstrations(split: Split, count: int, *, seed: int) -> list[dict[str, str]]:
    """Prompts of one side, each with one answer, that is wrong in three cases of ten."""
    rng = random.Random(f"implicit-reward/{split}/{seed}")
    rows = draw_rows(TASK, count, seed=seed, split=split)
    return [{"prompt": str(row["prompt"]), "completion": TASK.demonstrate(row, rng)} for row in rows]


class Fresh:
    """Demonstrations nobody trains on, and what the start says of them."""

    def __init__(self, start: Any, tokenizer: Any, seed: int, count: int = 200) -> None:
        rows = demonstrations("held-out", count, seed=seed)
        prompts = [tokenizer(row["prompt"]).input_ids for row in rows]
        whole = [[*tokenizer(row["prompt"] + row["completion"]).input_ids, tokenizer.eos_token_id] for row in rows]
        self.ids = torch.zeros(len(rows), max(map(len, whole)), dtype=torch.long)
        self.learned = torch.zeros_like(self.ids, dtype=torch.bool)
        for row, (prompt, ids) in enumerate(zip(prompts, whole, strict=True)):
            self.ids[row, : len(ids)] = torch.tensor(ids)
            self.learned[row, len(prompt) : len(ids)] = True
        self.start = self._log_probs(start)

    def measure(self, policy: Any) -> dict[str, float]:
        """KL from the start and negative log-likelihood, in nats a token."""
        now = self._log_probs(policy)
        kl = (now.exp() * (now - self.start)).sum(-1)
        taken = self.ids[:, 1:][self.learned[:, 1:]]
        return {"kl": kl.mean().item(), "nll": -now.gather(-1, taken[:, None]).mean().item()}

    @torch.no_grad()
    def _log_probs(self, policy: Any) -> Tensor:
        """`(tokens, vocabulary)`. Padding is on the right, where causal attention needs no mask."""
        before = policy.training
        policy.eval()
        logits = policy(input_ids=self.ids).logits[:, :-1]
        policy.train(before)
        log_probs: Tensor = logits[self.learned[:, 1:]].double().log_softmax(-1)
        return log_probs


def run(setting: Setting) -> Result:
    """Train one arm; measured on fresh prompts every other step."""
    tokenizer = character_tokenizer()
    policy = tiny_policy(tokenizer, seed=setting.seed, hidden=32, layers=2, heads=2, mlp=64)
    fresh = Fresh(policy, tokenizer, setting.seed)
    _, settings = ARMS[setting.arm]
    trainer, config = (FSFTTrainer, FSFTConfig) if settings else (SFTTrainer, SFTConfig)
    return train_arm(
        setting,
        trainer,
        config,
        policy,
        tokenizer,
        demonstrations("train", setting.steps * BATCH, seed=setting.seed),
        lambda: fresh.measure(policy),
        every=EVERY,
        settings={**SETTINGS, **settings},
    )


SETTINGS: Mapping[str, Any] = {
    "per_device_train_batch_size": BATCH,
    "learning_rate": RATE,
    "optim": "adamw_torch",
    "lr_scheduler_type": "constant",
    "max_grad_norm": 1.0,
}

OTHERS = tuple(arm for arm in ARMS if arm != "sft")


def _every_other(holds: Callable[[float, float], bool], measure: str) -> Callable[[Mapping[str, Result]], bool]:
    return lambda results: all(holds(results[arm].final[measure], results["sft"].final[measure]) for arm in OTHERS)


def beside_sft(results: Mapping[str, Result], arm: str) -> float:
    """By how much an arm's NLL at the end is above the one that SFT had when it was just as far from the start."""
    final, sft = results[arm].final, results["sft"].curves
    before = after = (sft["kl"][0][1], sft["nll"][0][1])
    for (_, kl), (_, nll) in zip(sft["kl"], sft["nll"], strict=True):
        before, after = after, (kl, nll)
        if kl >= final["kl"]:
            break
    share = (final["kl"] - before[0]) / max(after[0] - before[0], 1e-9)
    return final["nll"] - (before[1] + share * (after[1] - before[1]))


EXPERIMENTS = (
    Experiment(
        name="implicit-reward",
        title="Noisy demonstrations for a random policy: five ways to stay nearer to the start",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "kl": Measure("KL to the start, a token", ".2f", curve=True),
            "nll": Measure("NLL of fresh demonstrations, a token", ".2f", curve=True),
        },
        run=run,
        steps=STEPS,
        quick_steps=4,
        claims=(
            Claim("every other arm ends nearer to the start than SFT", _every_other(float.__lt__, "kl")),
            Claim("every other arm ends with a higher NLL than SFT", _every_other(float.__gt__, "nll")),
            Claim(
                "a quarter of the rate has a lower NLL than SFT had at the same KL",
                lambda results: beside_sft(results, "lr-factor") < 0,
            ),
            Claim(
                "Hellinger², reverse KL and Jensen-Shannon are within .15 of what SFT had at the same KL",
                lambda results: all(
                    abs(beside_sft(results, arm)) < 0.15 for arm in ("hellinger", "reverse_kl", "jensen_shannon")
                ),
            ),
            Claim(
                "χ² has a higher NLL than SFT had at the same KL",
                lambda results: beside_sft(results, "chi2") > 0,
            ),
        ),
    ),
    TABULAR,
    PIPELINE,
)
