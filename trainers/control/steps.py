"""What a policy did and what came of it: as `(T, E)` steps, and as rows of a batch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from .environments import Transition
from .policy import Distribution
from .tree import Tree, merge_axes, rows


@dataclass(frozen=True, eq=False)
class Episode:
    """One that ended. returns: `(K,)` undiscounted sums of its rewards. env: which of the E environments it was in."""

    returns: np.ndarray
    length: int
    env: int


class Tally:
    """Sums of the rewards of episodes that are under way."""

    def __init__(self, environments: int, objectives: int) -> None:
        self.returns = np.zeros((environments, objectives))
        self.lengths = np.zeros(environments, dtype=int)

    def add(self, step: Transition) -> list[Episode]:
        """Count a step; the episodes that end with it."""
        self.returns += step.reward
        self.lengths += step.valid
        ended = np.flatnonzero(step.end)
        episodes = [Episode(self.returns[i].copy(), int(self.lengths[i]), int(i)) for i in ended]
        self.returns[ended], self.lengths[ended] = 0.0, 0
        return episodes


@dataclass(eq=False)
class Steps:
    """T steps of E environments. Rewards and values are in the units of the environment, whatever is normalised.

    obs, action, params: `(T, E, …)`; obs and params may be dicts or tuples. logp, end, valid: `(T, E)`.
    mask: `(T, E, A)` possible actions, or None. reward, value, next_value, adv, ret: `(T, E, K)`.
    next_value: V of what the step led to; 0 if the episode was over there, V of the last observation if it was cut.
    end: whether the episode ended in the step. valid: False where the environment only began anew.
    episodes: those that ended in these steps.
    """

    obs: Tree
    action: Tensor
    logp: Tensor
    params: Tree
    mask: Tensor | None
    reward: Tensor
    value: Tensor
    next_value: Tensor
    adv: Tensor
    ret: Tensor
    end: Tensor
    valid: Tensor
    episodes: list[Episode]


@dataclass(eq=False)
class Batch:
    """N valid steps as rows, in any order.

    adv: `(N,)` what `advantages` made of all objectives. adv_vec, ret, value_old: `(N, K)` in the environment's units.
    scale: `(K,)` the unit of the critics. logp_old, params_old: of the policy that acted.
    """

    obs: Tree
    action: Tensor
    logp_old: Tensor
    params_old: Tree
    mask: Tensor | None
    adv: Tensor
    adv_vec: Tensor
    ret: Tensor
    value_old: Tensor
    scale: Tensor

    @classmethod
    def of(cls, steps: Steps, adv: Tensor, scale: Tensor) -> Batch:
        """adv: `(T, E)`."""
        valid = steps.valid.flatten()

        def kept(tree: Tree) -> Tree:
            return rows(merge_axes(tree), valid)

        return cls(
            kept(steps.obs),
            kept(steps.action),
            kept(steps.logp),
            kept(steps.params),
            None if steps.mask is None else kept(steps.mask),
            kept(adv),
            kept(steps.adv),
            kept(steps.ret),
            kept(steps.value),
            scale,
        )

    def __len__(self) -> int:
        return len(self.adv)

    def rows(self, index: Tensor) -> Batch:
        """Some of them."""
        parts = {field.name: getattr(self, field.name) for field in fields(Batch)}
        whole = {"scale", "mask"} if self.mask is None else {"scale"}
        return Batch(**{name: part if name in whole else rows(part, index) for name, part in parts.items()})

    @property
    def target(self) -> Tensor:
        """`(N, K)` what the critics are to say, in their unit."""
        return self.ret / self.scale


@dataclass(eq=False)
class Minibatch(Batch):
    """Rows with what the policy of now says of them.

    dist: its distribution. logp, ratio: `(N,)` of the actions. value: `(N, K)` in the unit of the critics, like
    `target`. params: what `dist` was made of. dist_old: the distribution of then.
    """

    dist: Distribution
    logp: Tensor
    ratio: Tensor
    value: Tensor
    params: Tree
    make: Callable[[Tree, Tensor | None], Distribution]

    @property
    def dist_old(self) -> Distribution:
        """Of the policy that acted, without gradient."""
        return self.make(self.params_old, self.mask)


def shuffled(n: int, size: int | None, generator: torch.Generator, device: torch.device) -> list[Tensor]:
    """Indices of minibatches that together are all n rows; one of all, in order, without a size."""
    if size is None or size >= n:
        return [torch.arange(n, device=device)]
    return list(torch.randperm(n, generator=generator).to(device).split(size))
