"""The three formulas of Pairwise-RL that carry gradients or make them: reward model, advantages, pairwise PPO.

Reward model, s12 and s21 the margins (logit of "first" − logit of "second") in the orders (a, b) and (b, a), y = 1 if
a is preferred:

    CE(s, y) = −y log σ(s) − (1−y) log σ(−s)
    L_RM     = mean ½ [ CE(s12, y) + CE(s21, 1−y) ] + w · mean ( σ(s12) − (1 − σ(s21)) )²

Pairwise PPO, R the reward against the anchor:

    r_t = −β (log π − log π_ref),  + R at the last token
    δ_t = r_t + γ V_{t+1} − V_t,   A_t = δ_t + γλ A_{t+1},   target = A_t + V_t,   A then whitened over all tokens
    L   = mean max( −Aρ, −A clip(ρ, 1−ε, 1+ε) )
          + c_v · ½ mean max( (V − target)², (V_old + clip(V − V_old, −ε_v, ε_v) − target)² )
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ...critic import clipped_value_loss
from ...objectives import (
    clipped_surrogate,
    importance_ratio,
    masked_mean,
    require_equal_shapes,
    require_finite,
    require_within,
    token_gae,
    whiten,
)


@dataclass(frozen=True, eq=False)
class RMLoss:
    """The loss, and of two orders what they say: `p_original` is p12, `p_swapped` p21, all `(n,)`; else None."""

    loss: Tensor
    p_original: Tensor | None = None
    p_swapped: Tensor | None = None
    p_debiased: Tensor | None = None
    mse_consistency: Tensor | None = None


def verdict_cross_entropy(margin: Tensor, first_wins: Tensor) -> Tensor:
    """−y log σ(s) − (1−y) log σ(−s) of each, linear where s is extreme; soft labels allowed.

    >>> verdict_cross_entropy(torch.tensor([1600.0, -1600.0]), torch.tensor([0.0, 1.0]))
    tensor([1600., 1600.])
    """
    return -first_wins * logsigmoid(margin) - (1 - first_wins) * logsigmoid(-margin)


def pairwise_rm_loss(
    logit_first: Tensor,
    logit_second: Tensor,
    label_first_wins: Tensor,
    logit_first_swapped: Tensor | None = None,
    logit_second_swapped: Tensor | None = None,
    *,
    consistency_weight: float = 1.0,
) -> RMLoss:
    """L_RM of n pairs, all `(n,)`; "first" is what is shown first in that order, the label is that of the original one.

    >>> s12, s21 = torch.tensor([1.2]), torch.tensor([-0.4])
    >>> loss = pairwise_rm_loss(s12, torch.zeros(1), torch.ones(1), s21, torch.zeros(1))
    >>> loss.mse_consistency, loss.p_debiased
    (tensor(0.0288), tensor([0.6836]))

    With one order the loss is its cross-entropy alone.

    Raises:
        ValueError: no pairs, tensors of different shapes, logits that are not finite, a label outside [0, 1], a
            negative weight, or one half of the swapped order.
    """
    _require_verdicts(
        logit_first=logit_first,
        logit_second=logit_second,
        label_first_wins=label_first_wins,
        logit_first_swapped=logit_first_swapped,
        logit_second_swapped=logit_second_swapped,
    )
    require_within(0, math.inf, consistency_weight=consistency_weight)
    original = logit_first - logit_second
    of_original = verdict_cross_entropy(original, label_first_wins).mean()
    if logit_first_swapped is None or logit_second_swapped is None:
        return RMLoss(of_original)
    swapped = logit_first_swapped - logit_second_swapped
    of_swapped = verdict_cross_entropy(swapped, 1 - label_first_wins).mean()
    p12, p21 = original.sigmoid(), swapped.sigmoid()
    mse = position_inconsistency(original, swapped).mean()
    loss = (of_original + of_swapped) / 2 + consistency_weight * mse
    return RMLoss(loss, p12, p21, (p12 + 1 - p21) / 2, mse)


def _require_verdicts(**tensors: Tensor | None) -> None:
    given = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    missing = tensors.keys() - given.keys()
    if len(missing) == 1:
        raise ValueError(f"{missing.pop()} is missing: the swapped order needs both of its logits")
    if not given["logit_first"].numel():
        raise ValueError("logit_first is empty: give at least one pair")
    require_equal_shapes(**given)
    require_finite(**given)
    if not ((given["label_first_wins"] >= 0) & (given["label_first_wins"] <= 1)).all():
        raise ValueError("label_first_wins has a label outside [0, 1]")


def position_inconsistency(original: Tensor, swapped: Tensor) -> Tensor:
    """(p12 − (1 − p21))² of each pair: 0 for a judge to whom the order makes no difference."""
    return (original.sigmoid() - (-swapped).sigmoid()) ** 2


@dataclass(frozen=True, eq=False)
class PPOAdvantages:
    """All `(B, T)` and 0 where masked. `returns`: A + V before whitening, what the critic is fitted to."""

    token_rewards: Tensor
    advantages: Tensor
    returns: Tensor
    whitened_advantages: Tensor


def token_rewards(logps: Tensor, ref_logps: Tensor, terminal_reward: Tensor, mask: Tensor, kl_coef: float) -> Tensor:
    """−β (log π − log π_ref) of every token, and R at the last one of the mask; 0 elsewhere. R: `(B,)`."""
    of_loss = mask > 0
    is_last = of_loss & (mask.cumsum(1) == mask.sum(1, keepdim=True))
    kl = torch.where(of_loss, logps - ref_logps, 0.0)
    return torch.where(is_last, terminal_reward.unsqueeze(1), 0.0) - kl_coef * kl


def pairwise_ppo_advantages(
    logps: Tensor,
    ref_logps: Tensor,
    values: Tensor,
    terminal_reward: Tensor,
    mask: Tensor,
    *,
    kl_coef: float = 0.05,
    gamma: float = 1.0,
    gae_lambda: float = 0.95,
    whiten_eps: float = 1e-8,
    whiten_ddof: int = 0,
    gather: Callable[[Tensor], Tensor] = torch.clone,
) -> PPOAdvantages:
    """From the reward of whole completions, `(B,)`, to advantages of tokens; everything else `(B, T)`.

    A row without a token has no place for its reward: it is all 0. What is masked may be anything.
    gather: see `whiten`.

    Raises:
        ValueError: tensors of different shapes, numbers that are not finite, or a setting out of its range.
    """
    if logps.dim() != 2 or terminal_reward.shape != logps.shape[:1]:
        raise ValueError(
            f"logps must be (B, T) and terminal_reward (B,), not {tuple(logps.shape)} and "
            f"{tuple(terminal_reward.shape)}"
        )
    require_equal_shapes(logps=logps, ref_logps=ref_logps, values=values, mask=mask)
    require_finite(mask, logps=logps, ref_logps=ref_logps, values=values)
    require_finite(mask.sum(1), terminal_reward=terminal_reward)
    require_within(0, 1, gamma=gamma, gae_lambda=gae_lambda)
    require_within(0, math.inf, kl_coef=kl_coef, whiten_eps=whiten_eps, whiten_ddof=whiten_ddof)
    rewards = token_rewards(logps, ref_logps, terminal_reward, mask, kl_coef)
    estimate = token_gae(rewards, values, mask, gamma=gamma, lam=gae_lambda)
    whitened = whiten(estimate.adv, mask, eps=whiten_eps, ddof=whiten_ddof, gather=gather)
    return PPOAdvantages(rewards, estimate.adv, estimate.tdlamret, whitened)


@dataclass(frozen=True, eq=False)
class PPOLoss:
    """Means over tokens, 0-d. `value_loss` has its ½ and not yet its weight."""

    policy_loss: Tensor
    value_loss: Tensor
    loss: Tensor
    clip_fraction: Tensor


def pairwise_ppo_loss(
    logps_new: Tensor,
    logps_old: Tensor,
    advantages: Tensor,
    values_new: Tensor,
    values_old: Tensor,
    returns: Tensor,
    mask: Tensor,
    *,
    clip_eps: float = 0.2,
    value_clip_eps: float = 0.2,
    value_coef: float = 0.1,
) -> PPOLoss:
    """The loss of policy and critic, all tensors `(b, T)`; advantages are used as they are given.

    What is masked may be anything.

    Raises:
        ValueError: tensors of different shapes, numbers that are not finite, or a negative ε or weight.
    """
    tensors = {
        "logps_new": logps_new,
        "logps_old": logps_old,
        "advantages": advantages,
        "values_new": values_new,
        "values_old": values_old,
        "returns": returns,
    }
    require_equal_shapes(**tensors, mask=mask)
    require_finite(mask, **tensors)
    require_within(0, math.inf, clip_eps=clip_eps, value_clip_eps=value_clip_eps, value_coef=value_coef)
    # Before any arithmetic: 0 · NaN is NaN, in the loss or in its gradient.
    new, old, A, V, V_old, target = (torch.where(mask > 0, tensor, 0.0) for tensor in tensors.values())
    ratio = importance_ratio(new, old, mask)
    policy = masked_mean(clipped_surrogate(ratio, A, clip_eps, clip_eps), mask)
    value = masked_mean(clipped_value_loss(V, V_old, target, value_clip_eps), mask)
    clipped = masked_mean(((ratio - 1).abs() > clip_eps).to(ratio), mask)
    return PPOLoss(policy, value, policy + value_coef * value, clipped)
