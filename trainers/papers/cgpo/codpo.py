"""CODPO: online DPO between the best answer that satisfies the judges and the worst that does not.

    a+ = argmax r over satisfied     a- = argmin r over violated, or over satisfied when none is violated
    ℓ  = log σ( β [log π/π_ref (a+) − log π/π_ref (a-)] ) + (λ/|a+|) log π(a+)          eqs. 13, 14
    L  = − mean over kept prompts of ℓ

Equation 15 prints a step *against* the gradient of ℓ, which is to be maximised; the sign here is the one that learns.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from .calibration import Denominator, Unknown, checked_labels, require_denominator, require_equal_shapes


def codpo_select(rewards: Tensor, satisfied: Tensor, *, unknown: Unknown = "leave out") -> tuple[Tensor, Tensor]:
    """Columns of a+ and a- in each prompt's answers: `(B, K)` and `(B, K)` to `(B,)` and `(B,)`, −1 where skipped.

    A prompt is skipped when no answer is satisfied, or when a+ would be a-. Ties go to the lowest column. Answers
    without a reward or without a label take no part. Filtering comes before the maximum: a product of label and
    reward would prefer a violated answer to a satisfied one with a negative reward.

    >>> codpo_select(torch.tensor([[-2.0, -1.0], [1.0, 2.0]]), torch.tensor([[1.0, 0.0], [0.0, 0.0]]))
    (tensor([ 0, -1]), tensor([ 1, -1]))
    """
    require_equal_shapes(rewards=rewards, satisfied=satisfied)
    labels = checked_labels(satisfied, unknown)
    good = (labels == 1) & ~rewards.isnan()
    bad = (labels == 0) & ~rewards.isnan()
    losers = torch.where(bad.any(-1, keepdim=True), bad, good)
    chosen = first_best(rewards, good)
    rejected = first_best(-rewards, losers)
    skipped = (chosen < 0) | (chosen == rejected)
    return chosen.masked_fill(skipped, -1), rejected.masked_fill(skipped, -1)


def first_best(values: Tensor, eligible: Tensor) -> Tensor:
    """The first column of the greatest eligible value in each row, −1 where nothing is eligible."""
    best = torch.where(eligible, values, -torch.inf).amax(-1, keepdim=True)
    hits = eligible & (values == best)
    return torch.where(hits.any(-1), hits.to(torch.int8).argmax(-1), -1)


@dataclass(frozen=True, eq=False)
class CODPO:
    """The loss of P pairs and its parts: `(P,)` each but the loss; `margin` is what the sigmoid is taken of."""

    loss: Tensor
    per_pair_loss: Tensor
    margin: Tensor


def codpo_loss(
    chosen_logp: Tensor,
    rejected_logp: Tensor,
    chosen_ref_logp: Tensor,
    rejected_ref_logp: Tensor,
    chosen_length: Tensor,
    kept: Tensor,
    *,
    beta: float,
    lam: float,
    denominator: Denominator = "kept",
) -> CODPO:
    """DPO with a likelihood bonus, from sequence log-probabilities `(P,)`; `chosen_length` is |a+| in tokens.

    An a+ without tokens is never kept. When no pair is kept the loss is 0, with a graph.
    """
    require_denominator(denominator)
    require_equal_shapes(
        chosen_logp=chosen_logp,
        rejected_logp=rejected_logp,
        chosen_ref_logp=chosen_ref_logp,
        rejected_ref_logp=rejected_ref_logp,
        chosen_length=chosen_length,
        kept=kept,
    )
    kept = kept.bool() & (chosen_length > 0)
    margin = beta * (chosen_logp - chosen_ref_logp) - beta * (rejected_logp - rejected_ref_logp)
    per_pair = -logsigmoid(margin) - lam / chosen_length.clamp(min=1) * chosen_logp
    pairs = kept.sum() if denominator == "kept" else kept.numel()
    loss = torch.where(kept, per_pair, 0.0).sum() / max(int(pairs), 1)
    return CODPO(loss, per_pair, margin)
