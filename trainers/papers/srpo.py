"""SRPO: GRPO in which a failure is paid for how near it came to the batch's own successes.

    r_i = 1 for a success, else cap · σ(…) of its distance to the successes     `rewards/self_reference/`
    A_i = (R_i − mean R) / (std R + 1e-6)              over the G answers of one prompt; or R_i − mean R
    L   = mean over answers of their token means of −min(ρ·A, clip(ρ, 1 − ε_low, 1 + ε_high)·A)

"SRPO: Self-Referential Policy Optimization for Vision-Language-Action Models", arXiv 2511.15605.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..grpo import grpo_advantages
from ..objectives import clipped_token_mean, group_stats, masked_mean


def group_advantage(
    rewards: Tensor, group_ids: Tensor, *, epsilon: float = 1e-6, ddof: int = 1, scale_by_std: bool = True
) -> Tensor:
    """`(N,)` advantages of `(N,)` rewards, NaN = unscored: GRPO's, but a row alone in its group keeps its reward.

    >>> group_advantage(torch.tensor([1.0, 0.0, 0.7]), torch.tensor([0, 0, 1]), scale_by_std=False)
    tensor([ 0.5000, -0.5000,  0.7000])

    Raises:
        ValueError: infinite rewards, epsilon or ddof out of range.
    """
    scale = "group" if scale_by_std else "none"
    advantages = grpo_advantages(rewards, group_ids, scale, eps=epsilon, ddof=ddof)
    alone = (group_stats(rewards, group_ids).count == 1) & ~rewards.isnan()
    return torch.where(alone, rewards / (1 + epsilon) if scale_by_std else rewards, advantages)


@dataclass(frozen=True, eq=False)
class PolicyLoss:
    """A loss, the share of tokens that the clip holds, and the mean of −log ρ; 0-d tensors."""

    loss: Tensor
    clip_fraction: Tensor
    approx_kl: Tensor


def clipped_policy_loss(
    log_prob: Tensor,
    old_log_prob: Tensor,
    advantages: Tensor,
    mask: Tensor,
    *,
    clip_low: float = 0.2,
    clip_high: float = 0.28,
    clip_c: float = 10_000.0,
) -> PolicyLoss:
    """The clipped loss of one micro-batch as a mean over its tokens; log ρ within ±20.

    log_prob, old_log_prob, mask: `(b, T)`. advantages: `(b,)`. With one answer a micro-batch, the mean over
    micro-batches is the mean over answers that the trainer gets from TRL with `loss_type="grpo"`.

    Raises:
        ValueError: shapes that differ, or a clip_c that is not above 1.
    """
    clipped = clipped_token_mean(log_prob, old_log_prob, advantages, mask, clip_low, clip_high, clip_c)
    minus_log_ratio = (old_log_prob - log_prob).detach().clamp(-20, 20)
    return PolicyLoss(clipped.loss, clipped.clip_fraction, masked_mean(minus_log_ratio, mask))
