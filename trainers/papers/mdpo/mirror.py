"""Mirror descent solved exactly, where one state makes that possible: what the gradient steps approximate."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ...objectives import require_distribution
from .step_size import require_step_size


def mirror_descent_exact_steps(initial_probs: Tensor, rewards: Tensor, t: Sequence[float]) -> Tensor:
    """π_{k+1} ∝ π_k · exp(t_k A),  A = r − E_{π_k}[r]: the maximum of E_π[A] − (1/t_k) KL(π ‖ π_k).

    >>> mirror_descent_exact_steps(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 1.0]), [1.0])
    tensor([[0.2689, 0.7311]])

    initial_probs, rewards: `(a,)`. Returns `(len(t), a)`, the probabilities after each step. An action without
    probability never gets any.

    Raises:
        ValueError: `initial_probs` are no probabilities, `rewards` has another shape, or a step size is not above 0.
    """
    require_distribution(initial_probs=initial_probs)
    if rewards.shape != initial_probs.shape:
        raise ValueError(f"rewards must be {tuple(initial_probs.shape)}, one an action, not {tuple(rewards.shape)}")
    steps = initial_probs.new_empty(len(t), len(initial_probs))
    probs = initial_probs
    for k, t_k in enumerate(t):
        require_step_size(t_k)
        advantages = rewards - (probs * rewards).sum()
        probs = torch.softmax(probs.log() + t_k * advantages, dim=-1)
        steps[k] = probs
    return steps
