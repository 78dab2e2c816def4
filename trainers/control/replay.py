"""Transitions that are kept and drawn again, for learners that are off-policy."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .tree import Tree, rows, tree_map


@dataclass(frozen=True, eq=False)
class Transitions:
    """N of them.

    obs, action, next_obs: `(N, …)`, obs may be dicts or tuples. reward: `(N, K)`. over: `(N,)`, 1 where the episode was
    over in `next_obs`, which a time limit does not make it.
    """

    obs: Tree
    action: Tensor
    reward: Tensor
    next_obs: Tree
    over: Tensor


class ReplayBuffer:
    """The last `capacity` transitions, drawn evenly with replacement.

    >>> buffer = ReplayBuffer(2)
    >>> one = torch.ones(1, 1)
    >>> for x in (1, 2, 3):
    ...     buffer.add(Transitions(x * one, one, one, one, torch.zeros(1)))
    >>> len(buffer), sorted(buffer.stored.obs.flatten().tolist())
    (2, [2.0, 3.0])
    """

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, not {capacity}")
        self.capacity, self.size, self.place = capacity, 0, 0
        self.stored: Transitions | None = None

    def __len__(self) -> int:
        return self.size

    def add(self, new: Transitions) -> None:
        """Keep N more, in the place of the oldest."""
        n = len(new.over)
        if self.stored is None:  # what a row looks like is known now
            empty = {
                name: tree_map(lambda leaf: leaf.new_zeros((self.capacity, *leaf.shape[1:])), part)
                for name, part in vars(new).items()
            }
            self.stored = Transitions(**empty)
        index = (self.place + torch.arange(n)) % self.capacity
        for name, part in vars(new).items():
            tree_map(lambda kept, leaf: kept.index_copy_(0, index.to(kept.device), leaf), vars(self.stored)[name], part)
        self.place = (self.place + n) % self.capacity
        self.size = min(self.size + n, self.capacity)

    def sample(self, n: int, generator: torch.Generator) -> Transitions:
        """N of them."""
        if self.stored is None:
            raise ValueError("nothing was added yet")
        index = torch.randint(self.size, (n,), generator=generator)
        return Transitions(**{name: rows(part, index) for name, part in vars(self.stored).items()})
