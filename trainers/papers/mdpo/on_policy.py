r"""The on-policy loss for policies whose whole distribution is known: N state-action pairs that π_k chose.

    J_k(θ) = mean_i[ ρ_i A_i ] − (1/t_k) mean_i[ KL( π_θ(·|s_i) ‖ π_k(·|s_i) ) ]        loss = −J_k
    ρ_i    = π_θ(a_i|s_i) / π_k(a_i|s_i)

The KL is of the new policy from the old one and exact in every state. A and π_k carry no gradient. Nothing is
clipped: at θ = θ_k the loss is a plain policy gradient, and what holds the later inner steps back is the KL alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ...objectives import Categorical, Gaussian, require_equal_shapes, require_within, standardize, whole_batch
from .step_size import require_step_size


@dataclass(frozen=True, eq=False)
class OnPolicyLoss:
    """`loss` and `mean_kl` are numbers; `advantages` (standardised), `ratio` and `kl_new_old_per_state` are `(N,)`."""

    loss: Tensor
    advantages: Tensor
    ratio: Tensor
    kl_new_old_per_state: Tensor
    mean_kl: Tensor


def mdpo_on_policy_loss_categorical(
    logits_new: Tensor,
    logits_old: Tensor,
    actions: Tensor,
    advantages_raw: Tensor,
    t_k: float,
    *,
    standardize_advantages: bool = True,
    std_ddof: int = 0,
    std_eps: float = 1e-8,
) -> OnPolicyLoss:
    """The loss of a policy over a actions: logits `(N, a)`, chosen actions and advantages `(N,)`.

    >>> logits = torch.tensor([[0.2, 0.0]])
    >>> mdpo_on_policy_loss_categorical(
    ...     logits, torch.zeros(1, 2), torch.tensor([0]), torch.ones(1), 0.5, standardize_advantages=False
    ... ).loss
    tensor(-1.0897)

    Raises:
        ValueError: t_k is not above 0, an advantage is not finite, shapes that differ, a `std_` out of its range.
    """
    require_equal_shapes(logits_new=logits_new, logits_old=logits_old)
    require_equal_shapes(states=logits_new[..., 0], actions=actions, advantages_raw=advantages_raw)
    new, old = Categorical(logits_new), Categorical(logits_old.detach())
    advantages = standardized(advantages_raw, std_ddof, std_eps) if standardize_advantages else advantages_raw
    return mdpo_on_policy_loss(new, old, actions, advantages, t_k)


def mdpo_on_policy_loss_diag_gaussian(
    mean_new: Tensor,
    log_std_new: Tensor,
    mean_old: Tensor,
    log_std_old: Tensor,
    actions: Tensor,
    advantages_raw: Tensor,
    t_k: float,
    *,
    standardize_advantages: bool = True,
    std_ddof: int = 0,
    std_eps: float = 1e-8,
) -> OnPolicyLoss:
    """The loss of a policy over D independent normal actions: means and actions `(N, D)`, log std `(D,)` or `(N, D)`.

    Raises:
        ValueError: t_k is not above 0, an advantage is not finite, shapes that differ, a `std_` out of its range.
    """
    require_equal_shapes(mean_new=mean_new, mean_old=mean_old, actions=actions)
    require_equal_shapes(states=mean_new[..., 0], advantages_raw=advantages_raw)
    new, old = Gaussian(mean_new, log_std_new), Gaussian(mean_old.detach(), log_std_old.detach())
    advantages = standardized(advantages_raw, std_ddof, std_eps) if standardize_advantages else advantages_raw
    return mdpo_on_policy_loss(new, old, actions, advantages, t_k)


def mdpo_on_policy_loss(new: Any, old: Any, actions: Tensor, advantages: Tensor, t_k: float) -> OnPolicyLoss:
    """The loss of any two distributions that know `logp` and `kl`, with advantages `(N,)` as they are.

    Raises:
        ValueError: t_k is not above 0, an advantage is not finite.
    """
    require_step_size(t_k)
    require_finite_advantages(advantages)
    advantages = advantages.detach()
    ratio, kl = (new.logp(actions) - old.logp(actions).detach()).exp(), new.kl(old)
    mean_kl = kl.mean()
    return OnPolicyLoss(-((ratio * advantages).mean() - mean_kl / t_k), advantages, ratio, kl, mean_kl)


def standardized(raw: Tensor, ddof: int = 0, eps: float = 1e-8) -> Tensor:
    """(A − mean) / (std + eps) over all N; 0 where they are all equal.

    >>> standardized(torch.tensor([1.0, 3.0]), eps=0.0)
    tensor([-1.,  1.])

    Raises:
        ValueError: an advantage is not finite, `ddof` is neither 0 nor 1, `eps` is negative.
    """
    require_finite_advantages(raw)
    require_within(0.0, math.inf, std_eps=eps)
    if ddof not in (0, 1):
        raise ValueError(f"std_ddof={ddof}: give 0 (population) or 1 (sample standard deviation)")
    raw = raw.detach()
    if bool((raw == raw[0]).all()):  # rounding in the mean must not be blown up by a small eps
        return torch.zeros_like(raw)
    return standardize(raw, whole_batch(raw), eps=eps, ddof=ddof)


def require_finite_advantages(advantages: Tensor) -> None:
    """Raise ValueError at a NaN or an infinity: one would make the whole loss NaN."""
    if not torch.isfinite(advantages).all():
        raise ValueError("advantages must be finite: give 0 to what has no score, or leave it out")
