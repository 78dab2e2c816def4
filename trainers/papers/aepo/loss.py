"""AEPO's loss: a clip that keeps a gradient, and advantages that count more where the policy is unsure.

    Z_it  = (H_it − mean H) / std H                          H: entropy of the current policy, detached
    A'_it = A_i · max(0, 1 + α Z_it)
    u_it  = (1 + ε_high) · π(y_it) / sg(π(y_it))             value 1 + ε_high, gradient (1 + ε_high) ∇ log π
    L     = mean_it −A' · min(r, u)                       where A' > 0
                    −A' · min(max(r, 1 − ε_low), c)       where A' < 0

The value is that of PPO's clipped surrogate with a dual clip c. The gradient differs where A' > 0 and r > 1 + ε_high
only: PPO has none there, here it is −A' (1 + ε_high) ∇ log π. Tokens of high entropy leave the clip first, and
exploring is made of them.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from ...grpo import grpo_advantages
from ...objectives import masked_mean, require_equal_shapes, require_within

Scope = Literal["micro_batch", "generation"]
MAX_LOG_RATIO = 20.0  # beyond it a ratio is infinite for all purposes, and its gradient would be NaN


def entropy_moments(entropies: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and unbiased standard deviation over the tokens of the mask, 0-d; 0 and 0 where there are too few.

    >>> entropy_moments(torch.tensor([[2.0, 1.0, 9.0]]), torch.tensor([[1, 1, 0]]))
    (tensor(1.5000), tensor(0.7071))
    """
    values = entropies.detach()
    mean = masked_mean(values, mask)
    squares = torch.where(mask > 0, (values - mean) ** 2, 0.0).sum()
    return mean, (squares / (mask.sum() - 1).clamp(min=1)).sqrt()


def entropy_advantages(
    advantages: Tensor,
    entropies: Tensor,
    mask: Tensor,
    alpha: float = 0.2,
    *,
    moments: tuple[Tensor, Tensor] | None = None,
    clamp_factor: bool = True,
) -> Tensor:
    """`(b, T)` A', 0 outside the mask; without a gradient to the entropies.

    advantages: `(b, T)` or `(b, 1)`. moments: mean and standard deviation to standardise by, 0-d or `(b, 1)`; by
    default those of the mask. A deviation of 0 counts as 1.
    clamp_factor: never below 0. Without it a token whose entropy is far below the mean turns the update around.
    """
    mean, std = entropy_moments(entropies, mask) if moments is None else moments
    z = (entropies.detach() - mean) / torch.where(std > 0, std, 1.0)
    factor = 1 + alpha * z
    if clamp_factor:
        factor = factor.clamp(min=0.0)
    return torch.where(mask > 0, advantages * factor, 0.0)


def balanced_surrogate(
    logps: Tensor,
    old_logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    eps_low: float,
    eps_high: float,
    dual_clip: float | None = 3.0,
    *,
    keeps_gradient: bool = True,
) -> Tensor:
    """The loss of every token, `(b, T)`; anything may stand outside the mask.

    keeps_gradient: False for the upper clip of PPO, which has no gradient.
    dual_clip: c, what the ratio may count at most where A' < 0; None for no such bound.
    """
    log_ratio = torch.where(mask > 0, logps - old_logps, 0.0).clamp(max=MAX_LOG_RATIO)
    ratio = log_ratio.exp()
    upper = torch.full_like(ratio, 1 + eps_high)
    if keeps_gradient:
        inside = torch.where(mask > 0, logps, 0.0)
        upper = upper * (inside - inside.detach()).exp()
    good = torch.where(ratio > 1 + eps_high, upper, ratio)
    bad = ratio.clamp(min=1 - eps_low, max=dual_clip)
    return -advantages * torch.where(advantages > 0, good, bad)


def aepo_policy_loss(
    old_logps: Tensor,
    logps: Tensor,
    advantages: Tensor,
    mask: Tensor,
    entropies: Tensor | None,
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    dual_clip_c: float | None = 3.0,
    alpha_entropy: float = 0.2,
    entropy_advantage: bool = True,
    stop_gradient_clip: bool = True,
    clamp_factor: bool = True,
) -> tuple[Tensor, Tensor]:
    """A', `(b, T)`, and the loss, 0-d, to be minimised: a mean over the tokens of the mask, 0 without any.

    All tensors are `(b, T)`; mask: 1 on the model's tokens, 0 on prompts, tool results and padding.

    >>> logps, ones = torch.tensor([[0.4055, -0.1054]]) - 1, torch.ones(1, 2)
    >>> scaled, loss = aepo_policy_loss(-ones, logps, ones, ones, torch.tensor([[2.0, 1.0]]))
    >>> scaled, round(loss.item(), 4)
    (tensor([[1.1414, 0.8586]]), -1.0712)

    Raises:
        ValueError: shapes that differ, an ε or c out of range, or entropies that are needed and missing.
    """
    require_within(0.0, 1.0, eps_low=eps_low)
    require_within(0.0, float("inf"), eps_high=eps_high)
    if dual_clip_c is not None:
        require_within(1.0, float("inf"), dual_clip_c=dual_clip_c)
    require_equal_shapes(logps=logps, old_logps=old_logps, advantages=advantages, mask=mask)
    if not entropy_advantage:
        scaled = torch.where(mask > 0, advantages, 0.0)
    elif entropies is None:
        raise ValueError("entropies are needed for entropy_advantage=True: they are those of the current policy")
    else:
        require_equal_shapes(logps=logps, entropies=entropies)
        scaled = entropy_advantages(advantages, entropies, mask, alpha_entropy, clamp_factor=clamp_factor)
    per_token = balanced_surrogate(
        logps, old_logps, scaled, mask, eps_low, eps_high, dual_clip_c, keeps_gradient=stop_gradient_clip
    )
    return scaled, masked_mean(per_token, mask)


def group_advantage(rewards: Tensor, eps: float = 1e-6, compat: bool = False) -> Tensor:
    """`(k,)` (R − mean) / (std + ε) over the rollouts of one prompt, the sample's deviation; 0 for a NaN.

    >>> group_advantage(torch.tensor([1.0, 0.0])), group_advantage(torch.tensor([2.0]))
    (tensor([ 0.7071, -0.7071]), tensor([0.]))

    compat: a group of one keeps A = R / (1 + ε), as in the released code.
    """
    if compat and len(rewards) == 1:
        return (rewards / (1 + eps)).nan_to_num(nan=0.0)
    return grpo_advantages(rewards, torch.zeros(len(rewards), dtype=torch.long), eps=eps)


def check_scope(scope: str) -> None:
    """Raise ValueError for an unknown one."""
    if scope not in get_args(Scope):
        raise ValueError(f"entropy_scope={scope!r}: give {' or '.join(map(repr, get_args(Scope)))}")
