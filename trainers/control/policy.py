"""What the learner asks of a policy with its critics, whatever network it is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from .normaliser import RunningNorm
from .tree import Tree


class Distribution(Protocol):
    """Actions of N states; `objectives.Categorical` and `objectives.Gaussian` are two."""

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """`(N, …)` actions."""
        ...

    def mode(self) -> Tensor:
        """`(N, …)` the likeliest actions."""
        ...

    def logp(self, actions: Tensor, /) -> Tensor:
        """`(N,)`."""
        ...

    def entropy(self) -> Tensor:
        """`(N,)`."""
        ...

    def kl(self, other: Tree, /) -> Tensor:
        """`(N,)` KL(self ‖ other)."""
        ...


class ActorCritic(nn.Module):
    """A policy with critics of K objectives: subclass it and write `params`, `make` and `value`; `to_env` if need be.

    Observations are what the environment gives, as tensors with a first axis of N states; those of a Dict or Tuple
    space are dicts or tuples of tensors. A network that policy and critics share is run once if `forward` is written.

    Args:
        objectives: K, how many numbers a reward has.
    """

    def __init__(self, objectives: int = 1) -> None:
        super().__init__()
        self.K = objectives
        self.return_norm = RunningNorm(objectives)

    def params(self, obs: Tree) -> Tree:
        """What the distribution is made of, a tensor `(N, …)` or a dict or tuple of them: it is stored with a step, so
        that the distribution of then can be made again."""
        raise NotImplementedError

    def make(self, params: Tree, mask: Tensor | None = None) -> Distribution:
        """The distribution of N states. mask: `(N, A)`, the actions that are possible, or None."""
        raise NotImplementedError

    def value(self, obs: Tree) -> Tensor:
        """`(N, K)` in units of `scale`: times `scale` it is the discounted return."""
        raise NotImplementedError

    def forward(self, obs: Tree) -> tuple[Tree, Tensor]:
        """(`params`, `value`)."""
        return self.params(obs), self.value(obs)

    def to_env(self, action: Tensor) -> np.ndarray:
        """What the environment is given. Clip here: log-probabilities are of the action that was drawn."""
        return action.cpu().numpy()

    def observe(self, obs: Tree) -> None:
        """Observations that were trained on, once after each update: for a running normaliser of them."""

    @property
    def scale(self) -> Tensor:
        """`(K,)` the unit of `value`: 1, or the standard deviation of discounted returns if rewards are normalised."""
        return self.return_norm.std.to(torch.get_default_dtype()) if self.return_norm.count > 0 else self._ones()

    def _ones(self) -> Tensor:
        return torch.ones(self.K, device=self.return_norm.mean.device)

    @property
    def device(self) -> torch.device:
        """Where its numbers are."""
        return self.return_norm.mean.device
