"""Policies and critics of fully connected layers, for the usual spaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from ..objectives import Categorical, Gaussian
from .normaliser import RunningNorm
from .policy import ActorCritic, Distribution
from .tree import Tree


class MLPActorCritic(ActorCritic):
    """Two networks side by side, the policy's and the critics'.

    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)

    Actions: Discrete and MultiDiscrete (all combinations in one categorical distribution, so that a mask can say
    anything), or Box (independent normal numbers, clipped only for the environment). Observations: any space whose
    parts are numbers; discrete ones become one-hot.

    Args:
        objectives: K, how many numbers a reward has.
        hidden: widths of the hidden layers, of both networks.
        log_std: of a Box action before training.
        normalise: divide observations by running statistics, which are part of the policy.
        seed: of the first weights.

    Raises:
        TypeError: a space that has no such policy.
    """

    def __init__(
        self,
        observation_space: spaces.Space,
        action_space: spaces.Space,
        *,
        objectives: int = 1,
        hidden: Sequence[int] = (64, 64),
        log_std: float = 0.0,
        normalise: bool = False,
        seed: int = 0,
    ) -> None:
        super().__init__(objectives)
        self.observation_space, self.action_space = observation_space, action_space
        inputs = spaces.flatdim(observation_space)
        outputs = _outputs(action_space)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.actor = mlp([inputs, *hidden, outputs], last_gain=0.01)
            self.critic = mlp([inputs, *hidden, objectives], last_gain=1.0)
        self.obs_norm = RunningNorm(inputs) if normalise else None
        box = isinstance(action_space, spaces.Box)
        self.log_std = nn.Parameter(torch.full((outputs,), log_std)) if box else None

    def params(self, obs: Tree) -> Tensor:
        """Logits `(N, A)`, or means and log standard deviations `(N, 2 D)`."""
        return self._params(self._input(obs))

    def value(self, obs: Tree) -> Tensor:
        """`(N, K)`."""
        return self.critic(self._input(obs))

    def forward(self, obs: Tree) -> tuple[Tensor, Tensor]:
        """Both, of inputs that are made once."""
        x = self._input(obs)
        return self._params(x), self.critic(x)

    def _params(self, x: Tensor) -> Tensor:
        outputs = self.actor(x)
        return outputs if self.log_std is None else torch.cat([outputs, self.log_std.expand_as(outputs)], dim=-1)

    def make(self, params: Tensor, mask: Tensor | None = None) -> Distribution:
        """Categorical with what is possible, or Gaussian."""
        if self.log_std is None:
            return Categorical(params, mask)
        if mask is not None:
            raise ValueError("a mask says which of finitely many actions are possible: a Box action has none")
        mean, log_std = params.chunk(2, dim=-1)
        return Gaussian(mean, log_std)

    def to_env(self, action: Tensor) -> np.ndarray:
        """Clipped to the Box, or as the numbers of a MultiDiscrete."""
        array, space = action.cpu().numpy(), self.action_space
        if isinstance(space, spaces.Box):
            return np.clip(array.reshape(-1, *space.shape), space.low, space.high).astype(space.dtype)
        if isinstance(space, spaces.MultiDiscrete):
            parts = np.stack(np.unravel_index(array, space.nvec.flatten()), axis=-1)
            return parts.reshape(-1, *space.shape) + space.start
        return array + space.start  # type: ignore[attr-defined]  # Discrete, by the constructor

    def observe(self, obs: Tree) -> None:
        """Running statistics of the inputs."""
        if self.obs_norm is not None:
            self.obs_norm.update(flat(self.observation_space, obs))

    def _input(self, obs: Tree) -> Tensor:
        x = flat(self.observation_space, obs)
        return x if self.obs_norm is None else self.obs_norm(x)


def mlp(widths: Sequence[int], last_gain: float) -> nn.Sequential:
    """Linear layers with tanh between, orthogonal with gain √2 and the last with its own, biases 0."""
    layers: list[nn.Module] = []
    for i, (before, after) in enumerate(pairwise(widths)):
        last = i == len(widths) - 2
        layer = nn.Linear(before, after)
        nn.init.orthogonal_(layer.weight, last_gain if last else math.sqrt(2))
        nn.init.zeros_(layer.bias)
        layers += [layer] if last else [layer, nn.Tanh()]
    return nn.Sequential(*layers)


def flat(space: spaces.Space, obs: Tree) -> Tensor:
    """`(N, flatdim)` of a batch of observations as tensors, in the order of `gymnasium.spaces.flatten`."""
    match space:
        case spaces.Dict():
            return torch.cat([flat(part, obs[name]) for name, part in space.items()], dim=-1)
        case spaces.Tuple():
            return torch.cat([flat(part, value) for part, value in zip(space.spaces, obs, strict=True)], dim=-1)
        case spaces.Discrete():
            return _one_hot(obs - int(space.start), int(space.n))
        case spaces.MultiDiscrete():
            digits = (obs - torch.as_tensor(space.start, device=obs.device)).flatten(1).unbind(-1)
            numbers = space.nvec.flatten().tolist()
            return torch.cat([_one_hot(digit, n) for digit, n in zip(digits, numbers, strict=True)], dim=-1)
        case _:
            return obs.flatten(1).to(torch.get_default_dtype())


def _one_hot(index: Tensor, n: int) -> Tensor:
    return nn.functional.one_hot(index.flatten().long(), n).to(torch.get_default_dtype())


def _outputs(space: spaces.Space) -> int:
    match space:
        case spaces.Discrete():
            return int(space.n)
        case spaces.MultiDiscrete():
            return math.prod(space.nvec.flatten().tolist())
        case spaces.Box() if np.issubdtype(space.dtype, np.floating):
            return math.prod(space.shape)
    raise TypeError(f"no policy for actions of {space}: expected Discrete, MultiDiscrete or a Box of floats")
