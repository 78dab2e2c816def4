"""What a rung's success does to its group: one failure replaced, and plain GRPO's advantages on the result.

G_final = G with one failed o_j replaced by o*_h      if step > T_exempt, Σ R(o_i) = 0, and h* exists; else G
A_i     = (R_i − mean G_final) / (std G_final + ε)    sample std
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ...grpo import grpo_advantages
from .ladder import Replace, cliffs, succeeded


@dataclass(frozen=True, eq=False)
class GroupUpdate:
    """`replaced_row` of the repaired groups; the N final rewards; advantages `(N,)` float64 with and without help."""

    replaced_row: dict[Hashable, int]
    final_rewards: list[float | None]
    advantages: Tensor
    advantages_without_scaffold: Tensor


def group_update(
    rewards: Sequence[float | None],
    group_ids: Sequence[Hashable],
    hint_reward: Mapping[Hashable, float | None],
    global_step: int,
    exempt_steps: int,
    eps: float = 1e-6,
    replace: Replace = "first",
) -> GroupUpdate:
    """Repair the groups that failed wholly and whose ladder has a winner.

    >>> update = group_update([0.0, 0.0, 0.0, 0.0], "qqqq", {"q": 1.0}, global_step=51, exempt_steps=50)
    >>> update.replaced_row, update.advantages.round(decimals=4).tolist()
    ({'q': 0}, [1.5, -0.5, -0.5, -0.5])

    Args:
        rewards: None = unscored: such a row is in no mean and has advantage 0.
        hint_reward: group -> reward of its ladder's winner, None where nothing helped.
        global_step: the step that is being taken, from 1.

    Raises:
        ValueError: another number of group ids than of rewards, an infinite reward, an unknown `replace`.
    """
    if len(rewards) != len(group_ids):
        raise ValueError(f"group_ids has {len(group_ids)} values, and rewards {len(rewards)}")
    numbers: dict[Hashable, int] = {}
    ids = torch.tensor([numbers.setdefault(group, len(numbers)) for group in group_ids], dtype=torch.long)
    final, replaced = list(rewards), {}
    if global_step > exempt_steps:
        for group, row in cliffs(rewards, group_ids, replace, global_step).items():
            if succeeded(helped := hint_reward.get(group)):
                final[row], replaced[group] = helped, row
    plain, repaired = (grpo_advantages(_tensor(values), ids, eps=eps) for values in (rewards, final))
    return GroupUpdate(replaced, final, repaired, plain)


def _tensor(rewards: Sequence[float | None]) -> Tensor:
    return torch.tensor([torch.nan if reward is None else reward for reward in rewards], dtype=torch.float64)
