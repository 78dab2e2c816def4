"""How what an objective measured on one process becomes the number in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from accelerate import Accelerator
from torch import Tensor
from trl.trainer.utils import nanstd


def reduce_metrics(metrics: Mapping[str, Tensor], mask: Tensor, accelerator: Accelerator) -> dict[str, float]:
    """One number a metric over all processes; every process must call it with the same names in the same order.

    A 0-d value is averaged over processes, `(b,)` or `(b, 1)` over rows, `(b, T)` over the tokens of the mask.
    A name that ends in `_min` or `_max` takes the extreme of the row means; rows without a token are left out.
    """
    return {name: _reduce(name, value.detach().float(), mask, accelerator) for name, value in metrics.items()}


def _reduce(name: str, value: Tensor, mask: Tensor, accelerator: Accelerator) -> float:
    if name.endswith(("_min", "_max")):
        largest = name.endswith("_max")
        own = _extreme(_row_means(value, mask), largest)  # processes may hold different numbers of rows
        return float(_extreme(accelerator.gather(own), largest))
    if value.dim() == 0:
        return float(accelerator.gather(value).nanmean())
    if value.dim() == 2 and value.shape[1] > 1:
        total, count = (value * mask).sum(), mask.sum().float()
    else:
        total, count = value.sum(), torch.tensor(float(len(value)), device=value.device)
    total, count = accelerator.reduce(torch.stack([total, count]), reduction="sum")
    return float(total / count.clamp(min=1.0))


def _row_means(value: Tensor, mask: Tensor) -> Tensor:
    """`(b,)`: a row's own value, or the mean over its tokens (NaN when it has none)."""
    if value.dim() == 2 and value.shape[1] > 1:
        return (value * mask).sum(-1) / mask.sum(-1)
    return value.reshape(-1)


def _extreme(values: Tensor, largest: bool) -> Tensor:
    """The greatest or the least number, 0-d; NaN when there is none."""
    numbers = values[~torch.isnan(values)]
    if not len(numbers):
        return values.new_tensor(torch.nan)
    return numbers.max() if largest else numbers.min()


def reward_metrics(rewards: Tensor, scores: Tensor, names: Sequence[str]) -> dict[str, float]:
    """What TRL logs of the rewards of a generation: mean and standard deviation, of each function and of their sum.

    rewards: `(n, F)`, NaN where a function abstained. scores: `(n,)`, NaN where every one did.
    """
    columns = {f"rewards/{name}/": rewards[:, place] for place, name in enumerate(names)}
    each = {prefix + "mean": float(torch.nanmean(column)) for prefix, column in columns.items()}
    each |= {prefix + "std": float(nanstd(column)) for prefix, column in columns.items()}
    return each | {"reward": float(torch.nanmean(scores)), "reward_std": float(nanstd(scores))}
