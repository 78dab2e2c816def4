"""Generalised advantage estimation over consecutive steps that may span several episodes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


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
        ValueError: shapes that differ.
    """
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
