"""What a function asks of its arguments: each raises ValueError naming the first that is not so."""

from __future__ import annotations

import torch
from torch import Tensor


def require_equal_shapes(**tensors: Tensor) -> None:
    """All have the shape of the first."""
    (first, reference), *others = tensors.items()
    for name, tensor in others:
        if tensor.shape != reference.shape:
            raise ValueError(f"{name} has shape {tuple(tensor.shape)}, and {first} {tuple(reference.shape)}")


def require_finite(mask: Tensor | None = None, /, **tensors: Tensor) -> None:
    """No NaN and no infinity, where the mask is 1 if there is one."""
    for name, tensor in tensors.items():
        finite = torch.isfinite(tensor)
        if not (finite if mask is None else finite | (mask <= 0)).all():
            raise ValueError(f"{name} has a number that is not finite")


def require_within(low: float, high: float, /, **numbers: float) -> None:
    """low ≤ number ≤ high; NaN is not."""
    for name, number in numbers.items():
        if not low <= number <= high:
            raise ValueError(f"{name}={number}: give a number from {low:g} to {high:g}")


def require_distribution(**probs: Tensor) -> None:
    """`(K,)` probabilities, of at least one outcome, that sum to 1."""
    for name, values in probs.items():
        if values.dim() != 1 or not len(values):
            raise ValueError(f"{name} has shape {tuple(values.shape)}: give (K,) probabilities, at least one")
        if not (values >= 0).all() or abs(values.sum().item() - 1) > 1e-6:
            raise ValueError(f"{name} must be probabilities that sum to 1")
