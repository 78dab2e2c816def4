"""Flow-GRPO, the baseline, and GRPO-Guard: the same loop with the ratio that is normalised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor

from ....judges.options import one_of
from ...diffusion.config import DiffusionConfig
from ...diffusion.step_loss import StepLoss
from ...diffusion.trainer import DiffusionTrainer
from .losses import BIAS_REDUCTIONS, BiasReduction, flow_grpo_loss, guard_loss


@dataclass
class FlowGRPOConfig(DiffusionConfig):
    """Flow-GRPO's defaults; `schedule="constant"` is DanceGRPO's noise."""


@dataclass
class GRPOGuardConfig(DiffusionConfig):
    """GRPO-Guard's defaults.

    Attributes:
        clip_range: ε; made for latents of a hundred thousand dimensions. The spread of log r̂ goes with 1/√D, so that
            smaller latents need a larger one.
        bias_reduction: "sample", or "batch" as the released script has it.
    """

    clip_range: float = 2e-6
    bias_reduction: BiasReduction = "sample"

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of("bias_reduction", self.bias_reduction, BIAS_REDUCTIONS)


class FlowGRPOTrainer(DiffusionTrainer):
    """GRPO on the steps of an SDE, with the plain ratio."""

    config_class = FlowGRPOConfig

    def step_loss(
        self,
        x: Tensor,
        prev_sample: Tensor,
        v: Tensor,
        log_prob_old: Tensor,
        mean_old: Tensor,
        advantages: Tensor,
        **step: Any,
    ) -> StepLoss:
        return flow_grpo_loss(x, prev_sample, v, log_prob_old, mean_old, advantages, **step, **self.limits)


class GRPOGuardTrainer(DiffusionTrainer):
    """The same with the ratio normalised and each step's loss divided by h."""

    config_class = GRPOGuardConfig
    args: GRPOGuardConfig

    def step_loss(
        self,
        x: Tensor,
        prev_sample: Tensor,
        v: Tensor,
        log_prob_old: Tensor,
        mean_old: Tensor,
        advantages: Tensor,
        **step: Any,
    ) -> StepLoss:
        limits = {**self.limits, "bias_reduction": self.args.bias_reduction}
        return guard_loss(x, prev_sample, v, log_prob_old, mean_old, advantages, **step, **limits)
