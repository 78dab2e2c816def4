"""What a policy's logits say about rewards: Q, V and the reward of every token, up to a shift of each state's logits.

    Q(s, a) = β · logit_a        V(s) = β · logsumexp logits        A = Q − V = β log π(a|s)
    r_t = Q(s_t, a_t) − γ V(s_{t+1}) − β log π_ref(a_t|s_t)
    γ = 1, V after the last token 0:    Σ r_t = β Σ log(π/π_ref) + V(s_0)

It holds of any policy, from SFT as from DPO.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


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
        ValueError: β not positive, or shapes that do not belong together.
    """
    if not beta > 0:
        raise ValueError(f"beta must be above 0, not {beta}")
    if policy_logits.shape != reference_logits.shape or policy_logits.shape[:1] != token_ids.shape:
        raise ValueError(
            f"needs logits (T, vocabulary) twice and T token_ids, not {tuple(policy_logits.shape)}, "
            f"{tuple(reference_logits.shape)} and {tuple(token_ids.shape)}"
        )
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
