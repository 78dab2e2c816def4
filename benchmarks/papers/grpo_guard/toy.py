"""A cloud of points in sixteen dimensions, moved along its first: what ratios and clip do at every denoising step.

The proxy is the first coordinate, the gold reward minus the mean squared distance to the cloud's centre. Both ways
leave the cloud, as nothing else is rewarded; what is compared is on which side of 1 the clip stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any

import torch
from torch import Tensor, nn

from ....rewards import Function
from ....trainers.diffusion import Velocity
from ....trainers.papers.grpo_guard import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting

DIMENSIONS, SPREAD, LATE = 16, 0.28, 8
CENTRE = torch.zeros(DIMENSIONS).index_fill(0, torch.tensor([0]), -1.0)
GROUP, INNER = 64, 4

# name -> (label, trainer, config, ε)
ARMS: dict[str, tuple[str, Any, Any, float]] = {
    "flow": ("Flow-GRPO, ε = 1e-2", FlowGRPOTrainer, FlowGRPOConfig, 1e-2),
    "guard": ("GRPO-Guard, ε = 2e-3", GRPOGuardTrainer, GRPOGuardConfig, 2e-3),
}


class Points(nn.Module):
    """v of points `(B, D)` at noises σ `(B,)`."""

    def __init__(self, width: int = 128) -> None:
        super().__init__()
        inner = (nn.Linear(DIMENSIONS + 2, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())
        self.layers = nn.Sequential(*inner, nn.Linear(width, DIMENSIONS))

    def forward(self, x: Tensor, sigma: Tensor, condition: None) -> Tensor:
        return self.layers(torch.cat([x, sigma[:, None], sigma[:, None] ** 2], 1))


def pretrained(seed: int, steps: int) -> Points:
    """Flow matching on the cloud: v should be noise − data at every σ."""
    torch.manual_seed(seed)
    network = Points()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(steps):
        data = CENTRE + SPREAD * torch.randn(256, DIMENSIONS)
        noise, sigma = torch.randn_like(data), torch.rand(256)
        x = (1 - sigma[:, None]) * data + sigma[:, None] * noise
        loss = ((network(x, sigma, None) - (noise - data)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return network


def first_coordinate(completions: Sequence[Tensor], **columns: Any) -> list[float]:
    """The proxy."""
    return [float(point[0]) for point in completions]


def closeness(completions: Sequence[Tensor], **columns: Any) -> list[float]:
    """The gold reward, −(1/D)|x − centre|²."""
    return [-float(((point - CENTRE) ** 2).mean()) for point in completions]


def run(setting: Setting) -> Result:
    """Train one arm; shares and ratios are means over all rollouts and passes."""
    _, trainer_class, config, clip_range = ARMS[setting.arm]
    velocity = Velocity(pretrained(setting.seed, 300 if setting.quick else 3000), (DIMENSIONS,))
    trainer = trainer_class(
        velocity,
        Function(first_coordinate),
        args=config(
            max_rollouts=setting.steps,
            num_generations=GROUP,
            prompts_per_rollout=1,
            updates_per_rollout=1,
            num_iterations=INNER,
            clip_range=clip_range,
            learning_rate=5e-4,
            ema_decay=None,
            seed=setting.seed,
        ),
        train_dataset=[{"prompt": "points"}],
        monitors={"gold": Function(closeness)},
        on_rollout=lambda step, metrics: setting.listen(step, {"proxy": metrics["reward"]}),
    )
    trainer.train()
    log = trainer.log_history
    mean: Callable[[str], float] = lambda name: fmean(entry[name] for entry in log)  # noqa: E731 - one line, used below
    tilts = {f"tilt{j}": mean(f"clip/below/{j}") - mean(f"clip/above/{j}") for j in (6, 7, 8)}
    late = {name: mean(f"{key}/{LATE}") for name, key in LATE_KEYS.items()}
    ends = {"proxy": log[-1]["reward"], "gold": log[-1]["monitor/gold"]}
    start = {"proxy": log[0]["reward"], "gold": log[0]["monitor/gold"]}
    curves = {
        name: [(entry["rollout"], entry[key]) for entry in log]
        for name, key in (("proxy", "reward"), ("gold", "monitor/gold"))
    }
    return Result(final={**tilts, **late, **ends}, start=start, curves=curves)


LATE_KEYS = {"above": "clip/above", "below": "clip/below", "mean": "ratio/mean-1"}


def _tilted(results: Mapping[str, Result]) -> bool:
    tilts = [results["flow"].final[f"tilt{j}"] for j in (6, 7, 8)]
    return min(tilts) > 0 and tilts[2] == max(tilts)


EXPERIMENT = Experiment(
    name="grpo-guard-toy",
    title="Points in 16 dimensions: where the clip stops a step, over 4 passes of 60 rollouts",
    arms={name: label for name, (label, *_) in ARMS.items()},
    measures={
        "above": Measure("step 8: ratio above 1 + ε", ".3f"),
        "below": Measure("below 1 − ε", ".3f"),
        "tilt6": Measure("below − above at step 6", "+.3f"),
        "tilt7": Measure("at step 7", "+.3f"),
        "tilt8": Measure("at step 8", "+.3f"),
        "mean": Measure("mean ratio − 1 at step 8", "+.1e"),
        "proxy": Measure("proxy", ".1f", curve=True),
        "gold": Measure("gold", ".1f", curve=True),
    },
    run=run,
    steps=60,
    quick_steps=4,
    claims=(
        Claim("Flow-GRPO is stopped more often below than above at steps 6, 7 and 8, and most so at 8", _tilted),
        Claim(
            "GRPO-Guard's imbalance at step 8 is below half of Flow-GRPO's",
            lambda results: abs(results["guard"].final["tilt8"]) < 0.5 * abs(results["flow"].final["tilt8"]),
        ),
    ),
    step_name="rollouts",
)
