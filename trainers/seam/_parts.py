"""A loss in parts: each goes through the model and back before the next one begins, so that one graph is alive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import torch
from accelerate import Accelerator, DistributedType
from torch import Tensor

from .objective import Metrics, Part


def in_parts(
    parts: Sequence[Part], model: Any, accelerator: Accelerator, scale: Tensor | float
) -> tuple[Tensor, Metrics]:
    """The sum of all parts with the graph of the last one, which is the caller's to back-propagate; metrics, averaged.

    With gradients on, all parts before it are back-propagated here, times `scale`, and leave nothing alive. Processes
    exchange gradients once, in the caller's backward pass.

    Raises:
        ValueError: no part, or DeepSpeed, which takes an optimiser step in each backward pass.
    """
    if not parts:
        raise ValueError("loss() gave an empty list: a loss in parts has one or more")
    learns = torch.is_grad_enabled()
    if learns and accelerator.distributed_type == DistributedType.DEEPSPEED:
        raise ValueError("a loss in parts does not go with DeepSpeed, which steps in every backward pass")
    *before, last = parts
    total: Tensor | float = 0.0
    measured: list[Metrics] = []
    alone: AbstractContextManager[Any] = accelerator.no_sync(model)
    with alone:
        for part in before:
            loss, metrics = part()
            if learns:
                accelerator.backward(loss * scale)
            total = total + loss.detach()
            measured.append(_detached(metrics))
            del loss, metrics  # or the graph of this part would live until the next one has its own
    loss, metrics = last()
    return loss + total, _averaged([*measured, _detached(metrics)])


def _detached(metrics: Metrics) -> Metrics:
    return {name: value.detach() for name, value in metrics.items()}


def _averaged(measured: Sequence[Metrics]) -> Metrics:
    """Means over parts, and extremes of what is called so."""
    return {name: _combine(name)(torch.stack([one[name] for one in measured]).float()) for name in measured[0]}


def _combine(name: str) -> Callable[[Tensor], Tensor]:
    if name.endswith("_max"):
        return lambda values: values.amax(0)
    if name.endswith("_min"):
        return lambda values: values.amin(0)
    return lambda values: values.mean(0)
