"""What a critic is fitted by, and how well it fits."""

from __future__ import annotations

import torch
from torch import Tensor

from ..objectives import masked_mean


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, eps: float) -> Tensor:
    """½ max( (V − R)², (V_old + clip(V − V_old, −ε, ε) − R)² ) of every token, `(B, T)`.

    >>> clipped_value_loss(torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[1.0]]), 0.2)
    tensor([[0.3200]])

    The larger of the two: a value that has moved by more than ε towards its return has no gradient any more.
    """
    held = old_values + (values - old_values).clamp(-eps, eps)
    return 0.5 * torch.max((values - returns) ** 2, (held - returns) ** 2)


def explained_variance(values: Tensor, returns: Tensor, mask: Tensor) -> Tensor:
    """1 − Var(R − V) / Var R over the tokens of the mask: 1 is a perfect critic, 0 one that knows the mean; 0-d.

    >>> explained_variance(torch.zeros(1, 2), torch.tensor([[0.0, 2.0]]), torch.ones(1, 2))
    tensor(0.)

    NaN where the returns do not vary.
    """

    def variance(x: Tensor) -> Tensor:
        return masked_mean((x - masked_mean(x, mask)) ** 2, mask)

    whole = variance(returns)
    return torch.where(whole > 0, 1 - variance(returns - values) / whole, torch.nan)
