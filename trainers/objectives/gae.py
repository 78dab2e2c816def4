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
    gamma: float = 0.99,
    lam: float = 0.95,
) -> GAE:
    """δ_i = r_i + γ V_{i+1} n_i − V_i,   A_i = δ_i + γ λ n_i A_{i+1},   n_i = 0 where step i ends an episode, else 1.

    >>> gae(torch.ones(2), torch.zeros(2), 0.0, torch.tensor([True, True])).adv
    tensor([1., 1.])

    rewards, vpred, episode_starts: `(n,)`, or `(n, e)` for e environments side by side. nextvpred: V after the last
    step, a number or `(e,)`; it must be 0 if the episode ended there.
    Trap: step i is known to end an episode by the start flag of step i + 1, so the flag of the first is never read.

    Raises:
        ValueError: shapes that differ, γ or λ outside [0, 1].
    """
    require_within(0.0, 1.0, gamma=gamma, lam=lam)
    for name, tensor in (("vpred", vpred), ("episode_starts", episode_starts)):
        if tensor.shape != rewards.shape:
            raise ValueError(f"{name} must be {tuple(rewards.shape)} like rewards, not {tuple(tensor.shape)}")
    goes_on = 1 - episode_starts.to(rewards)[1:]
    adv = torch.zeros_like(rewards)
    later, value = torch.zeros_like(rewards[0]), torch.as_tensor(nextvpred).to(rewards)
    for i in range(len(rewards) - 1, -1, -1):
        n = goes_on[i] if i < len(goes_on) else 1.0
        delta = rewards[i] + gamma * value * n - vpred[i]
        later = delta + gamma * lam * n * later
        adv[i], value = later, vpred[i]
    return GAE(adv, adv + vpred)


def token_gae(rewards: Tensor, values: Tensor, mask: Tensor, *, gamma: float = 1.0, lam: float = 0.95) -> GAE:
    """The same where every row is an episode and its steps are the tokens of the mask; 0 elsewhere.

    >>> token_gae(torch.tensor([[0.0, 1.0, 9.0]]), torch.zeros(1, 3), torch.tensor([[1, 1, 0]]), lam=1.0).adv
    tensor([[1., 1., 0.]])

    All `(B, T)`. values: V before each token; after the last one it is 0. Tokens outside the mask may lie between
    others (what a tool wrote): the step before them leads to the next token of the mask. They may hold anything.
    """
    of_loss = mask > 0
    order = (~of_loss).long().argsort(dim=1, stable=True)  # tokens of the mask first, in their order

    def packed(x: Tensor) -> Tensor:
        return torch.where(of_loss, x, 0.0).gather(1, order).T  # (T, B), steps first

    beyond = ~of_loss.gather(1, order).T
    steps = gae(packed(rewards), packed(values), 0.0, beyond, gamma=gamma, lam=lam)

    def unpacked(x: Tensor) -> Tensor:
        return torch.zeros_like(rewards).scatter(1, order, x.masked_fill(beyond, 0.0).T)

    return GAE(unpacked(steps.adv), unpacked(steps.tdlamret))
