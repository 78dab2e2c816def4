"""Sums over the processes of a distributed run, for losses that are not a mean over rows."""

from __future__ import annotations

import torch.distributed as dist
from torch import Tensor


def sum_over_processes(value: Tensor) -> Tensor:
    """The sum of the processes' values; the same tensor where there is one process.

    value: any shape, the same on every process; every process must call it.

    The gradient is this process's share times the number of processes, because distributed training averages
    gradients: what it gets for f(sum) is then the gradient of f(sum), also where f is not linear.
    """
    if not (dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1):
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total + dist.get_world_size() * (value - value.detach())
