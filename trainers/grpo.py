"""GRPO and three of its relatives, as TRL computes them, built from the shared functions.

    A_i  = (r_i − mean r) / (std r + 1e-4)                      over the completions of one prompt
    ρ_it = π(o_it) / π_old(o_it)                                or its geometric mean over the sequence
    L    = agg_it [ −min( min(ρ, δ)·A, clip(ρ, 1−ε_low, 1+ε_high)·A ) + β·k3·ρ ]

`loss_type` chooses the average: "grpo", "bnpo", "dr_grpo" or "dapo". Papers that change one term of this
subclass `GRPO` and replace one method; papers that change nothing here but the advantages should subclass
`Objective`, which leaves every loss of TRL in place.
"""

from __future__ import annotations

import math
from typing import Any, get_args

import torch
from torch import Tensor

from .objectives import (
    Aggregation,
    aggregate,
    clipped_surrogate,
    clipped_tokens,
    group_stats,
    importance_ratio,
    kl_k3,
    standardize,
    whole_batch,
)
from .seam import Average, Batch, Objective, Rollout
from .seam._micro_batches import AVERAGES
from .seam.objective import Metrics

EPS = 1e-4  # added to a standard deviation before dividing by it


class GRPO(Objective):
    """Group-relative advantages and the clipped surrogate, equal to TRL's to 1e-6.

    Raises:
        ValueError: a `loss_type` other than the four.
    """

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        if config.loss_type not in get_args(Aggregation):
            raise ValueError(
                f"{type(self).__name__} computes loss_type {', '.join(get_args(Aggregation))}, "
                f"not {config.loss_type!r}; Objective leaves the loss to TRL"
            )
        self.eps_low: float = config.epsilon
        self.eps_high: float = config.epsilon if config.epsilon_high is None else config.epsilon_high

    @property
    def average(self) -> Average:
        """TRL's; none for a subclass that changes the loss, and does not say."""
        own = all(getattr(type(self), part) is getattr(GRPO, part) for part in ("loss", "surrogate", "kl", "aggregate"))
        return AVERAGES.get(self.config.loss_type, "") if own else ""

    def advantages(self, rollout: Rollout) -> Tensor:
        """`(N,)`, 0 for rows without a score and for groups without a spread."""
        if self.config.multi_objective_aggregation == "normalize_then_sum":
            return normalize_then_sum(rollout.rewards, rollout.weights, rollout.group_ids)
        return grpo_advantages(rollout.scores, rollout.group_ids, scale=self.config.scale_rewards)

    def loss(self, batch: Batch) -> tuple[Tensor, Metrics]:
        ratio = importance_ratio(batch.logps, batch.old_logps, batch.mask, self.config.importance_sampling_level)
        per_token, metrics = self.surrogate(batch, ratio)
        if batch.sampling_ratio is not None:
            per_token = per_token * batch.sampling_ratio
        if self.config.beta:
            kl = self.kl(batch, ratio)
            per_token = per_token + self.config.beta * kl
            metrics = {"kl": kl, **metrics}
        return self.aggregate(batch, per_token), metrics

    def surrogate(self, batch: Batch, ratio: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """The policy term of every token, `(b, T)` or `(b, 1)`, and how much of it is clipped."""
        delta = self.config.delta
        per_token = clipped_surrogate(ratio, batch.advantages, self.eps_low, self.eps_high, delta)
        capped = ratio if delta is None else ratio.clamp(max=delta)
        low, high = clipped_tokens(capped, batch.advantages, self.eps_low, self.eps_high)
        return per_token, {
            "clip_ratio/low_mean": low,
            "clip_ratio/high_mean": high,
            "clip_ratio/region_mean": low | high,
            "clip_ratio/low_min": low,
            "clip_ratio/high_max": high,
        }

    def kl(self, batch: Batch, ratio: Tensor) -> Tensor:
        """The KL penalty of every token, `(b, T)`; times ρ it has the gradient of the true KL."""
        assert batch.ref_logps is not None
        kl = kl_k3(batch.logps, batch.ref_logps)
        return kl * ratio if self.config.use_bias_correction_kl else kl

    def aggregate(self, batch: Batch, per_token: Tensor) -> Tensor:
        """The average of the micro-batch that `loss_type` asks for."""
        return aggregate(
            per_token,
            batch.mask,
            self.config.loss_type,
            num_items=batch.num_items,
            max_length=batch.max_length,
        )


def grpo_advantages(
    scores: Tensor, group_ids: Tensor, scale: str = "group", *, eps: float = EPS, ddof: int = 1
) -> Tensor:
    """`(N,)` scores, NaN = unscored, to `(N,)` advantages; 0 for what has no score, or nothing to compare with.

    >>> grpo_advantages(torch.tensor([1.0, 0.0, torch.nan, 0.5]), torch.tensor([0, 0, 0, 1]), scale="none")
    tensor([ 0.5000, -0.5000,  0.0000,  0.0000])

    scale: what to divide by: the "group"'s standard deviation, the whole "batch"'s, or "none".
    eps, ddof: added to that standard deviation; 1 for the sample's, 0 for the population's.

    Raises:
        ValueError: infinite scores, an unknown scale, eps or ddof out of range.
    """
    check_statistics(scores, eps, ddof)
    stats = group_stats(scores, group_ids, ddof=ddof)
    centered = scores - stats.mean
    match scale:
        case "group":
            centered = centered / (stats.std + eps)
        case "batch":
            centered = centered / (group_stats(scores, whole_batch(scores), ddof=ddof).std + eps)
        case "none":
            pass
        case _:
            raise ValueError(f"unknown scale {scale!r} (scale_rewards): expected 'group', 'batch' or 'none'")
    return centered.nan_to_num(nan=0.0)


def check_statistics(scores: Tensor, eps: float, ddof: int) -> None:
    """Raise ValueError unless all scores are numbers or NaN, 0 <= eps < infinity, and ddof is 0 or 1."""
    if scores.isinf().any():
        raise ValueError("scores (rewards, total) must be finite, or NaN where there is none")
    if not 0 <= eps < math.inf:
        raise ValueError(f"eps={eps}: give a small number, 0 or more")
    if ddof not in (0, 1):
        raise ValueError(f"ddof={ddof}: give 1 (sample standard deviation) or 0 (population)")


def normalize_then_sum(rewards: Tensor, weights: Tensor, group_ids: Tensor) -> Tensor:
    """GDPO: `(N, F)` rewards, each standardised in its group, then summed and standardised over the batch."""
    total = (standardize(rewards, group_ids, eps=EPS) * weights).nansum(dim=1)
    total = total.masked_fill(torch.isnan(rewards).all(dim=1), torch.nan)
    return standardize(total, whole_batch(total), eps=EPS).nan_to_num(nan=0.0)
