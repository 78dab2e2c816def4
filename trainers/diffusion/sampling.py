"""From noise to completions: trajectories of the SDE that are trained on, and the ODE that evaluation follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from accelerate.utils import recursively_apply
from torch import Tensor

from .sde import Transition
from .velocity import Velocity


@dataclass(frozen=True, eq=False)
class Trajectories:
    """What was drawn, and how likely it was: B rows, of which the first J steps are trained.

    Attributes:
        latents: `(J + 1, B, …)` x_0 … x_J, in the precision of `precise`.
        means: `(J, B, …)` μ_old. log_probs: `(J, B)`.
        final: `(B, …)` x_N.
        condition: what the network was given, a row a trajectory.
    """

    latents: Tensor
    means: Tensor
    log_probs: Tensor
    final: Tensor
    condition: Any

    @classmethod
    def joined(cls, parts: Sequence[Trajectories], condition: Any) -> Trajectories:
        """Parts one after the other; the condition is that of all rows."""
        return cls(
            torch.cat([part.latents for part in parts], 1),
            torch.cat([part.means for part in parts], 1),
            torch.cat([part.log_probs for part in parts], 1),
            torch.cat([part.final for part in parts]),
            condition,
        )

    def condition_of(self, rows: Tensor) -> Any:
        """The condition of some rows."""
        return take(self.condition, rows)


def take(condition: Any, rows: Tensor) -> Any:
    """Rows of every tensor of a condition."""
    return recursively_apply(lambda tensor: tensor[rows.to(tensor.device)], condition)


def precise(device: torch.device) -> torch.dtype:
    """The type in which steps are computed: a clip range of 2e-6 is seventeen roundings of a float32 ratio."""
    return torch.float32 if device.type == "mps" else torch.float64


def velocity_at(velocity: Velocity, x: Tensor, sigma: float, condition: Any) -> Tensor:
    """v `(B, …)` in x's type; the network is asked in its own.

    Raises:
        FloatingPointError: v has a number that is not finite.
    """
    dtype = next((p.dtype for p in velocity.module.parameters() if p.is_floating_point()), torch.float32)
    v = velocity(x.to(dtype), torch.full((len(x),), sigma, dtype=dtype, device=x.device), condition).to(x.dtype)
    if not torch.isfinite(v).all():
        raise FloatingPointError(f"the velocity at sigma={sigma:g} has numbers that are not finite")
    return v


@torch.no_grad()
def sample(
    velocity: Velocity, condition: Any, noise: Tensor, transitions: Sequence[Transition], trained: int
) -> Trajectories:
    """Follow the SDE.

    noise: `(B, N + 1, …)`: x_0 and the ε of every step. trained: J, of how many steps a record is kept.
    """
    noise = noise.to(precise(noise.device))
    x = noise[:, 0]
    latents, means, log_probs = [x], [], []
    for j, step in enumerate(transitions):
        mean = step.mean(x, velocity_at(velocity, x, step.sigma, condition))
        x = mean + step.k * noise[:, j + 1]
        if j < trained:
            latents.append(x)
            means.append(mean)
            log_probs.append(step.log_prob(x, mean))
    return Trajectories(torch.stack(latents), torch.stack(means), torch.stack(log_probs), x, condition)


@torch.no_grad()
def follow_ode(velocity: Velocity, condition: Any, noise: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Final latents `(B, …)` from noise `(B, …)`, without any added on the way."""
    x = noise.to(precise(noise.device))
    for sigma, sigma_next in pairwise(sigmas):
        x = Transition(sigma, sigma_next, 0.0).mean(x, velocity_at(velocity, x, sigma, condition))
    return x
