"""What stands in the gap? The playground's two-digit sums with one number left out, and a reward composed of judges.

    17+_=45  ->  28

The demonstrators were right half of the time and missed by a little otherwise: the policy knows the answer, and gives
another one as often. The reward is `MathJudge`'s verdict, and a little for two characters and no more.
"""

from __future__ import annotations

import random
import re
from statistics import fmean
from typing import Any

from ....judges import LengthJudge, MathJudge
from ....trainers.papers.bgpo import BGPOConfig, BGPOTrainer, Canvas
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import train_arm
from ...playground.tasks import Arithmetic, Row
from ...playground.tokenizer import character_tokenizer
from .mask_filler import demonstrate_to, fill_canvases, mask_filler

LENGTH, RIGHT, MISSES, LARGEST = 4, 0.5, (-10, -2, -1, 1, 2, 10), 29
HELD_OUT, RATE = 1024, 3e-4
REWARD = MathJudge().named("math") + 0.2 * LengthJudge(2, unit="characters").named("short")


def problem(rng: random.Random) -> Row:
    """A sum with a gap, and what belongs in it; of small numbers, which a small network learns soon."""
    while True:
        row = Arithmetic().problem(rng)
        first, second = map(int, re.findall(r"\d+", str(row["prompt"])))
        if max(first, second) <= LARGEST:
            return {"prompt": f"{first}+_={row['solution']}", "solution": str(second)}


def demonstration(rng: random.Random) -> tuple[str, str]:
    """A problem, and an answer that may be a near miss."""
    row = problem(rng)
    miss = 0 if rng.random() < RIGHT else rng.choice(MISSES)
    return str(row["prompt"]), str(int(str(row["solution"])) + miss)


def policy_of(seed: int) -> Any:
    """The policy before training."""
    tokenizer = character_tokenizer()
    model = mask_filler(tokenizer, seed=seed, hidden=64, layers=2, heads=4)
    demonstrate_to(model, tokenizer, demonstration, seed=seed, length=LENGTH, steps=900, batch=64, learning_rate=3e-3)
    return model


def run(setting: Setting) -> Result:
    """Train the only arm: 8 problems, 8 canvases each, 16 maskings of each canvas a step."""
    policy, tokenizer = policy_of(setting.seed), character_tokenizer()
    canvas = Canvas(LENGTH, LENGTH, LENGTH, temperature=1.0)
    held_out = [problem(rng) for rng in [random.Random("held out")] for _ in range(HELD_OUT)]

    def measure() -> dict[str, float]:
        prompts, solutions = ([str(row[name]) for row in held_out] for name in ("prompt", "solution"))
        verdicts = REWARD.verdicts(fill_canvases(policy, tokenizer, prompts, canvas), prompts, solution=solutions)
        rewards, right = zip(*((v.score or 0.0, v.parts[0].score or 0.0) for v in verdicts), strict=True)
        return {"right": fmean(right), "reward": fmean(rewards)}

    rng = random.Random(f"problems/{setting.seed}")
    return train_arm(
        setting,
        BGPOTrainer,
        BGPOConfig,
        policy,
        tokenizer,
        [problem(rng) for _ in range(2000)],
        measure,
        every=20,
        settings={
            "per_device_train_batch_size": 64,
            "num_generations": 8,
            "max_completion_length": LENGTH,
            "diffusion_steps": LENGTH,
            "temperature": 1.0,
            "learning_rate": RATE,
            "lr_scheduler_type": "constant",
        },
        reward_funcs=REWARD,
    )


EXPERIMENT = Experiment(
    name="bgpo-sums",
    title="Sums with a gap, for MathJudge and a little for brevity",
    arms={"bgpo": "BGPO, 16 maskings"},
    measures={"right": Measure("right", ".2f", curve=True), "reward": Measure("reward", ".2f")},
    run=run,
    steps=80,
    quick_steps=3,
    claims=(
        Claim("more are right than before", lambda r: r["bgpo"].final["right"] > r["bgpo"].start["right"]),
        Claim("the reward is higher than before", lambda r: r["bgpo"].final["reward"] > r["bgpo"].start["reward"]),
    ),
)
