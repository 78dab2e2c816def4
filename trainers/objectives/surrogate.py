"""The clipped surrogate of PPO and its relatives, per token.

ρ = π(o_t)/π_old(o_t)         L = −min( min(ρ, δ)·A,  clip(ρ, 1−ε_low, 1+ε_high)·A )
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from .aggregate import masked_mean
from .require import require_equal_shapes

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


@dataclass(frozen=True, eq=False)
class ClippedLoss:
    """A loss, 0-d, with the shares of tokens on which the clip, and the dual clip, decided; without gradient."""

    loss: Tensor
    clip_fraction: Tensor
    dual_clip_fraction: Tensor


def clipped_token_mean(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    dual_clip: float | None = None,
) -> ClippedLoss:
    """The clipped surrogate as a mean over the tokens of a batch, written as frameworks with a dual clip have it.

        l_it = max(−ρ·A, −clip(ρ)·A),  with A < 0 at most c·|A|;   log ρ within ±20

    >>> token = [torch.tensor([[x]]) for x in (2.0, 0.0)]
    >>> clipped_token_mean(*token, torch.tensor([-1.0]), torch.ones(1, 1), dual_clip=3.0).loss
    tensor(3.)

    logps, old_logps, mask: `(b, T)`. advantages: `(b,)`. dual_clip: c, above 1; None for none.

    Trap: `clipped_surrogate` with delta=c is the same number only for c above 1+ε_high.

    Raises:
        ValueError: shapes that differ, or a dual clip that is not above 1.
    """
    require_equal_shapes(logps=logps, old_logps=old_logps, mask=mask)
    require_equal_shapes(rows=mask.sum(1), advantages=advantages)
    if dual_clip is not None and not dual_clip > 1:
        raise ValueError(f"dual_clip={dual_clip}: give a number above 1, or None")
    A = advantages.detach().unsqueeze(1)
    ratio = torch.exp(torch.where(mask > 0, logps - old_logps.detach(), 0.0).clamp(-20, 20))
    plain, clipped = -ratio * A, -ratio.clamp(1 - eps_low, 1 + eps_high) * A
    losses = torch.max(plain, clipped)
    cut = torch.zeros_like(losses, dtype=torch.bool)
    if dual_clip is not None:
        cut = (A < 0) & (losses > dual_clip * A.abs())
        losses = torch.where(A < 0, torch.min(losses, dual_clip * A.abs()), losses)
    shares = (masked_mean(where.to(losses), mask).detach() for where in (clipped > plain, cut))
    return ClippedLoss(masked_mean(losses, mask), *shares)
