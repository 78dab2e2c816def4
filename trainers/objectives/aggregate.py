"""From a number per token to one number: the ways GRPO's relatives average.

All take `per_token` `(b, T)` (or `(b, 1)`, one value a sequence) and a `mask` `(b, T)` that is 1 on the
tokens of the loss. Rows without any such token give 0, never NaN.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

Aggregation = Literal["grpo", "bnpo", "dr_grpo", "dapo"]


def masked_mean(values: Tensor, mask: Tensor, dim: int | None = None) -> Tensor:
    """Mean of the values where the mask is 1; 0 where the mask is all 0. Where it is 0 they may be anything.

    >>> import torch
    >>> masked_mean(torch.tensor([[1.0, 3.0, 9.0]]), torch.tensor([[1, 1, 0]]))
    tensor(2.)
    """
    masked = torch.where(mask > 0, values * mask, 0.0)  # NaN times 0 would be NaN
    if dim is None:
        return masked.sum() / mask.sum().clamp(min=1.0)
    return masked.sum(dim) / mask.sum(dim).clamp(min=1.0)


def mean_of_sequence_means(per_token: Tensor, mask: Tensor) -> Tensor:
    """GRPO: every sequence counts the same, a token of a short one more.  (1/b) Σ_i (1/|o_i|) Σ_t x_it"""
    return masked_mean(per_token, mask, dim=-1).mean()


def mean_over_tokens(per_token: Tensor, mask: Tensor) -> Tensor:
    """BNPO: every token of the micro-batch counts the same.  Σ_it x_it / Σ_i |o_i|"""
    return masked_mean(per_token, mask)


def mean_over_length_limit(per_token: Tensor, mask: Tensor, max_length: int) -> Tensor:
    """Dr. GRPO: a constant denominator, free of length bias.  Σ_it x_it / (b · L_max)"""
    return (per_token * mask).sum() / (per_token.size(0) * max_length)


def mean_over_items(per_token: Tensor, mask: Tensor, num_items: Tensor | float) -> Tensor:
    """DAPO: every token of the *whole* batch counts the same.  Σ_it x_it / num_items

    num_items: the loss tokens a micro-batch has on average over the generation batch and all processes.
    """
    return (per_token * mask).sum() / num_items


def aggregate(
    per_token: Tensor, mask: Tensor, how: Aggregation, *, num_items: Tensor | float, max_length: int
) -> Tensor:
    """One of TRL's four averages by its `loss_type`.

    >>> import torch
    >>> x, mask = torch.tensor([[1.0, 0.0], [2.0, 4.0]]), torch.tensor([[1, 0], [1, 1]])
    >>> [round(aggregate(x, mask, how, num_items=3, max_length=4).item(), 4)
    ...  for how in ("grpo", "bnpo", "dr_grpo", "dapo")]
    [2.0, 2.3333, 0.875, 2.3333]
    """
    match how:
        case "grpo":
            return mean_of_sequence_means(per_token, mask)
        case "bnpo":
            return mean_over_tokens(per_token, mask)
        case "dr_grpo":
            return mean_over_length_limit(per_token, mask, max_length)
        case "dapo":
            return mean_over_items(per_token, mask, num_items)
    raise ValueError(f"unknown aggregation {how!r}: expected 'grpo', 'bnpo', 'dr_grpo' or 'dapo'")
