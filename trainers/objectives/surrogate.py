"""The clipped surrogate of PPO and its relatives, per token.

ρ = π(o_t)/π_old(o_t)         L = −min( min(ρ, δ)·A,  clip(ρ, 1−ε_low, 1+ε_high)·A )
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from .aggregate import masked_mean

Level = Literal["token", "sequence"]


def importance_ratio(logps: Tensor, old_logps: Tensor, mask: Tensor, level: Level = "token") -> Tensor:
    """ρ of every token `(b, T)`, or of every sequence `(b, 1)`: the geometric mean of its tokens' (GSPO).

    Tokens outside the mask have ρ = 1, whatever their log-probabilities are.

    >>> importance_ratio(torch.zeros(1, 2), torch.zeros(1, 2), torch.ones(1, 2), "sequence")
    tensor([[1.]])
    """
    log_ratio = torch.where(mask > 0, logps - old_logps, 0.0)
    if level == "token":
        return torch.exp(log_ratio)
    if level == "sequence":
        return torch.exp(masked_mean(log_ratio, mask, dim=-1)).unsqueeze(-1)
    raise ValueError(f"unknown level {level!r}: expected 'token' or 'sequence'")


def clipped_surrogate(
    ratio: Tensor, advantages: Tensor, eps_low: float, eps_high: float, delta: float | None = None
) -> Tensor:
    """The loss of every token, to be minimised: `(b, T)`, or `(b, 1)` when both arguments are.

    ratio: `(b, T)` or `(b, 1)`. advantages: `(b, 1)` or `(b, T)`.
    delta caps the unclipped ratio from above (two-sided clipping): with A < 0 the loss stays below δ·|A|.

    >>> clipped_surrogate(torch.tensor([[1.5, 0.5]]), torch.tensor([[1.0]]), 0.2, 0.2)
    tensor([[-1.2000, -0.5000]])
    """
    clipped = torch.clamp(ratio, 1 - eps_low, 1 + eps_high)
    capped = ratio if delta is None else torch.clamp(ratio, max=delta)
    return -torch.min(capped * advantages, clipped * advantages)


def clipped_tokens(ratio: Tensor, advantages: Tensor, eps_low: float, eps_high: float) -> tuple[Tensor, Tensor]:
    """Where the clip takes the gradient away: (below 1−ε_low with A < 0, above 1+ε_high with A > 0)."""
    low = (ratio < 1 - eps_low) & (advantages < 0)
    high = (ratio > 1 + eps_high) & (advantages > 0)
    return low, high
