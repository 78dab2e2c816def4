"""The primal-dual form: clipped PPO on a combined advantage, and multipliers that rise while a limit is exceeded.

    A    = (A_r − l_c A_c − l_o A_o) / (1 + l_c + l_o)          c: safety cost; o: 1 outside the guardian
    loss = −mean min( ρ A, clip(ρ, 1 − ε, 1 + ε) A )             no value term, no entropy term
    l_x <- clip(l_x + η (Ĵ_x − d_x), 0, l_max)                   after each iteration

The advantages are on their raw scale when they are combined: what makes them comparable is the unit in which the limits
are given. Standardise only the sum. With l = 0 it is plain PPO, bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ....rewards.constrained.dual import dual_step, lagrangian, require_dual_settings
from ...objectives import clipped_surrogate, require_equal_shapes, require_finite


def lagrangian_advantage(
    adv_reward: Tensor,
    adv_cost: Tensor,
    adv_ood: Tensor,
    lambda_cost: float,
    lambda_ood: float,
    *,
    rescale: bool = True,
) -> Tensor:
    """A of three advantages of one shape; a constant of the loss.

    >>> one = torch.ones(1)
    >>> lagrangian_advantage(one, one, 0 * one, 3.0, 0.0)
    tensor([-0.5000])

    Raises:
        ValueError: shapes that differ, a number that is not finite, a negative multiplier.
    """
    require_equal_shapes(adv_reward=adv_reward, adv_cost=adv_cost, adv_ood=adv_ood)
    require_finite(adv_reward=adv_reward, adv_cost=adv_cost, adv_ood=adv_ood)
    for name, value in (("lambda_cost", lambda_cost), ("lambda_ood", lambda_ood)):
        if not value >= 0:
            raise ValueError(f"{name}={value}: a multiplier is never negative")
    costs = [adv_cost.detach(), adv_ood.detach()]
    return lagrangian(adv_reward.detach(), costs, [lambda_cost, lambda_ood], rescale=rescale)


def lagrangian_ppo_loss(
    logp: Tensor,
    old_logp: Tensor,
    adv_reward: Tensor,
    adv_cost: Tensor,
    adv_ood: Tensor,
    lambda_cost: float,
    lambda_ood: float,
    *,
    clip: float = 0.2,
    rescale: bool = True,
) -> Tensor:
    """The policy's loss over `(N,)` steps, 0-d."""
    require_equal_shapes(logp=logp, old_logp=old_logp, adv_reward=adv_reward)
    advantage = lagrangian_advantage(adv_reward, adv_cost, adv_ood, lambda_cost, lambda_ood, rescale=rescale)
    ratio = torch.exp(logp - old_logp.detach())
    return clipped_surrogate(ratio, advantage, clip, clip).mean()


def dual_ascent(
    safety_cost: Sequence[float],
    ood_cost: Sequence[float],
    *,
    limit_safety: float,
    limit_ood: float,
    lr: float,
    init: Sequence[float] = (0.0, 0.0),
    cap: float = 10.0,
) -> list[list[float]]:
    """[l_c, l_o] after each iteration, given the mean costs of the iterations.

    >>> dual_ascent([1.5, 0.0], [0.0, 0.0], limit_safety=0.5, limit_ood=0.1, lr=0.5)
    [[0.5, 0.0], [0.25, 0.0]]

    Raises:
        ValueError: η or the cap is not above 0, or there are not as many numbers of one cost as of the other.
    """
    require_dual_settings(lr, cap)
    if len(safety_cost) != len(ood_cost):
        raise ValueError(f"there are {len(safety_cost)} safety costs and {len(ood_cost)} OOD costs")
    (l_c, l_o), after = init, []
    for cost, ood in zip(safety_cost, ood_cost, strict=True):
        l_c = dual_step(l_c, cost, limit_safety, eta=lr, cap=cap)
        l_o = dual_step(l_o, ood, limit_ood, eta=lr, cap=cap)
        after.append([l_c, l_o])
    return after
