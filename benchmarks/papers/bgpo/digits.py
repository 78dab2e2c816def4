"""How many maskings? A canvas of eight digits after two, worth the share of them that are the sum's last digit.

    37  ->  20041709      2 of 8 digits are (3 + 7) mod 10

The policy was shown canvases in which 37 digits of 100 are right. It is small, and the reward is dense:
what differs between arms is how noisy the gradient is.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache
from statistics import fmean
from typing import Any

from tokenizers import Tokenizer, decoders, models
from transformers import PreTrainedTokenizerFast

from ....judges import judge
from ....trainers.papers.bgpo import BGPOConfig, BGPOTrainer
from ....trainers.papers.bgpo.canvas import Canvas
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import train_arm
from .mask_filler import demonstrate_to, fill_canvases, mask_filler

LENGTH, RIGHT = 8, 0.3
PROMPTS = [f"{a}{b}" for a in range(10) for b in range(10)]
ARMS: Mapping[str, tuple[str, int]] = {
    "one": ("BGPO, 1 masking", 1),
    "sixteen": ("BGPO, 16 maskings", 16),
}


@cache
def digit_tokenizer() -> PreTrainedTokenizerFast:
    """A token a digit, and an end."""
    vocabulary = {token: number for number, token in enumerate([*"0123456789", "<end>"])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    core.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=core, pad_token="<end>", eos_token="<end>", padding_side="left")


def last_digit(prompt: str) -> str:
    """Of the sum of the prompt's two digits."""
    return str((int(prompt[0]) + int(prompt[1])) % 10)


@judge
def share_of_the_sum(completion: str, prompt: str) -> float:
    """Which share of the canvas is the last digit of the sum."""
    return completion.count(last_digit(prompt)) / LENGTH


def demonstration(rng: random.Random) -> tuple[str, str]:
    """A prompt with a noisy canvas."""
    prompt = rng.choice(PROMPTS)
    digits = (last_digit(prompt) if rng.random() < RIGHT else str(rng.randint(0, 9)) for _ in range(LENGTH))
    return prompt, "".join(digits)


def policy_of(seed: int) -> Any:
    """The policy that every arm starts from."""
    tokenizer = digit_tokenizer()
    model = mask_filler(tokenizer, seed=seed, hidden=48, layers=2, heads=4)
    demonstrate_to(model, tokenizer, demonstration, seed=seed, length=LENGTH, steps=700, batch=32, learning_rate=3e-3)
    return model


def run(setting: Setting) -> Result:
    """Train one arm: 8 prompts of 8 canvases a step."""
    policy, tokenizer = policy_of(setting.seed), digit_tokenizer()
    canvas = Canvas(LENGTH, LENGTH, LENGTH, temperature=1.0)

    def measure() -> dict[str, float]:
        texts = fill_canvases(policy, tokenizer, PROMPTS * 2, canvas)
        scores = share_of_the_sum(completions=texts, prompts=PROMPTS * 2)
        return {"share": fmean(score or 0.0 for score in scores)}

    return train_arm(
        setting,
        BGPOTrainer,
        BGPOConfig,
        policy,
        tokenizer,
        [{"prompt": prompt} for prompt in PROMPTS],
        measure,
        every=20,
        settings={
            "num_maskings": ARMS[setting.arm][1],
            "per_device_train_batch_size": 64,
            "num_generations": 8,
            "max_completion_length": LENGTH,
            "temperature": 1.0,
            "learning_rate": 1e-3,
            "lr_scheduler_type": "constant",
        },
        reward_funcs=share_of_the_sum,
    )


EXPERIMENT = Experiment(
    name="bgpo",
    title="More maskings, the same number of updates: digits on a canvas",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures={"share": Measure("share of right digits", ".3f", curve=True)},
    run=run,
    steps=100,
    quick_steps=3,
    claims=(
        Claim("16 maskings end above 1", above("sixteen", "one", "share")),
        Claim("16 maskings end above the start", lambda r: r["sixteen"].final["share"] > r["sixteen"].start["share"]),
    ),
)
