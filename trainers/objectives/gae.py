"""Generalised advantage estimation: over consecutive steps that may span episodes, and over the tokens of rows."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .require import require_within


@dataclass(frozen=True, eq=False)
class GAE:
    """`adv`: advantages. `tdlamret`: TD(λ) returns, what the value function is fitted to. Shapes of the rewards."""

    adv: Tensor
    tdlamret: Tensor


def gae(
    rewards: Tensor,
    vpred: Tensor,
    nextvpred: Tensor | float,
    episode_starts: Tensor,
    *,
    gamma: float | Tensor = 0.99,
    lam: float = 0.95,
) -> GAE:
    """δ_i = r_i + γ_i V_{i+1} n_i − V_i,  A_i = δ_i + γ_i λ n_i A_{i+1},  n_i = 0 where step i ends an episode, else 1.

    >>> gae(torch.ones(2), torch.zeros(2), 0.0, torch.tensor([True, True])).adv
    tensor([1., 1.])

    rewards, vpred: `(n,)`, `(n, e)` for e environments side by side, with a last axis more for a critic of several
    objectives. episode_starts: the same, or without last axes. nextvpred: V after the last step, a number or a tensor
    of the axes after n, or the first of them; it must be 0 if the episode ended there. gamma: a number, or one for each
    step `(n,)`, or for more of the leading axes: γ_i discounts what comes after step i.
    Trap: step i is known to end an episode by the start flag of step i + 1, so the flag of the first is never read.

    Raises:
        ValueError: shapes that differ, γ or λ outside [0, 1].
    """
    discount = torch.as_tensor(gamma, dtype=rewards.dtype, device=rewards.device)
    require_within(0.0, 1.0, lam=lam)
    for end in (discount.min(), discount.max()) if discount.numel() else ():
        require_within(0.0, 1.0, gamma=end.item())
    if vpred.shape != rewards.shape:
        raise ValueError(f"vpred must be {tuple(rewards.shape)} like rewards, not {tuple(vpred.shape)}")
    discount = _over_last_axes(discount, rewards, "gamma") if discount.dim() else discount.expand_as(rewards)
    goes_on = 1 - _over_last_axes(episode_starts.to(rewards), rewards, "episode_starts")[1:]
    value = torch.as_tensor(nextvpred, dtype=rewards.dtype, device=rewards.device)
    value = _over_last_axes(value, rewards[0], "nextvpred")
    adv, later = torch.zeros_like(rewards), torch.zeros_like(rewards[0])
    for i in range(len(rewards) - 1, -1, -1):
        carried = discount[i] * goes_on[i] if i < len(goes_on) else discount[i]
        delta = rewards[i] + carried * value - vpred[i]
        later = delta + lam * carried * later
        adv[i], value = later, vpred[i]
    return GAE(adv, adv + vpred)


def vector_gae(
    reward: Tensor, value: Tensor, next_value: Tensor, end: Tensor, *, gamma: float = 0.99, lam: float = 0.95
) -> GAE:
    """The same where an episode may be cut without being over: δ = r + γ V_next − V, with V_next of its own.

    >>> cut = torch.tensor([[True]])  # by a time limit, in a state worth 10
    >>> vector_gae(torch.ones(1, 1, 1), torch.zeros(1, 1, 1), torch.full((1, 1, 1), 10.0), cut, gamma=0.9).adv.item()
    10.0

    reward, value, next_value: `(T, E, K)` for K objectives in E environments. next_value: V of the state that the step
    led to, which is 0 if the episode is over there, and V of the last observation where only a time limit cut it.
    end: `(T, E)`, whether the next step belongs to another episode.
    """
    if next_value.shape != reward.shape or end.shape != reward.shape[:-1]:
        raise ValueError(
            f"reward {tuple(reward.shape)}, next_value {tuple(next_value.shape)} and end {tuple(end.shape)} must be "
            "(T, E, K), (T, E, K) and (T, E)"
        )
    if value.shape != reward.shape:
        raise ValueError(f"value must be {tuple(reward.shape)} like reward, not {tuple(value.shape)}")
    require_within(0.0, 1.0, gamma=gamma, lam=lam)
    delta = reward + gamma * next_value - value
    carried = gamma * (1 - end.to(reward)).unsqueeze(-1)
    adv, later = torch.zeros_like(reward), torch.zeros_like(reward[0])
    for t in range(len(reward) - 1, -1, -1):
        later = delta[t] + lam * carried[t] * later
        adv[t] = later
    return GAE(adv, adv + value)


def _over_last_axes(x: Tensor, like: Tensor, name: str) -> Tensor:
    """A tensor of the leading axes of another, the same along the rest."""
    if x.shape != like.shape[: x.dim()]:
        raise ValueError(f"{name} must be {tuple(like.shape)} or its first axes, not {tuple(x.shape)}")
    return x.reshape((*x.shape, *[1] * (like.dim() - x.dim()))).expand_as(like)


def token_gae(rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float | Tensor = 1.0, lam: float = 0.95) -> GAE:
    """The same where every row is an episode and its steps are the tokens of the mask; 0 elsewhere.

    >>> token_gae(torch.tensor([[0.0, 1.0, 9.0]]), torch.zeros(1, 3), torch.tensor([[1, 1, 0]]), lam=1.0).adv
    tensor([[1., 1., 0.]])

    rewards, values: `(B, T)`, or `(B, T, K)` for a critic of K objectives. mask: `(B, T)`. gamma: a number or `(B, T)`.
    values: V before each token; after the last one it is 0. Tokens outside the mask may lie between others (what a tool
    wrote): the step before them leads to the next token of the mask. They may hold anything.
    """
    of_loss = mask > 0
    order = (~of_loss).long().argsort(dim=1, stable=True)  # tokens of the mask first, in their order

    def packed(x: Tensor) -> Tensor:
        """`(T, B)`, or `(T, B, K)`: steps first."""
        kept = torch.where(_over_last_axes(of_loss, x, "mask"), x, 0.0)
        return kept.gather(1, _over_last_axes(order, x, "mask")).transpose(0, 1)

    beyond = ~of_loss.gather(1, order).T
    discount = packed(gamma) if isinstance(gamma, Tensor) and gamma.dim() else gamma
    steps = gae(packed(rewards), packed(values), 0.0, beyond, gamma=discount, lam=lam)

    def unpacked(x: Tensor) -> Tensor:
        kept = x.masked_fill(_over_last_axes(beyond, x, "mask"), 0.0).transpose(0, 1)
        return torch.zeros_like(rewards).scatter(1, _over_last_axes(order, rewards, "mask"), kept)

    return GAE(unpacked(steps.adv), unpacked(steps.tdlamret))
