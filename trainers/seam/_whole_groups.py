"""Micro-batches made of whole groups, where TRL would shuffle single rows."""

from __future__ import annotations

from typing import Any

import torch

from ._micro_batches import take


def shuffle_groups(batch: dict[str, Any], size: int) -> dict[str, Any]:
    """Permute consecutive groups of `size` rows, the same permutation for every row-wise entry.

    Tensors and lists are permuted along their first dimension; 0-d tensors and None stay as they are.
    """
    rows = len(next(value for value in batch.values() if value is not None))
    groups = torch.randperm(rows // size)
    order = (groups.unsqueeze(1) * size + torch.arange(size)).flatten()
    return take(batch, order)


def require_whole_groups(args: Any, evaluates: bool) -> None:
    """Refuse sizes with which a micro-batch would cut a group.

    Raises:
        ValueError: names the two sizes and the nearest one that works.
    """
    _require_multiple("per_device_train_batch_size", args.per_device_train_batch_size, args.num_generations)
    if evaluates:
        size = args.num_generations_eval or args.num_generations
        _require_multiple("per_device_eval_batch_size", args.per_device_eval_batch_size, size)


def _require_multiple(name: str, rows: int, size: int) -> None:
    if rows % size:
        nearest = max(1, round(rows / size)) * size
        raise ValueError(
            f"this objective needs whole groups in every micro-batch: {name}={rows} is not a multiple of the "
            f"{size} generations per prompt; set {name}={nearest}"
        )
