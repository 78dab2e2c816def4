"""Distributions of actions for policies that are not language models: made from parameters, which can be stored.

old = Categorical(logits, possible)
stored = old.parameters()                       # tensors, to be split and shuffled with their rows
Categorical(**stored).kl(...)                   # the same distribution again
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Categorical:
    """One of A actions in each state.

    >>> masked = Categorical(torch.zeros(1, 3), torch.tensor([[True, True, False]]))
    >>> masked.probs, masked.entropy().exp()
    (tensor([[0.5000, 0.5000, 0.0000]]), tensor([2.]))

    Args:
        logits: `(…, A)`, not normalised.
        possible: `(…, A)` booleans; an action where it is False has probability 0 and gives no gradient.

    Raises:
        ValueError: the two have different shapes, or nothing is possible in some state.
    """

    logits: Tensor
    possible: Tensor | None = None

    def __post_init__(self) -> None:
        if self.possible is None:
            return
        if self.possible.shape != self.logits.shape:
            raise ValueError(f"possible has shape {tuple(self.possible.shape)}, and logits {tuple(self.logits.shape)}")
        if not self.possible.any(-1).all():
            raise ValueError("no action is possible in some state")

    @cached_property
    def log_probs(self) -> Tensor:
        """`(…, A)`, −∞ where an action is impossible."""
        if self.possible is None:
            return self.logits.log_softmax(-1)
        return self.logits.masked_fill(~self.possible, -math.inf).log_softmax(-1)

    @property
    def probs(self) -> Tensor:
        """`(…, A)`."""
        return self.log_probs.exp()

    def mode(self) -> Tensor:
        """`(…)` the likeliest actions."""
        return self.log_probs.argmax(-1)

    def logp(self, actions: Tensor) -> Tensor:
        """Log-probability of `(…)` integer actions."""
        return self.log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)

    def entropy(self) -> Tensor:
        """`(…)` in nats."""
        return -_expected(self.log_probs, self.log_probs)

    def kl(self, other: Categorical) -> Tensor:
        """`(…)` Σ_a p(a) (log p(a) − log q(a)) to another one, q; infinite where q excludes what p may do."""
        return _expected(self.log_probs, self.log_probs - other.log_probs)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """`(…)` actions."""
        probs = self.probs
        drawn = torch.multinomial(probs.reshape(-1, probs.shape[-1]), 1, generator=generator)
        return drawn.reshape(probs.shape[:-1])

    def parameters(self) -> dict[str, Tensor]:
        """What `Categorical(**parameters)` makes it from again, without gradient."""
        mask = {} if self.possible is None else {"possible": self.possible}
        return {"logits": self.logits.detach(), **mask}


@dataclass(frozen=True, eq=False)
class Gaussian:
    """D independent normal numbers in each state.

    >>> Gaussian(torch.zeros(1, 2), torch.zeros(2)).logp(torch.zeros(1, 2))
    tensor([-1.8379])

    Args:
        mean: `(…, D)`. log_std: the same, or `(D,)` for all states.
    """

    mean: Tensor
    log_std: Tensor

    def logp(self, actions: Tensor) -> Tensor:
        """Log-density of `(…, D)` actions, `(…)`."""
        z = (actions - self.mean) * (-self.log_std).exp()
        return (-0.5 * z**2 - self.log_std - 0.5 * math.log(2 * math.pi)).sum(-1)

    def entropy(self) -> Tensor:
        """`(…)` in nats."""
        return (self.log_std + 0.5 * math.log(2 * math.pi * math.e)).expand_as(self.mean).sum(-1)

    def kl(self, other: Gaussian) -> Tensor:
        """`(…)` Σ_d [ ls_q − ls_p + (σ_p² + (μ_p − μ_q)²) / (2 σ_q²) − ½ ] to another one, q."""
        spread = (2 * self.log_std).exp() + (self.mean - other.mean) ** 2
        return (other.log_std - self.log_std + spread / (2 * (2 * other.log_std).exp()) - 0.5).sum(-1)

    def sample(self, generator: torch.Generator | None = None) -> Tensor:
        """`(…, D)` actions, differentiable by the parameters."""
        noise = torch.randn(self.mean.shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + noise * self.log_std.exp()

    def mode(self) -> Tensor:
        """`(…, D)` the likeliest actions."""
        return self.mean

    def parameters(self) -> dict[str, Tensor]:
        """What `Gaussian(**parameters)` makes it from again, without gradient; both `(…, D)`, a row a state."""
        return {"mean": self.mean.detach(), "log_std": self.log_std.detach().expand_as(self.mean)}


def _expected(log_probs: Tensor, values: Tensor) -> Tensor:
    """Σ_a p(a) · value(a), over what is possible: neither value nor gradient comes from the rest."""
    may = log_probs > -math.inf
    return (log_probs.exp() * torch.where(may, values, 0.0)).sum(-1)
