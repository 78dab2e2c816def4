"""A limit on length beside fixed prices for it: the policy may use 40 % of the characters, whatever the reward is.

More praise earns more, each time less, and costs characters. Some fixed price for a character gives just this length;
which one depends on the scale of the reward and is not known before a search.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import fmean
from typing import Any

from ....rewards import Constrained, Reward
from ....trainers import GRPO, ObjectiveTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.arm import PlaygroundRun
from .praise import Praise, length, praise, rows, sampled, warm_start

LIMIT, WITHIN = 0.4, 0.04

ARMS: Mapping[str, tuple[str, Callable[[], Reward]]] = {
    "low": ("price 0.3", lambda: praise - 0.3 * length),
    "middle": ("price 1", lambda: praise - 1.0 * length),
    "high": ("price 3", lambda: praise - 3.0 * length),
    "constrained": (
        f"Constrained, limit {LIMIT}",
        lambda: Constrained(praise, costs={"length": length}, limits={"length": LIMIT}, eta=1.0),
    ),
}


def measure(policy: Any, tokenizer: Any) -> dict[str, float]:
    """Means over 200 sampled texts."""
    texts = sampled(policy, tokenizer)
    said = {"cost": length.verdicts(texts), "reward": praise.verdicts(texts)}
    return {name: fmean(verdict.score or 0.0 for verdict in verdicts) for name, verdicts in said.items()}


TALK = PlaygroundRun(
    start=warm_start,
    rows=rows,
    reward=None,
    measure=measure,
    config={
        "per_device_train_batch_size": 16,  # 2 prompts, 8 answers each
        "gradient_accumulation_steps": 1,
        "max_completion_length": Praise.new_tokens,
        "learning_rate": 2e-4,
        "loss_type": "dapo",
        "scale_rewards": "none",
    },
    logged={"cost": "length/score", "reward": "praise/score"},
)


def run(setting: Setting) -> Result:
    """Train one arm; means of the training batches of the second half, for a multiplier moves around its place."""
    reward = ARMS[setting.arm][1]()
    result = replace(TALK, reward=reward).train(setting, ObjectiveTrainer, objective=GRPO)
    late = {
        f"late {name}": fmean(value for step, value in result.curves[name] if step > setting.steps // 2)
        for name in ("cost", "reward")
    }
    notes = {"multiplier": reward.multipliers.values["length"]} if isinstance(reward, Constrained) else {}
    return replace(result.with_final(**late), notes=notes)


def holds_the_limit(results: Mapping[str, Result]) -> bool:
    """Whether the constrained arm is near its limit, from both sides: a limit that is not used is given away."""
    return abs(results["constrained"].final["late cost"] - LIMIT) <= WITHIN


def needs_a_search(results: Mapping[str, Result]) -> bool:
    """Whether of three prices, each three times the one before, at most one is as near."""
    near = [abs(results[arm].final["late cost"] - LIMIT) <= WITHIN for arm in ("low", "middle", "high")]
    return sum(near) <= 1


EXPERIMENT = Experiment(
    name="ogsrl-limit",
    title="Praise at a price for each character, or within a limit on characters",
    arms={name: label for name, (label, _) in ARMS.items()},
    measures={
        "late cost": Measure("length, second half", ".3f"),
        "late reward": Measure("praise, second half", ".3f"),
        "cost": Measure("length", ".3f", curve=True),
        "reward": Measure("praise", ".3f", curve=True),
    },
    run=run,
    steps=120,
    quick_steps=3,
    claims=(
        Claim(f"the constrained arm's length is within {WITHIN} of its limit", holds_the_limit),
        Claim("of three prices, each three times the last, at most one is", needs_a_search),
    ),
    prepare=TALK.prepare,
)
