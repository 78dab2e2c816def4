"""How the rows of an update are cut into micro-batches: similar lengths together, and no row without a gradient.

TRL deals rows to updates at random and cuts each update as it comes. Which rows an update has stays as it is; only
the cut inside of it changes, where the sum over the update's micro-batches does not depend on the cut.
"""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import Tensor

Average = Literal["rows", "tokens", ""]
"""How the loss of an update is made of its micro-batches': a mean over rows, a sum over tokens by a number of the whole
generation, or neither, and the cut matters."""

# Of TRL's own losses; "bnpo" divides by the tokens of the micro-batch.
AVERAGES: dict[str, Average] = {
    "grpo": "rows",
    "sapo": "rows",
    "luspo": "rows",
    "dr_grpo": "rows",
    "dapo": "tokens",
    "cispo": "tokens",
    "vespo": "tokens",
}
SHARE = "row_share"  # of a micro-batch in the mean over its update's rows, times the number of micro-batches


def loud_units(silent: Tensor, updates: int, unit: int) -> Tensor:
    """`(updates,)` how many units of rows have a gradient in each update; silent: `(B,)` rows that have none."""
    return (~silent.view(updates, -1, unit).all(2)).sum(1)


def cut(
    batch: dict[str, Any], update: int, average: Average, silent: Tensor, unit: int, kept: Tensor
) -> list[dict[str, Any]]:
    """The micro-batches of a generation of B rows that were shuffled already.

    update: micro-batches of an update. average: see above. unit: rows that stay together. silent: see `loud_units`.
    kept: `(updates,)` units to keep of each update, those with a gradient first, at least one a micro-batch. The same
        on every process, because TRL gathers numbers by row.
    """
    lengths = batch["prompt_mask"].sum(1) + batch["completion_mask"].sum(1)
    units = len(lengths) // unit
    longest = lengths.view(units, unit).amax(1)
    loud = ~silent.view(units, unit).all(1)
    batches = []
    for members, wanted in zip(torch.arange(units).to(lengths.device).chunk(len(kept)), kept.tolist(), strict=True):
        loud_first = members[(~loud[members]).long().argsort(stable=True)]
        chosen = loud_first[: max(wanted, update)]
        chosen = chosen[longest[chosen].argsort(stable=True)]
        for part in chosen.tensor_split(update):
            rows = (part.unsqueeze(1) * unit + torch.arange(unit, device=part.device)).flatten()
            micro_batch = take(batch, rows)
            if average == "rows":
                micro_batch[SHARE] = lengths.new_tensor(len(part) * update / len(members), dtype=torch.float32)
            batches.append(micro_batch)
    return batches


def take(batch: dict[str, Any], rows: Tensor) -> dict[str, Any]:
    """These rows of every row-wise entry; 0-d tensors and None stay as they are."""

    def taken(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value[rows.to(value.device)] if value.dim() else value
        return None if value is None else [value[i] for i in rows.tolist()]

    return {name: taken(value) for name, value in batch.items()}


def silent_rows(advantages: Tensor, mask: Tensor) -> Tensor:
    """`(B,)` whether no token of the loss has an advantage; advantages are `(B,)` or `(B, T)`."""
    per_token = advantages.unsqueeze(1) if advantages.dim() == 1 else advantages
    return ((per_token == 0) | (mask == 0)).all(1)
