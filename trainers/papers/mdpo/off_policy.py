r"""The off-policy losses: actions drawn anew from π_θ in states of a replay buffer, and a soft value function.

    L_π = mean( c·log π_θ(a|s) + (λ − c)·log π_old(a|s) − Q1(s, a) )
    y   = r + γ (1 − done) V_target(s')                    L_Q = ½ mean (y − Q(s, a))²    for both Q
    v   = min(Q1, Q2)(s, a) − λ log π_θ(a|s)               L_V = ½ mean (V(s) − v)²

L_π is the negative of Q1 − λ log π_θ − (1/t) KL(π_θ ‖ π_old), so c = λ + 1/t; without trust region, c = λ, it is SAC.
Tsallis' form replaces log by log_{2−q}, a power, and multiplies the term of π_old by q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...objectives import require_equal_shapes, require_within


@dataclass(frozen=True, eq=False)
class OffPolicyLosses:
    """Numbers, except the targets `q_target` and `value_target`, `(N,)` without gradient.

    implied_inverse_t: 1/t = c − λ, the weight of the KL.
    """

    policy_loss: Tensor
    q_target: Tensor
    q1_loss: Tensor
    value_target: Tensor
    value_loss: Tensor
    implied_inverse_t: float


def mdpo_off_policy_losses(
    logp_new: Tensor,
    logp_old: Tensor,
    q1_at_policy_action: Tensor,
    q2_at_policy_action: Tensor,
    rewards: Tensor,
    terminals: Tensor,
    next_value_target: Tensor,
    value: Tensor,
    q1_at_buffer_action: Tensor,
    *,
    kl_coef_c: float = 1.0,
    entropy_coef_lambda: float = 0.2,
    gamma: float = 0.99,
    tsallis_q: float = 1.0,
) -> OffPolicyLosses:
    """All losses of one gradient step, of N transitions; every tensor is `(N,)`.

    The second Q has the same target: `half_mean_square(q2_at_buffer_action, losses.q_target)`.
    logp_new, logp_old: with `tsallis_q` other than 1 they are `(N, D)`, a log-probability each action dimension.

    Raises:
        ValueError: `kl_coef_c` below `entropy_coef_lambda`, log-probabilities of the wrong shape for `tsallis_q`,
            other shapes that differ, a discount outside [0, 1] or a negative `entropy_coef_lambda`.
    """
    require_equal_shapes(logp_new=logp_new, logp_old=logp_old)
    require_equal_shapes(
        rewards=rewards,
        q1_at_policy_action=q1_at_policy_action,
        q2_at_policy_action=q2_at_policy_action,
        terminals=terminals,
        next_value_target=next_value_target,
        value=value,
        q1_at_buffer_action=q1_at_buffer_action,
    )
    require_within(0.0, 1.0, gamma=gamma)
    require_within(0.0, math.inf, entropy_coef_lambda=entropy_coef_lambda)
    logs_new, logs_old = tsallis_log(logp_new, tsallis_q), tsallis_log(logp_old, tsallis_q).detach()
    require_equal_shapes(summed_logp_new=logs_new, rewards=rewards)
    q_target = soft_q_target(rewards, terminals, next_value_target, gamma)
    value_target = soft_value_target(q1_at_policy_action, q2_at_policy_action, logs_new, entropy_coef_lambda)
    return OffPolicyLosses(
        policy_loss=off_policy_loss(
            logs_new, tsallis_q * logs_old, q1_at_policy_action, kl_coef_c, entropy_coef_lambda
        ),
        q_target=q_target,
        q1_loss=half_mean_square(q1_at_buffer_action, q_target),
        value_target=value_target,
        value_loss=half_mean_square(value, value_target),
        implied_inverse_t=kl_coef_c - entropy_coef_lambda,
    )


def off_policy_loss(log_new: Tensor, log_old: Tensor, q1: Tensor, c: float, lam: float) -> Tensor:
    """mean( c·log π_θ + (λ − c)·log π_old − Q1 ), with the gradient of Q1 by the action it was asked about."""
    if not c >= lam:
        raise ValueError(f"kl_coef_c={c} must be at least entropy_coef_lambda={lam}: their difference is 1/t")
    return (c * log_new + (lam - c) * log_old - q1).mean()


def soft_q_target(rewards: Tensor, terminals: Tensor, next_value: Tensor, gamma: float) -> Tensor:
    """r + γ (1 − done) V_target(s'), without gradient."""
    return (rewards + gamma * (1 - terminals) * next_value).detach()


def soft_value_target(q1: Tensor, q2: Tensor, log_new: Tensor, lam: float) -> Tensor:
    """min(Q1, Q2) − λ log π_θ, without gradient."""
    return (torch.minimum(q1, q2) - lam * log_new).detach()


def half_mean_square(prediction: Tensor, target: Tensor) -> Tensor:
    """½ mean (prediction − target)²."""
    return 0.5 * ((prediction - target) ** 2).mean()


def tsallis_log(logps: Tensor, q: float) -> Tensor:
    """Σ_d log_{2−q} π(a_d), `(N, D)` to `(N,)`, where log_q'(x) = (x^(1−q') − 1)/(1−q'); with q = 1 the logarithm.

    >>> tsallis_log(torch.tensor([[0.5, 0.25]]).log(), 2.0)
    tensor([-1.2500])

    logps: `(N, D)`; with q = 1 also `(N,)`, already summed.
    """
    if logps.dim() == 1:
        if q != 1:
            raise ValueError(
                f"tsallis_q={q} needs log-probabilities of each action dimension, (N, D), not {tuple(logps.shape)}"
            )
        return logps
    powers = logps if math.isclose(q, 1, abs_tol=1e-12) else torch.expm1((q - 1) * logps) / (q - 1)
    return powers.sum(-1)
