"""Statistics of the completions that answer one prompt: a *group*.

Rows may come in any order and groups may have any size: a group is the rows that share an id. NaN marks a
row that nobody could score; it takes part in nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class GroupStats:
    """Mean, standard deviation and number of scored rows of each row's group, one value a row.

    Shapes are those of the values they were computed from, `(N,)` or `(N, F)`.
    """

    mean: Tensor  # NaN where the group has no scored row
    std: Tensor  # NaN where the group has `ddof` or fewer scored rows
    count: Tensor


def group_stats(values: Tensor, group_ids: Tensor, *, ddof: int = 1) -> GroupStats:
    """Statistics of every row's group, NaN rows left out.

    >>> stats = group_stats(torch.tensor([0.0, 1.0, 5.0, 5.0]), torch.tensor([7, 7, 3, 3]))
    >>> stats.mean.tolist(), [round(s, 4) for s in stats.std.tolist()]
    ([0.5, 0.5, 5.0, 5.0], [0.7071, 0.7071, 0.0, 0.0])

    values: `(N,)`, or `(N, F)` for F columns at once. group_ids: `(N,)` integers.
    ddof=1 is the unbiased ("sample") variance, ddof=0 the population one.

    Sums run in float64 on the CPU, where every process gets the same bits, over what each row has more than the
    least of its group: equal rewards then have a standard deviation of exactly 0. (The mean of ten values 0.1 is
    not 0.1, and that error divided by `std + 1e-6` would become a gradient.)
    """
    if group_ids.shape != values.shape[:1]:
        raise ValueError(f"group_ids must be ({values.shape[0]},), one id a row, not {tuple(group_ids.shape)}")
    rows = values.cpu().double()
    scored = ~torch.isnan(rows)
    _, group = torch.unique(group_ids.cpu(), return_inverse=True)  # (N,) index of the row's group

    def total(x: Tensor) -> Tensor:
        """Sum of x over each row's group, given back to the rows."""
        sums = x.new_zeros((int(group.max()) + 1 if len(group) else 0, *x.shape[1:]))
        return sums.index_add(0, group, x)[group]

    least = _least(torch.where(scored, rows, torch.inf), group)
    above = rows - least
    count = total(scored.to(rows.dtype))
    mean = total(torch.where(scored, above, 0.0)) / count
    squares = total(torch.where(scored, (above - mean) ** 2, 0.0))
    degrees = count - ddof
    std = torch.where(degrees > 0, (squares / degrees.clamp(min=1)).sqrt(), torch.nan)
    return GroupStats((least + mean).to(values), std.to(values), count.to(values))


def _least(rows: Tensor, group: Tensor) -> Tensor:
    """The least value of each row's group, given back to the rows."""
    if not len(rows):
        return rows
    start = rows.new_full((int(group.max()) + 1, *rows.shape[1:]), torch.inf)
    places = group.view(-1, *[1] * (rows.dim() - 1)).expand_as(rows)
    return start.scatter_reduce(0, places, rows, "amin")[group]


def standardize(values: Tensor, group_ids: Tensor, *, eps: float = 1e-4, ddof: int = 1) -> Tensor:
    """`(r - mean of its group) / (std of its group + eps)`, same shape; NaN where undefined.

    >>> standardize(torch.tensor([0.0, 1.0]), torch.tensor([0, 0]), eps=0.0)
    tensor([-0.7071,  0.7071])
    """
    stats = group_stats(values, group_ids, ddof=ddof)
    return (values - stats.mean) / (stats.std + eps)


def whole_batch(values: Tensor) -> Tensor:
    """Group ids `(N,)` that put all rows in one group: statistics of the batch."""
    return torch.zeros(values.shape[0], dtype=torch.long, device=values.device)


def consecutive_groups(rows: int, size: int, device: torch.device | str | None = None) -> Tensor:
    """Group ids `(rows,)` of consecutive groups of `size`: 0 0 0 1 1 1 …, as TRL lays rows out.

    >>> consecutive_groups(6, 3).tolist()
    [0, 0, 0, 1, 1, 1]

    Raises:
        ValueError: the rows are no whole groups.
    """
    if size < 1 or rows % size:
        raise ValueError(f"{rows} rows are no whole groups of size (num_generations) {size}")
    return torch.arange(rows, device=device) // size
