"""Running means and scales. They are buffers of the policy: a copy, a checkpoint and a child of it all have them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

EPSILON = 1e-8


class RunningNorm(nn.Module):
    """(x − mean) / std of all that `update` has seen, within ±clip. Before that it changes nothing but the clip.

    >>> norm = RunningNorm(1)
    >>> norm.update(torch.tensor([[1.0], [3.0]]))
    >>> norm(torch.tensor([[4.0]]))
    tensor([[2.]])
    """

    mean: Tensor
    var: Tensor
    count: Tensor

    def __init__(self, size: int, clip: float = 10.0) -> None:
        super().__init__()
        self.clip = clip
        # sums of many small numbers: float32 would stop counting
        self.register_buffer("mean", torch.zeros(size, dtype=torch.float64))
        self.register_buffer("var", torch.ones(size, dtype=torch.float64))
        self.register_buffer("count", torch.zeros((), dtype=torch.float64))

    @torch.no_grad()
    def update(self, x: Tensor) -> None:
        """Add the rows of `x`, `(n, size)`: mean and population variance of all rows so far, exactly."""
        if not len(x):
            return
        x = x.double()
        n, total = len(x), self.count + len(x)
        delta = x.mean(0) - self.mean
        within = self.var * self.count + x.var(0, correction=0) * n
        self.var.copy_((within + delta**2 * self.count * n / total) / total)
        self.mean.add_(delta * n / total)
        self.count.copy_(total)

    def forward(self, x: Tensor) -> Tensor:
        """`(…, size)`, normalised."""
        return ((x - self.mean.to(x)) / self.std.to(x)).clamp(-self.clip, self.clip)

    @property
    def std(self) -> Tensor:
        """`(size,)`."""
        return (self.var + EPSILON).sqrt()
