"""BGPO's surrogate: a lower bound of the ELBO-ratio objective that is a plain sum over maskings.

    d_j     = ℓ_θ(y, j) − ℓ_old(y, j)                      ℓ_old without gradient
    J_elbo  = mean_B A·exp( (1/n) Σ_j d_j )                 what is bounded; its maskings cannot be told apart
    g_j     = A·(1 + d_j) if A ≥ 0,   A·exp(d_j) if A < 0   (e^z ≥ 1 + z;  exp of a mean ≤ mean of exp)
    J_BGPO  = mean_B (1/n) Σ_j g_j  ≤  J_elbo               loss = −J_BGPO

Each masking can be back-propagated alone. Where the policy has not moved (all d_j = 0) both objectives are mean A and
have the same gradient, −A / (B·n) of the loss at every ℓ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ...objectives import require_equal_shapes, require_finite

LARGEST_GAIN = 20.0  # of d where A < 0: exp(d) beyond it overflows soon, and says no more than "far off policy"


@dataclass(frozen=True, eq=False)
class Bound:
    """g, `(B, n)`; J_BGPO and −J_BGPO, 0-d."""

    terms: Tensor
    objective: Tensor
    loss: Tensor


def bgpo_bound(old_elbo: Tensor, new_elbo: Tensor, advantages: Tensor) -> Bound:
    """The bound from ℓ of every masking, `(B, n)` old and new, and one advantage a response, `(B,)`.

    >>> old, new = torch.tensor([[-2.0, -1.5]]), torch.tensor([[-1.8, -1.6]])
    >>> [round(bgpo_bound(old, new, torch.tensor([A])).objective.item(), 4) for A in (1.0, -1.0)]
    [1.05, -1.0631]

    Raises:
        ValueError: shapes that differ, no masking, or a number that is not finite.
    """
    terms = bound_terms(_gain(old_elbo, new_elbo, advantages), advantages.unsqueeze(1))
    return Bound(terms, terms.mean(), -terms.mean())


def bound_terms(gain: Tensor, advantages: Tensor) -> Tensor:
    """g of every d; the two shapes broadcast."""
    A = advantages.detach()
    return A * torch.where(A >= 0, 1 + gain, torch.exp(gain.clamp(max=LARGEST_GAIN)))


def elbo_ratio_objective(old_elbo: Tensor, new_elbo: Tensor, advantages: Tensor) -> Tensor:
    """J_elbo, 0-d, whose gradient needs the graphs of all maskings at once; arguments and errors as `bgpo_bound`."""
    gain = _gain(old_elbo, new_elbo, advantages)
    return (advantages.detach() * torch.exp(gain.mean(1))).mean()


def bgpo_clipped_loss(
    old_elbo: Tensor,
    new_elbo: Tensor,
    advantages: Tensor,
    eps_low: float = 0.2,
    eps_high: float = 0.2,
    dual_clip_c: float = 3.0,
) -> Tensor:
    """The loss of the released code, 0-d: PPO's clip, and for A < 0 the dual clip, on the surrogate of each masking.

    Arguments and errors as `bgpo_bound`, and ValueError for clips out of range. With d = 0 it is −mean A, and its
    gradient the bound's.
    """
    require_clip(eps_low, eps_high, dual_clip_c)
    gain = _gain(old_elbo, new_elbo, advantages)
    return clipped_terms(gain, advantages.unsqueeze(1), eps_low, eps_high, dual_clip_c).mean()


def clipped_terms(gain: Tensor, advantages: Tensor, eps_low: float, eps_high: float, dual_clip_c: float) -> Tensor:
    """The loss of every d, to be minimised; the two shapes broadcast."""
    A = advantages.detach()
    # Not exp(log(1 + d)), as released: that is NaN for d <= -1.
    ratio = torch.where(A > 0, 1 + gain, torch.exp(gain.clamp(max=LARGEST_GAIN)))
    losses = torch.max(-A * ratio, -A * ratio.clamp(1 - eps_low, 1 + eps_high))
    return torch.where(A < 0, torch.min(losses, -A * dual_clip_c), losses)


def require_clip(eps_low: float, eps_high: float, dual_clip_c: float) -> None:
    """Raise ValueError unless the clips are 0 or more, the lower one below 1, and c above 1."""
    if not (0 <= eps_low < 1 and 0 <= eps_high < math.inf):
        raise ValueError(f"eps_low={eps_low}, eps_high={eps_high}: give numbers from 0 on, eps_low below 1")
    if not 1 < dual_clip_c < math.inf:
        raise ValueError(f"dual_clip_c={dual_clip_c}: give a number above 1")


def _gain(old_elbo: Tensor, new_elbo: Tensor, advantages: Tensor) -> Tensor:
    """d, `(B, n)`."""
    require_equal_shapes(old_elbo=old_elbo, new_elbo=new_elbo)
    if new_elbo.dim() != 2 or not new_elbo.size(1):
        raise ValueError(f"new_elbo has shape {tuple(new_elbo.shape)}: give (B, n), one masking or more")
    require_equal_shapes(responses=new_elbo[:, 0], advantages=advantages)
    require_finite(old_elbo=old_elbo, new_elbo=new_elbo, advantages=advantages)
    return new_elbo - old_elbo.detach()
