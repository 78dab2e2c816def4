"""Coloured shapes: learnt from a classifier's certainty, and measured whether they still are coloured shapes.

Both algorithms have two clip ranges, because one each can be made to show either answer: those of the published runs
carried over by √D (65536 there, 768 here), and ten times as much. Two arms are rewarded at random. Odd seeds start from
another base and have another classifier.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from ....rewards import Function
from ....trainers.diffusion import DiffusionTrainer, Velocity
from ....trainers.papers.grpo_guard import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer
from ...checks import Checks
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...worlds.shapes import BASES, CAPTIONS, Bank, Base, caption, gold_judge, load_base, proxy_judge
from ...worlds.shapes.drawing import SIZE
from ...worlds.shapes.judging import diversity
from ...worlds.shapes.network import encode
from .figure import DRAWN, packed, save_figure

LATE, EVERY = 8, 3
ROWS = [{"prompt": caption(ids), "ids": list(ids)} for ids in CAPTIONS]


@dataclass(frozen=True)
class Arm:
    """label, who trains, ε, and whether the reward is a random number."""

    label: str
    trainer: type[DiffusionTrainer]
    clip_range: float
    random: bool = False


ARMS = {
    "flow-loose": Arm("Flow-GRPO, ε = 1e-3", FlowGRPOTrainer, 1e-3),
    "flow-tight": Arm("Flow-GRPO, ε = 1e-4", FlowGRPOTrainer, 1e-4),
    "guard-loose": Arm("GRPO-Guard, ε = 2e-4", GRPOGuardTrainer, 2e-4),
    "guard-tight": Arm("GRPO-Guard, ε = 2e-5", GRPOGuardTrainer, 2e-5),
    "flow-random": Arm("random reward, Flow-GRPO, ε = 1e-3", FlowGRPOTrainer, 1e-3, random=True),
    "guard-random": Arm("random reward, GRPO-Guard, ε = 2e-5", GRPOGuardTrainer, 2e-5, random=True),
}


class RandomReward:
    """A number that says nothing about the picture."""

    __name__ = "random"

    def __init__(self, seed: int) -> None:
        self.generator = torch.Generator().manual_seed(seed)

    def __call__(self, completions: list[Tensor], **columns: Any) -> list[float]:
        return torch.rand(len(completions), generator=self.generator).tolist()


@cache
def bank() -> Bank:
    """One a process."""
    return Bank()


def base_of(seed: int) -> Base:
    """The base of a seed: they take turns."""
    return load_base(seed % BASES)


def prepare(seed: int) -> None:
    """Train the base, if it is not there yet."""
    base_of(seed)


def measures(trainer: DiffusionTrainer, base: Base) -> tuple[dict[str, float], list[Tensor]]:
    """On 192 pictures, four of each caption, from the same noise always; and these pictures."""
    rows = [row for row in ROWS for _ in range(4)]
    pictures = list(trainer.generate([row["prompt"] for row in rows], seed=1))
    ids = [row["ids"] for row in rows]
    gold = [verdict.score or 0.0 for verdict in gold_judge(bank()).verdicts(pictures, ids=ids)]
    proxy = [verdict.score or 0.0 for verdict in proxy_judge(base.classifier).verdicts(pictures, ids=ids)]
    distance = bank().nearest(torch.stack(pictures)).distance.mean().item()
    return {"proxy": fmean(proxy), "gold": fmean(gold), "distance": distance, "spread": diversity(pictures)}, pictures


def run(setting: Setting) -> Result:
    """Train one arm and measure it every third rollout; the end is the mean of the last two measurements."""
    arm, base = ARMS[setting.arm], base_of(setting.seed)
    config = GRPOGuardConfig if arm.trainer is GRPOGuardTrainer else FlowGRPOConfig
    reward = Function(RandomReward(setting.seed)) if arm.random else proxy_judge(base.classifier)
    checks = Checks(setting, EVERY)
    shown: list[str] = []

    def check() -> dict[str, float]:
        measured, pictures = measures(trainer, base)
        shown.append(packed(pictures))
        return measured

    trainer = arm.trainer(
        Velocity(base.painter, (3, SIZE, SIZE), encode=encode),
        reward,
        args=config(
            max_rollouts=setting.steps,
            num_generations=16,
            prompts_per_rollout=4,
            updates_per_rollout=2,
            num_iterations=4,
            steps_per_update=3,
            eval_num_steps=10,
            clip_range=arm.clip_range,
            adam_epsilon=1e-10,  # gradients of a mean over dimensions are tiny
            ema_decay=None,
            seed=setting.seed,
        ),
        train_dataset=ROWS,
        on_rollout=lambda step, _: checks.at(step, check),
    )
    checks.at(0, check)
    trainer.train()
    result = checks.result()
    end = {name: fmean(value for _, value in curve[-2:]) for name, curve in result.curves.items()}
    log = trainer.log_history
    late = {
        name: fmean(entry[f"{key}/{LATE}"] for entry in log if f"{key}/{LATE}" in entry) for name, key in KEYS.items()
    }
    norm = fmean(entry["grad_norm"] for entry in log if "grad_norm" in entry)
    kept = {"before": shown[0], "after": shown[-1]} if setting.seed == 0 and setting.arm in DRAWN else {}
    notes = {"base": setting.seed % BASES, **kept}
    final = {**end, "tilt": late["below"] - late["above"], "mean": late["mean"], "drift": late["drift"], "norm": norm}
    return Result(final=final, start=result.start, curves=result.curves, notes=notes)


KEYS = {"above": "clip/above", "below": "clip/below", "mean": "ratio/mean-1", "drift": "drift"}


def gold_at(result: Result, proxy: float) -> float:
    """Gold where the proxy first gets there, between two measurements; NaN if it never does."""
    points = list(zip(result.curves["proxy"], result.curves["gold"], strict=True))
    for ((_, low), (_, gold)), ((_, high), (_, later)) in pairwise(points):
        if low < proxy <= high:
            return gold + (later - gold) * (proxy - low) / (high - low)
    return float("nan")


def level(results: Mapping[str, Result]) -> float:
    """The proxy that all four arms reach: the least of their greatest."""
    return min(max(value for _, value in results[arm].curves["proxy"]) for arm in ARMS if not ARMS[arm].random)


def _guard_keeps_more(results: Mapping[str, Result]) -> bool:
    at = {name: gold_at(results[name], level(results)) for name in ARMS if not ARMS[name].random}
    return max(at["guard-loose"], at["guard-tight"]) > max(at["flow-loose"], at["flow-tight"])


EXPERIMENT = Experiment(
    name="grpo-guard",
    title="Coloured shapes, rewarded for a classifier's certainty: what is left of the pictures",
    arms={name: arm.label for name, arm in ARMS.items()},
    measures={
        "proxy": Measure("proxy: certainty", ".3f", curve=True),
        "gold": Measure("gold: as captioned and near a picture", ".3f", curve=True),
        "distance": Measure("distance to the nearest picture", ".3f", curve=True),
        "spread": Measure("distance among a caption's", ".3f"),
        "tilt": Measure("step 8: below − above", "+.3f"),
        "mean": Measure("mean ratio − 1 at step 8", "+.1e"),
        "drift": Measure("drift at step 8", ".1e"),
        "norm": Measure("gradient norm", ".1e"),
    },
    run=run,
    prepare=prepare,
    picture=save_figure,
    steps=9,
    quick_steps=2,
    claims=(
        Claim(
            "Flow-GRPO at ε = 1e-3 is stopped more often below than above at step 8, by .05 or more",
            lambda results: results["flow-loose"].final["tilt"] >= 0.05,
        ),
        Claim(
            "The mean ratio at step 8 is within 1e-4 of 1 for GRPO-Guard, and below by 3e-4 for Flow-GRPO at ε = 1e-3",
            lambda results: (
                max(abs(results[f"guard-{range_}"].final["mean"]) for range_ in ("loose", "tight")) <= 1e-4
                and results["flow-loose"].final["mean"] < -3e-4
            ),
        ),
        Claim(
            "GRPO-Guard's imbalance at step 8 is below half of Flow-GRPO's at ε = 1e-3",
            lambda results: (
                max(abs(results[f"guard-{range_}"].final["tilt"]) for range_ in ("loose", "tight"))
                < 0.5 * abs(results["flow-loose"].final["tilt"])
            ),
        ),
        Claim(
            "GRPO-Guard keeps more gold at ε = 2e-5 than at 2e-4, by .15 or more",
            lambda results: results["guard-tight"].final["gold"] >= results["guard-loose"].final["gold"] + 0.15,
        ),
        Claim(
            "Flow-GRPO keeps more gold at ε = 1e-4 than at 1e-3",
            lambda results: results["flow-tight"].final["gold"] > results["flow-loose"].final["gold"],
        ),
        Claim(
            "At equal proxy, GRPO-Guard at its better range has more gold than Flow-GRPO at its better range",
            _guard_keeps_more,
        ),
        Claim(
            "A random reward takes the pictures away from real ones too, with either algorithm",
            lambda results: all(
                results[f"{name}-random"].final["distance"] > results[f"{name}-random"].start["distance"]
                for name in ("flow", "guard")
            ),
        ),
    ),
    step_name="rollouts",
)
