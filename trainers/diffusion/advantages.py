"""Group advantages over prompts: A = (R − mean) / (population standard deviation + 1e-4)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import torch
from torch import Tensor

from ..objectives import group_stats, whole_batch

EPS = 1e-4


def prompt_groups(prompts: Sequence[Hashable]) -> Tensor:
    """Group ids `(B,)`: equal prompts, equal numbers.

    >>> prompt_groups(["a", "b", "a"]).tolist()
    [0, 1, 0]
    """
    numbers: dict[Hashable, int] = {}
    return torch.tensor([numbers.setdefault(prompt, len(numbers)) for prompt in prompts], dtype=torch.long)


def group_advantage(prompts: Sequence[Hashable], rewards: Tensor, global_std: bool = False) -> Tensor:
    """`(B,)` advantages; those of one prompt are compared with each other.

    >>> group_advantage(["a", "a", "b"], torch.tensor([1.0, 3.0, 7.0])).round(decimals=3).tolist()
    [-1.0, 1.0, 0.0]

    rewards: `(B,)`; NaN and infinities take no part in any mean or deviation and get 0, as does a prompt that was drawn
    once, and a group whose rewards are all equal. global_std: divide by the deviation of the whole batch.

    Raises:
        ValueError: not one reward a prompt.
    """
    if rewards.shape != (len(prompts),):
        raise ValueError(f"rewards must be ({len(prompts)},), one a prompt, not {tuple(rewards.shape)}")
    scored = torch.where(torch.isfinite(rewards), rewards, torch.nan)
    own = group_stats(scored, prompt_groups(prompts).to(rewards.device), ddof=0)
    std = group_stats(scored, whole_batch(scored), ddof=0).std if global_std else own.std
    return torch.nan_to_num((scored - own.mean) / (std + EPS), nan=0.0)
