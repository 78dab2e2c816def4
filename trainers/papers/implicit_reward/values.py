"""What a policy's logits say about rewards: Q, V and the reward of every token, up to a shift of each state's logits.

    Q(s, a) = β · logit_a        V(s) = β · logsumexp logits        A = Q − V = β log π(a|s)
    r_t = Q(s_t, a_t) − γ V(s_{t+1}) − β log π_ref(a_t|s_t)
    γ = 1, V after the last token 0:    Σ r_t = β Σ log(π/π_ref) + V(s_0)

It holds of any policy, from SFT as from DPO.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...objectives import require_equal_shapes, require_within
from .divergences import require_beta


@dataclass(frozen=True, eq=False)
class TokenValues:
    """Of T tokens, each `(T,)`; the last two are 0-d and equal for γ = 1 and a terminal value of 0."""

    V: Tensor
    Q_taken: Tensor
    advantage_taken: Tensor
    implicit_reward_without_values: Tensor  # β log(π/π_ref): a dense reward that needs no values
    reward: Tensor
    sum_reward: Tensor
    telescoped: Tensor


def token_q_v_reward(
    policy_logits: Tensor,
    reference_logits: Tensor,
    token_ids: Tensor,
    *,
    beta: float = 1.0,
    gamma: float = 1.0,
    terminal_value: float = 0.0,
) -> TokenValues:
    """Values and rewards of one completion.

    policy_logits, reference_logits: `(T, vocabulary)`, those that predicted each token. token_ids: `(T,)`.

    Raises:
        ValueError: β not positive, γ outside [0, 1], shapes that do not belong together, a token outside the
            vocabulary, a logit that is NaN or +∞, or a terminal value that is not finite.
    """
    require_beta(beta)
    require_within(0, 1, gamma=gamma)
    if not math.isfinite(terminal_value):
        raise ValueError(f"terminal_value must be finite, not {terminal_value}")
    _require_logits(token_ids, policy_logits=policy_logits, reference_logits=reference_logits)
    taken = token_ids.unsqueeze(-1)
    V = beta * torch.logsumexp(policy_logits, dim=-1)
    Q = beta * policy_logits.gather(-1, taken).squeeze(-1)
    log_policy, log_ref = (
        torch.log_softmax(logits, dim=-1).gather(-1, taken).squeeze(-1) for logits in (policy_logits, reference_logits)
    )
    V_next = torch.cat([V[1:], V.new_full((min(len(V), 1),), terminal_value)])
    reward = Q - gamma * V_next - beta * log_ref
    without_values = beta * (log_policy - log_ref)  # exactly 0 where the two models agree
    return TokenValues(
        V=V,
        Q_taken=Q,
        advantage_taken=beta * log_policy,
        implicit_reward_without_values=without_values,
        reward=reward,
        sum_reward=reward.sum(),
        telescoped=without_values.sum() + V[:1].sum(),
    )


def _require_logits(token_ids: Tensor, **logits: Tensor) -> None:
    require_equal_shapes(**logits)
    for name, values in logits.items():
        if values.dim() != 2 or values.shape[:1] != token_ids.shape:
            raise ValueError(
                f"{name} must be (T, vocabulary) for token_ids (T,), not {tuple(values.shape)} for "
                f"{tuple(token_ids.shape)}"
            )
        if not (values < math.inf).all():
            raise ValueError(f"{name} has a logit that is NaN or infinite")
        if not ((token_ids >= 0) & (token_ids < values.shape[-1])).all():
            raise ValueError(f"token_ids has a token outside the vocabulary of {values.shape[-1]}")
