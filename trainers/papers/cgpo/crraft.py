"""CRRAFT: imitate the best answer that satisfies the judges and stays near the reference, by how much it is better.

    a* = argmax r over { y = 1 and k <= KL_max }, else ā if ā satisfies the judges, else skip the prompt   eq. 17
    L  = −(1/n_kept) Σ_i R_calib(s_i, a*_i) · log π(a*_i|s_i)                                             eq. 18

The raw reward chooses, the calibrated one weighs; for ā the weight is ½.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .calibration import (
    Denominator,
    Unknown,
    calibrated_reward,
    checked_labels,
    require_denominator,
    require_equal_shapes,
    require_kl_max,
)
from .codpo import first_best


@dataclass(frozen=True, eq=False)
class Choice:
    """What each of B prompts is trained on, `(B,)` each.

    Attributes:
        chosen: column of a*, −1 where there is none.
        use_baseline: whether ā takes its place.
        weights: R_calib of the choice, 0 where the prompt is skipped.
    """

    chosen: Tensor
    use_baseline: Tensor
    weights: Tensor


def crraft_select(
    rewards: Tensor,
    satisfied: Tensor,
    seq_log_ratio: Tensor,
    baseline_rewards: Tensor,
    baseline_satisfied: Tensor,
    *,
    kl_max: float,
    baseline_log_ratio: Tensor | None = None,
    unknown: Unknown = "leave out",
) -> Choice:
    """The answer of each prompt to imitate: `(B, K)` rewards, labels and k, `(B,)` of the baseline answers.

    baseline_log_ratio: k of ā, to hold ā to the same KL limit; the paper does not, and None leaves it out.

    Raises:
        ValueError: kl_max is not positive, shapes differ, or a label is none.
    """
    require_kl_max(kl_max)
    require_equal_shapes(rewards=rewards, satisfied=satisfied, seq_log_ratio=seq_log_ratio)
    require_equal_shapes(baseline_rewards=baseline_rewards, baseline_satisfied=baseline_satisfied)
    if rewards.shape[:-1] != baseline_rewards.shape:
        raise ValueError(f"there are {len(baseline_rewards)} baseline_rewards for {len(rewards)} prompts of rewards")
    calibrated = calibrated_reward(rewards, baseline_rewards.unsqueeze(-1))
    near = seq_log_ratio <= kl_max
    chosen = first_best(rewards, (checked_labels(satisfied, unknown) == 1) & near & ~calibrated.isnan())
    good = (checked_labels(baseline_satisfied, unknown) == 1) & ~baseline_rewards.isnan()
    if baseline_log_ratio is not None:
        good = good & (baseline_log_ratio <= kl_max)
    use_baseline = (chosen < 0) & good
    weights = calibrated.gather(-1, chosen.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    weights = torch.where(chosen < 0, 0.5 * use_baseline, weights)
    return Choice(chosen, use_baseline, weights)


def crraft_loss(logp: Tensor, weights: Tensor, *, denominator: Denominator = "kept") -> Tensor:
    """−(1/n_kept) Σ_i w_i · log π(a*_i|s_i), `(B,)` each; 0 with a graph when every prompt is skipped.

    denominator: "kept" prompts (those with a weight above 0), or "all" B of them.
    """
    require_denominator(denominator)
    require_equal_shapes(logp=logp, weights=weights)
    count = int((weights > 0).sum()) if denominator == "kept" else len(weights)
    return -(weights.detach() * logp).sum() / max(count, 1)
