"""The losses of one denoising step: Flow-GRPO's, and the one with a regulated clip (GRPO-Guard).

With log p from `trainers/diffusion/sde.py` (a mean over D dimensions), k = s·√h, and A clamped to ±adv_clip_max:

    Flow-GRPO   r = exp(log p_θ − log p_old)
                L = mean over B of max( −A·r, −A·clip(r, 1−ε, 1+ε) )

    Guard       bias = (1/D) Σ (μ_θ − μ_old)² / (2k²)
                r̂    = exp( (log p_θ − log p_old + bias)·k )
                L    = (1/h) · mean over B of max( −A·r̂, −A·clip(r̂, 1−ε, 1+ε) )

    log r̂ = (1/D) Σ (μ_θ − μ_old)·ε with the noise ε that was drawn: its mean is 0, and on policy r̂ = 1

The gradient goes through log p_θ and through the bias.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ....judges.options import one_of
from ...diffusion.sde import Schedule, Transition, mean_over_dims, transition
from ...diffusion.step_loss import StepLoss
from ...objectives import clipped_surrogate, require_equal_shapes

BiasReduction = Literal["sample", "batch"]
BIAS_REDUCTIONS = ("sample", "batch")


def guard_ratio(
    step: Transition,
    log_prob: Tensor,
    log_prob_old: Tensor,
    mean: Tensor,
    mean_old: Tensor,
    bias_reduction: BiasReduction = "sample",
) -> Tensor:
    """r̂ `(B,)`.

    bias_reduction: "sample" has one bias a row; "batch" one for all rows, as in the released script, where r̂ is 1 on
    policy as well and no longer has mean 0 off it.
    """
    one_of("bias_reduction", bias_reduction, BIAS_REDUCTIONS)
    bias = mean_over_dims((mean - mean_old) ** 2) / (2 * step.k**2)
    if bias_reduction == "batch":
        bias = bias.mean()
    return torch.exp((log_prob - log_prob_old + bias) * step.k)


def flow_grpo_loss(
    x: Tensor,
    prev_sample: Tensor,
    v: Tensor,
    log_prob_old: Tensor,
    mean_old: Tensor,
    advantages: Tensor,
    sigma: float,
    sigma_next: float,
    sigma_max: float,
    noise_level: float,
    schedule: Schedule = "flow_grpo",
    clip_range: float = 1e-4,
    adv_clip_max: float = 5.0,
    bias_reduction: BiasReduction = "sample",
) -> StepLoss:
    """The plain loss; `mean_old` and `bias_reduction` are there so that both are called alike.

    x, prev_sample, v, mean_old: `(B, …)`. log_prob_old, advantages: `(B,)`. sigma … schedule: see `transition`.

    Raises:
        ValueError: shapes that differ, no noise, or a clip range that is not positive.
    """
    step = transition(sigma, sigma_next, sigma_max, noise_level, schedule)
    mean, log_prob = _policy(step, x, prev_sample, v, log_prob_old, mean_old)
    ratio = torch.exp(log_prob - log_prob_old)
    return StepLoss(clipped_losses(ratio, advantages, clip_range, adv_clip_max), ratio, log_prob, mean)


def guard_loss(
    x: Tensor,
    prev_sample: Tensor,
    v: Tensor,
    log_prob_old: Tensor,
    mean_old: Tensor,
    advantages: Tensor,
    sigma: float,
    sigma_next: float,
    sigma_max: float,
    noise_level: float,
    schedule: Schedule = "flow_grpo",
    clip_range: float = 2e-6,
    adv_clip_max: float = 5.0,
    bias_reduction: BiasReduction = "sample",
) -> StepLoss:
    """The loss with a normalised ratio, divided by h.

    Arguments, and what raises: see `flow_grpo_loss`. bias_reduction: see `guard_ratio`.
    """
    step = transition(sigma, sigma_next, sigma_max, noise_level, schedule)
    mean, log_prob = _policy(step, x, prev_sample, v, log_prob_old, mean_old)
    ratio = guard_ratio(step, log_prob, log_prob_old, mean, mean_old, bias_reduction)
    losses = clipped_losses(ratio, advantages, clip_range, adv_clip_max) / step.h
    return StepLoss(losses, ratio, log_prob, mean)


def clipped_losses(ratio: Tensor, advantages: Tensor, clip_range: float, adv_clip_max: float) -> Tensor:
    """`(B,)` max(−A·r, −A·clip(r, 1−ε, 1+ε)).

    Raises:
        ValueError: other shapes, or a limit that is not positive.
    """
    require_equal_shapes(ratio=ratio, advantages=advantages)
    if not (clip_range > 0 and adv_clip_max > 0):
        raise ValueError(f"clip_range={clip_range}, adv_clip_max={adv_clip_max}: give positive numbers")
    return clipped_surrogate(ratio, advantages.detach().clamp(-adv_clip_max, adv_clip_max), clip_range, clip_range)


def _policy(
    step: Transition, x: Tensor, prev_sample: Tensor, v: Tensor, log_prob_old: Tensor, mean_old: Tensor
) -> tuple[Tensor, Tensor]:
    """μ_θ and log p_θ of what was drawn."""
    require_equal_shapes(x=x, prev_sample=prev_sample, v=v, mean_old=mean_old)
    mean = step.mean(x, v)
    log_prob = step.log_prob(prev_sample, mean)
    require_equal_shapes(log_prob=log_prob, log_prob_old=log_prob_old)
    return mean, log_prob
