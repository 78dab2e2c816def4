"""Networks of the off-policy form: a normal policy squashed by tanh, two Q functions and a value function."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from ...control import flat
from ...control.tree import Tree

LOG_STD = (-20.0, 2.0)


@dataclass(frozen=True, eq=False)
class Drawn:
    """Actions `(N, D)` in [−1, 1] as tanh(raw), with log-densities `(N, D)` of each dimension."""

    action: Tensor
    raw: Tensor
    logp: Tensor


class SquashedPolicy(nn.Module):
    """tanh of a normal number in each dimension of a bounded Box."""

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Box, hidden: Sequence[int]) -> None:
        super().__init__()
        self.observation_space, self.action_space = observation_space, action_space
        dims = math.prod(action_space.shape)
        self.net = relu_mlp([spaces.flatdim(observation_space), *hidden, 2 * dims])

    def forward(self, obs: Tree) -> tuple[Tensor, Tensor]:
        """(mean, log std) before the tanh, `(N, D)`."""
        mean, log_std = self.net(flat(self.observation_space, obs)).chunk(2, dim=-1)
        return mean, log_std.clamp(*LOG_STD)

    def draw(self, mean: Tensor, log_std: Tensor, generator: torch.Generator) -> Drawn:
        """Actions that carry the gradient of mean and log_std."""
        noise = torch.randn(mean.shape, generator=generator).to(mean)
        raw = mean + noise * log_std.exp()
        return Drawn(raw.tanh(), raw, self.logp(mean, log_std, raw))

    @staticmethod
    def logp(mean: Tensor, log_std: Tensor, raw: Tensor) -> Tensor:
        """`(N, D)` log-densities of tanh(raw): that of raw less log(1 − tanh²), in a form that does not overflow."""
        z = (raw - mean) * (-log_std).exp()
        slope = 2 * (math.log(2) - raw - nn.functional.softplus(-2 * raw))
        return -0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi) - slope

    def to_env(self, action: Tensor) -> np.ndarray:
        """[−1, 1] to the bounds of the Box."""
        low, high = self.action_space.low, self.action_space.high
        unit = action.cpu().numpy().reshape(-1, *self.action_space.shape)
        return (low + 0.5 * (unit + 1) * (high - low)).astype(self.action_space.dtype)


class SoftCritics(nn.Module):
    """Q1, Q2 and V."""

    def __init__(self, observation_space: spaces.Space, action_space: spaces.Box, hidden: Sequence[int]) -> None:
        super().__init__()
        self.observation_space = observation_space
        inputs, dims = spaces.flatdim(observation_space), math.prod(action_space.shape)
        self.q1 = relu_mlp([inputs + dims, *hidden, 1])
        self.q2 = relu_mlp([inputs + dims, *hidden, 1])
        self.v = relu_mlp([inputs, *hidden, 1])

    def q(self, obs: Tree, action: Tensor) -> tuple[Tensor, Tensor]:
        """`(N,)` each."""
        x = torch.cat([flat(self.observation_space, obs), action], dim=-1)
        return self.q1(x).squeeze(-1), self.q2(x).squeeze(-1)

    def value(self, obs: Tree) -> Tensor:
        """`(N,)`."""
        return self.v(flat(self.observation_space, obs)).squeeze(-1)


def relu_mlp(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between."""
    layers: list[nn.Module] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])
