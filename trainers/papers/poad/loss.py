"""Token PPO: the loss of the policy, of the critic, and the KL that tells when an update has gone too far.

ρ  = exp(log π − log π_old)                                          a token
L  = mean_tokens max( −A ρ, −A clip(ρ, 1−ε, 1+ε) ) − c_ent H         ε = 0.2, c_ent = 0.01
KL = mean_tokens (ρ − 1 − log ρ)                                     above 0.02 the policy's step is left out
L_V = c_v mean_tokens ½ max( (R − V)², (R − V_clip)² )               V_clip: V held to within ε of V_old
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from ...critic import clipped_value_loss
from ...objectives import (
    clipped_surrogate,
    importance_ratio,
    kl_k3,
    masked_mean,
    require_equal_shapes,
    require_within,
    whiten,
)
from .advantages import actions_of

FLOOR = 1e-8  # added to the standard deviation of the advantages


class TokenPPO(NamedTuple):
    """advantages: those used, `(N, J)`, 0 at padding. loss, approx_kl, entropy: 0-d, means over tokens."""

    advantages: Tensor
    loss: Tensor
    approx_kl: Tensor
    entropy: Tensor


def normalised(advantages: Tensor, mask: Tensor, gather: Callable[[Tensor], Tensor] = torch.clone) -> Tensor:
    """(A − mean) / (population standard deviation + 1e-8) over the tokens of the mask; genuine zeros are tokens too.

    gather: puts the rows of all processes together.
    """
    return whiten(advantages, mask, eps=0.0, floor=FLOOR, gather=gather)


def token_ppo_loss(
    old_logps: Tensor,
    logps: Tensor,
    advantages_raw: Tensor,
    token_mask: Tensor,
    entropies: Tensor,
    clip: float = 0.2,
    entropy_coef: float = 0.01,
    normalise_advantages: bool = True,
) -> TokenPPO:
    """The policy's loss with its entropy term, `(N, J)` tensors; 0 without a token.

    The KL is reported, not acted upon: to leave a step out is the trainer's business.

    Raises:
        ValueError: shapes that differ, or a clip or coefficient below 0.
    """
    require_within(0.0, float("inf"), clip=clip, entropy_coef=entropy_coef)
    require_equal_shapes(
        logps=logps, old_logps=old_logps, advantages_raw=advantages_raw, token_mask=token_mask, entropies=entropies
    )
    advantages = normalised(advantages_raw, token_mask) if normalise_advantages else advantages_raw
    advantages = torch.where(token_mask > 0, advantages, 0.0)
    ratio = importance_ratio(logps, old_logps, token_mask)
    per_token = clipped_surrogate(ratio, advantages, clip, clip)
    entropy = masked_mean(entropies, token_mask)
    loss = masked_mean(per_token, token_mask) - entropy_coef * entropy
    return TokenPPO(advantages, loss, approx_kl(old_logps, logps, token_mask), entropy)


def approx_kl(old_logps: Tensor, logps: Tensor, mask: Tensor) -> Tensor:
    """Mean of ρ − 1 − log ρ over the tokens of the mask, 0-d."""
    return masked_mean(kl_k3(old_logps, logps), mask)


def token_value_loss(
    values: Tensor,
    old_values: Tensor,
    returns: Tensor,
    token_mask: Tensor,
    clip: float = 0.2,
    value_loss_coef: float = 0.5,
    huber: bool = False,
) -> Tensor:
    """The critic's loss, `(N, J)` tensors to 0-d.

    Raises:
        ValueError: shapes that differ, a clip or coefficient below 0, or huber=True: the released form of it is 0 for
            every value that is far too high.
    """
    if huber:
        raise ValueError("huber=True: the released form gives no loss to values that are too high; leave it False")
    require_within(0.0, float("inf"), clip=clip, value_loss_coef=value_loss_coef)
    require_equal_shapes(values=values, old_values=old_values, returns=returns, token_mask=token_mask)
    return value_loss_coef * masked_mean(clipped_value_loss(values, old_values, returns, clip), token_mask)


def action_surrogate(
    logps: Tensor, old_logps: Tensor, advantages: Tensor, mask: Tensor, last: Tensor, clip: float
) -> Tensor:
    """`(B, S)` PPO's loss of whole actions, each at the last token of its action and 0 elsewhere: one ratio an action,
    the product of its tokens'. advantages: equal for the tokens of an action."""
    of = actions_of(mask, last)
    log_ratio = torch.where(mask > 0, logps - old_logps, 0.0)
    whole = log_ratio.new_zeros(len(of), of.size(1) + 1).scatter_add(1, of, log_ratio)
    losses = clipped_surrogate(whole.gather(1, of).exp(), advantages, clip, clip)
    return torch.where(last & (mask > 0), losses, 0.0)
