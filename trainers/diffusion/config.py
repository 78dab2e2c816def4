"""What all trainers of flow-matching models are told."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...judges.options import finite, one_of
from .sde import SCHEDULES, Schedule


@dataclass
class DiffusionConfig:
    """Settings of a trainer that samples, judges and learns from a flow-matching model.

    Attributes:
        output_dir: where checkpoints go.
        max_rollouts: how often completions are drawn.
        num_generations: G, completions of a prompt; they are compared with each other.
        prompts_per_rollout: prompts of a rollout, over all processes.
        updates_per_rollout, num_iterations: mini-batches of a rollout, and how often it is gone through.
        num_steps, eval_num_steps: N, denoising steps in training and in evaluation (which follows the ODE).
        train_fraction: the first int(train_fraction · N) steps are trained; the last has next to no noise.
        steps_per_update: so many of the trained steps, drawn anew for every mini-batch; None for all of them.
        noise_level, schedule: a of "flow_grpo", or η of "constant" (DanceGRPO).
        clip_range: ε. adv_clip_max: advantages are clamped to ± this in the loss.
        global_std: divide advantages by the deviation of all rewards, not of the prompt's.
        learning_rate, adam_beta1, adam_beta2, weight_decay, adam_epsilon: of AdamW.
        max_grad_norm: gradients are scaled down to this norm; 0 leaves them.
        ema_decay: of the average of the weights that evaluation and `save_model` use; None for no average.
        rows_per_forward: rows the network is given at once; None for all.
        save_every: a checkpoint after so many rollouts; None for none.
        mixed_precision, report_to: as accelerate has them.
    """

    output_dir: str = "out"
    max_rollouts: int = 100
    num_generations: int = 24
    prompts_per_rollout: int = 48
    updates_per_rollout: int = 2
    num_iterations: int = 1
    num_steps: int = 10
    eval_num_steps: int = 40
    train_fraction: float = 0.99
    steps_per_update: int | None = None
    noise_level: float = 0.7
    schedule: Schedule = "flow_grpo"
    clip_range: float = 1e-4
    adv_clip_max: float = 5.0
    global_std: bool = False
    learning_rate: float = 1e-4
    adam_beta1: float = 0.9
    adam_beta2: float = 0.999
    weight_decay: float = 1e-4
    adam_epsilon: float = 1e-8
    max_grad_norm: float = 1.0
    ema_decay: float | None = 0.9
    rows_per_forward: int | None = None
    save_every: int | None = None
    mixed_precision: str = "no"
    report_to: str | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        """Raises ValueError naming the first setting that makes no sense."""
        one_of("schedule", self.schedule, SCHEDULES)
        for name in ("max_rollouts", "num_generations", "prompts_per_rollout", "updates_per_rollout", "num_iterations"):
            self._at_least(name, 1)
        for name in ("num_steps", "eval_num_steps"):
            self._at_least(name, 2)
        for name in ("rows_per_forward", "save_every", "steps_per_update"):
            if getattr(self, name) is not None:
                self._at_least(name, 1)
        for name in ("noise_level", "clip_range", "adv_clip_max", "learning_rate", "adam_epsilon"):
            if not finite(getattr(self, name), f"{name}") > 0:
                raise ValueError(f"{name} is positive, not {getattr(self, name)!r}")
        if self.train_steps < 1:
            raise ValueError(f"train_fraction={self.train_fraction} of {self.num_steps} steps leaves none to train")
        if self.steps_per_update is not None and self.steps_per_update > self.train_steps:
            raise ValueError(f"steps_per_update={self.steps_per_update}, but {self.train_steps} steps are trained")
        if self.ema_decay is not None and not 0 <= self.ema_decay < 1:
            raise ValueError(f"ema_decay={self.ema_decay}: give a number from 0 to below 1, or None")
        if not self.max_grad_norm >= 0:
            raise ValueError(f"max_grad_norm={self.max_grad_norm}: give 0 for none, or a positive number")

    @property
    def train_steps(self) -> int:
        """J, the number of steps that are trained; never the last."""
        if not (math.isfinite(self.train_fraction) and 0 <= self.train_fraction <= 1):
            raise ValueError(f"train_fraction={self.train_fraction}: give a number from 0 to 1")
        return min(int(self.train_fraction * self.num_steps), self.num_steps - 1)

    @property
    def rows(self) -> int:
        """Completions of a rollout, over all processes."""
        return self.prompts_per_rollout * self.num_generations

    def _at_least(self, name: str, least: int) -> None:
        value = getattr(self, name)
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name} is a whole number from {least} on, not {value!r}")
