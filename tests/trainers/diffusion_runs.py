"""A tiny velocity network and its trainers; also a program that trains on several processes."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from jurybox.trainers import FlowGRPOConfig, FlowGRPOTrainer, GRPOGuardConfig, GRPOGuardTrainer, Velocity
from jurybox.trainers.diffusion import DiffusionTrainer

DIMENSIONS = 4
ROWS = [{"prompt": name, "target": place} for place, name in enumerate(("left", "right", "up", "down"))]
TRAINERS = {"flow": (FlowGRPOTrainer, FlowGRPOConfig, 1e-2), "guard": (GRPOGuardTrainer, GRPOGuardConfig, 2e-3)}


class Network(nn.Module):
    """v of points, told of the prompt by one number."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(7)
        self.first, self.second = nn.Linear(DIMENSIONS + 2, 16), nn.Linear(16, DIMENSIONS)

    def forward(self, x: Tensor, sigma: Tensor, condition: Tensor) -> Tensor:
        return self.second(torch.tanh(self.first(torch.cat([x, sigma[:, None], condition], 1))))


def encode(prompts: Sequence[str]) -> Tensor:
    return torch.tensor([[float(len(prompt))] for prompt in prompts])


def first(completions: Sequence[Tensor], **columns: Any) -> list[float]:
    return [float(point[0]) for point in completions]


def unscored(completions: Sequence[Tensor], target: Sequence[int], **columns: Any) -> list[float | None]:
    """None and NaN for two of the prompts, and now and then for the others."""
    numbers = first(completions)
    return [
        (None if place == 0 else math.nan) if place < 2 or number < -1 else number
        for number, place in zip(numbers, target, strict=True)
    ]


def trainer(name: str, out: Path | str, reward: Any = first, **settings: Any) -> DiffusionTrainer:
    """A trainer that is not yet trained; "options" in settings go to its constructor."""
    options = {"velocity": Velocity(Network(), (DIMENSIONS,), encode=encode), **settings.pop("options", {})}
    kind, config, clip_range = TRAINERS[name]
    small = {
        "max_rollouts": 3, "num_generations": 4, "prompts_per_rollout": 2, "num_iterations": 2, "num_steps": 6,
        "eval_num_steps": 4, "learning_rate": 1e-2, "clip_range": clip_range, "updates_per_rollout": 1,
    }  # fmt: skip
    velocity = options.pop("velocity")
    args = config(output_dir=str(out), **{**small, **settings})
    return kind(velocity, reward, args=args, train_dataset=ROWS, **options)


def weights(trained: DiffusionTrainer) -> list[float]:
    return torch.cat([p.detach().flatten() for p in trained.learner.parameters]).tolist()


if __name__ == "__main__":
    out, name, updates = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    torch.set_num_threads(1)
    network = Network()
    if os.environ["RANK"] == "1":  # as adapters that each process initialises for itself
        nn.init.zeros_(network.first.weight)
    options = {"velocity": Velocity(network, (DIMENSIONS,), encode=encode)}
    settings = {"updates_per_rollout": updates, "save_every": 3, "rows_per_forward": 3, "options": options}
    run = trainer(name, out / "run", unscored, **settings)
    run.train()
    told = {"weights": weights(run), "log": run.log_history}
    (out / f"rank{os.environ['RANK']}.json").write_text(json.dumps(told))
    run.accelerator.end_training()
