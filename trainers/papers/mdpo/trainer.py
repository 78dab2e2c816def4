"""MDPO for language models, on the seam of TRL's GRPO."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, get_args

import torch
from torch import Tensor

from ...grpo import GRPO
from ...seam import Batch, ObjectiveConfig, ObjectiveTrainer
from .step_size import step_size
from .tokens import KLEstimator, token_loss


@dataclass
class MDPOConfig(ObjectiveConfig):
    """m, the estimator of the KL, and what of GRPO's settings mirror descent fixes.

    The paper's policies for control learn with 3e-4 and a gradient norm of 0.5; a language model's are its own.

    Raises:
        ValueError: a setting that would clip, add another KL, or cut the batch of an iteration into several.
    """

    # what would clip the ratio, average it over a sequence, or add a KL
    fixed: ClassVar[Mapping[str, Any]] = {
        "beta": 0.0,
        "epsilon": math.inf,
        "epsilon_high": None,
        "delta": None,
        "importance_sampling_level": "token",
    }

    num_iterations: int = field(
        default=10, metadata={"help": "m: gradient steps on the whole batch of an iteration; 1 is a policy gradient."}
    )
    kl_estimator: KLEstimator = field(
        default="ratio_log_ratio_minus_ratio_plus_1",
        metadata={"help": "KL(π ‖ π_k) of a token: ρd − ρ + 1, or 'ratio_log_ratio': ρd, with more variance."},
    )
    loss_type: str = field(
        default="bnpo", metadata={"help": "Average over tokens: 'bnpo' (of the micro-batch), grpo, dr_grpo or dapo."}
    )
    scale_rewards: str = field(
        default="batch", metadata={"help": "Divide advantages by the std of the whole 'batch', the 'group', or 'none'."}
    )
    beta: float = field(default=0.0, metadata={"help": "Must stay 0: the only KL is from the policy that sampled."})
    epsilon: float = field(default=math.inf, metadata={"help": "Must stay inf: nothing is clipped."})
    disable_dropout: bool = field(
        default=True, metadata={"help": "With dropout the ratio would not be 1 at the first inner step."}
    )
    lr_scheduler_type: str = field(default="constant", metadata={"help": "It is t_k that is annealed."})

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kl_estimator not in get_args(KLEstimator):
            known = " or ".join(map(repr, get_args(KLEstimator)))
            raise ValueError(f"kl_estimator must be {known}, not {self.kl_estimator!r}")
        if self.num_iterations < 1:
            raise ValueError(f"num_iterations must be at least 1 gradient step, not {self.num_iterations}")
        if self.steps_per_generation != self.gradient_accumulation_steps:
            raise ValueError(
                "each of the m steps is on the whole batch of an iteration: steps_per_generation must equal "
                f"gradient_accumulation_steps={self.gradient_accumulation_steps}, not {self.steps_per_generation}"
            )


class MDPO(GRPO):
    """GRPO's advantages; the mirror-descent loss instead of the clipped surrogate.

    An iteration k is one generation and its m optimiser steps. K is how many of them the run has.
    """

    def surrogate(self, batch: Batch, ratio: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """−(ρ A − kl/t_k) of every token; `ratio` is computed anew, safe from overflow."""
        t_k = self.step_size(batch.step, batch.max_steps)
        tokens = token_loss(
            batch.logps,
            batch.old_logps,
            batch.advantages,
            batch.mask,
            t_k,
            kl_estimator=self.config.kl_estimator,
        )
        return tokens.per_token_loss, {
            "kl_old": tokens.kl_per_token,
            "ratio_max": tokens.ratio.amax(-1),
            "ratio_clamped": tokens.clamped,
            "step_size": torch.tensor(t_k, device=batch.logps.device),
        }

    def step_size(self, step: int, max_steps: int) -> float:
        """t_k after `step` optimiser steps; an unfinished last iteration counts, so that t_k is never 0."""
        m = self.config.num_iterations
        K = max(1, math.ceil(max_steps / m))
        return step_size(min(step // m, K - 1), K)


class MDPOTrainer(ObjectiveTrainer):
    """Several gradient steps a generation without clipping.

    trainer = MDPOTrainer(model, reward_funcs, args=MDPOConfig("out", num_iterations=10), train_dataset=dataset)

    TRL's constructor, data sets and callbacks.
    """

    objective_class: ClassVar[type[MDPO]] = MDPO
    config_class: ClassVar[type[MDPOConfig]] = MDPOConfig
