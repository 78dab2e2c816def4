"""CRPG: a policy gradient on a calibrated reward that a violated constraint or a spent KL budget takes away.

R_cr = R_calib · 1[y = 1]                        eq. 8
k    = log π(a|s) − log π_ref(a|s)               of the whole sequence, at sampling time
R~   = max(1 − k/KL_max, 0) · R_cr               eq. 11; k < 0 makes the factor exceed 1
A_i  = R~_i − (1/n) Σ_j R~_j                     eq. 12; over the whole batch, no standard deviation
L    = −(1/n) Σ_i A_i · log π(a_i|s_i)           sums of tokens
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .calibration import Unknown, calibrated_reward, checked_labels, require_equal_shapes, require_kl_max


@dataclass(frozen=True, eq=False)
class CRPG:
    """Every factor of the n rows, `(n,)` each and detached; NaN where something is missing.

    Attributes:
        used: the rows with a reward, a baseline reward and a label; only they count in means.
    """

    calibrated: Tensor
    constraint_regularized: Tensor
    kl_factor: Tensor
    regularized: Tensor
    advantages: Tensor
    used: Tensor

    @property
    def num_used(self) -> int:
        return int(self.used.sum())


def crpg(
    rewards: Tensor,
    baseline_rewards: Tensor,
    satisfied: Tensor,
    logp_policy: Tensor,
    logp_ref: Tensor,
    *,
    kl_max: float,
    unknown: Unknown = "leave out",
) -> CRPG:
    """The advantages of n samples, and what they are made of; all arguments `(n,)`.

    When every sample is violated all advantages are 0; so are those of left-out rows.

    Raises:
        ValueError: kl_max is not positive, shapes differ, or a label is none.
    """
    require_kl_max(kl_max)
    require_equal_shapes(
        rewards=rewards,
        baseline_rewards=baseline_rewards,
        satisfied=satisfied,
        logp_policy=logp_policy,
        logp_ref=logp_ref,
    )
    with torch.no_grad():
        calibrated = calibrated_reward(rewards, baseline_rewards)
        labels = checked_labels(satisfied, unknown)
        used = ~(calibrated.isnan() | labels.isnan())
        gated = torch.where(used, calibrated * labels, torch.nan)
        factor = (1 - (logp_policy - logp_ref) / kl_max).clamp(min=0)
        regularized = factor * gated
        mean = torch.where(used, regularized, 0.0).sum() / used.sum().clamp(min=1)
        advantages = torch.where(used, regularized - mean, 0.0)
    return CRPG(calibrated, gated, factor, regularized, advantages, used)


def crpg_loss(advantages: Tensor, logp: Tensor, num_used: int) -> Tensor:
    """−(1/n) Σ_i A_i · log π(a_i|s_i), n the samples that were used; 0 with a graph when there is none."""
    require_equal_shapes(advantages=advantages, logp=logp)
    return -(advantages * logp).sum() / max(num_used, 1)
