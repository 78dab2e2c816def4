"""The dictionary of tensors that TRL carries from generation through shuffling and splitting to the loss.

What an estimator returned travels in it under marked names; the loss finds it again in its `Batch`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from .batch import Batch
from .objective import Advantages
from .rollout import Rollout

COLUMN = "column:"  # marks what is not TRL's own
RESERVED = ("scores", "rewards", "group_ids")  # columns every batch has

Inputs = dict[str, Any]


def loss_mask(inputs: Mapping[str, Any]) -> Tensor:
    """`(b, T)` 1 on the tokens of the loss: completion, and the model's own where tools wrote others."""
    mask: Tensor = inputs["completion_mask"]
    return mask * inputs["tool_mask"] if "tool_mask" in inputs else mask


def attach(inputs: Inputs, rollout: Rollout, returned: Advantages) -> Tensor:
    """Put what the estimator returned into TRL's batch; gives this process's advantages, `(B,)` or `(B, T)`.

    Raises:
        ValueError: advantages that are not finite, or a column under a reserved name.
    """
    columns = dict(returned) if isinstance(returned, Mapping) else {"advantages": returned}
    advantages = rollout.local(columns.pop("advantages")).to(inputs["advantages"])
    if not torch.isfinite(advantages).all():
        raise ValueError("advantages() gave a value that is not finite")
    inputs["advantages"] = advantages
    if (keep := columns.pop("keep", None)) is not None:
        _leave_out(inputs, rollout.local(keep), rollout.gather_tensor)
    if taken := sorted(columns.keys() & set(RESERVED)):
        raise ValueError(f"advantages() returned {', '.join(taken)}, which every batch has: choose other names")
    columns |= {name: getattr(rollout, name) for name in RESERVED}
    inputs |= {COLUMN + name: rollout.local(value).to(advantages.device) for name, value in columns.items()}
    return advantages


def _leave_out(inputs: Inputs, keep: Tensor, gather: Callable[[Tensor], Tensor]) -> None:
    """Take rows or tokens out of the loss by the mask that TRL has for the tokens of tools."""
    mask = inputs["completion_mask"]
    keep = keep.to(mask)
    keep = keep.unsqueeze(1).expand_as(mask) if keep.dim() == 1 else keep
    inputs["tool_mask"] = inputs["tool_mask"] * keep if "tool_mask" in inputs else keep.clone()
    inputs["num_items_in_batch"] = gather(loss_mask(inputs).sum()).sum()


def batch_of(inputs: Inputs, logps: Tensor, entropies: Tensor, micro_batches: int, **run: Any) -> Batch:
    """The batch an objective sees, from TRL's dictionary and the one forward pass.

    micro_batches: how many, over all processes, share the `num_items_in_batch` of a generation.
    run: the fields of `Batch` that are about the run and not about the tensors.
    """
    columns = {key.removeprefix(COLUMN): value for key, value in inputs.items() if key.startswith(COLUMN)}
    advantages, old_logps = inputs["advantages"], inputs.get("old_per_token_logps")
    return Batch(
        logps=logps,
        old_logps=logps.detach() if old_logps is None else old_logps,
        ref_logps=inputs.get("ref_per_token_logps"),
        entropies=entropies,
        mask=loss_mask(inputs),
        advantages=advantages.unsqueeze(1) if advantages.dim() == 1 else advantages,
        **{name: columns.pop(name) for name in RESERVED},
        prompt_ids=inputs["prompt_ids"],
        prompt_mask=inputs["prompt_mask"],
        completion_ids=inputs["completion_ids"],
        completion_mask=inputs["completion_mask"],
        num_items=inputs["num_items_in_batch"].clamp(min=1.0) / micro_batches,
        sampling_ratio=inputs.get("importance_sampling_ratio"),
        columns=columns,
        **run,
    )
