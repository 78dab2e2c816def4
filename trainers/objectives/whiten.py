"""Advantages of tokens brought to mean 0 and standard deviation 1 over all tokens of a batch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


def whiten(
    values: Tensor,
    mask: Tensor,
    *,
    eps: float = 1e-8,
    floor: float = 0.0,
    ddof: int = 0,
    gather: Callable[[Tensor], Tensor] = torch.clone,
) -> Tensor:
    """(x − mean) / (sqrt(var + eps) + floor) over the tokens of the mask, `(B, T)`; 0 outside of it.

    >>> whiten(torch.tensor([[1.0, 3.0, 7.0]]), torch.tensor([[1, 1, 0]]))
    tensor([[-1.,  1.,  0.]])

    ddof: 0 for the population's variance, 1 for the sample's; with `ddof` or fewer tokens the variance is 0.
    gather: puts the rows of all processes together, `(B,)` to `(N,)`, for statistics that are of all of them.
    """
    x = torch.where(mask > 0, values, 0.0).double()

    def total(per_token: Tensor) -> Tensor:
        """Sum over the tokens of all processes, row by row, so that any split of the rows gives the same."""
        return gather(torch.where(mask > 0, per_token, 0.0).double().sum(1)).sum()

    count = total(torch.ones_like(x))
    mean = total(x) / count.clamp(min=1)
    squares = total((x - mean) ** 2)
    variance = squares / (count - ddof).clamp(min=1)
    return torch.where(mask > 0, (x - mean) / ((variance + eps).sqrt() + floor), 0.0).to(values)
