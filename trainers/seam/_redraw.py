"""Groups without a signal are drawn again with fresh prompts (DAPO's dynamic sampling): which, from where, and how
rounds of generation become one.

A *slot* is the place of a whole group in this process's batch. Every process draws equally many groups a round, as many
as the process that lacks most; what one has too many is dropped.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

Source = tuple[int, int]  # round, and which of this process's groups there

SPREAD = 1e-6  # float32 sums of equal rewards may differ by less


def loud_groups(scores: Tensor, size: int, processes: int) -> list[list[bool]]:
    """For each process, which of its groups of `size` rows have different scores; scores: `(N,)`, of all processes."""
    groups = scores.view(-1, size)
    least = groups.nan_to_num(nan=torch.inf).amin(1)
    most = groups.nan_to_num(nan=-torch.inf).amax(1)
    loud: list[bool] = (most - least > SPREAD).tolist()
    each = len(loud) // processes
    return [loud[start : start + each] for start in range(0, len(loud), each)]


class Slots:
    """Where the group of every slot comes from, on all processes; the same on every process."""

    def __init__(self, loud: Sequence[Sequence[bool]]) -> None:
        self.sources: list[list[Source]] = [[(0, group) for group in range(len(each))] for each in loud]
        self._loud = [list(each) for each in loud]
        self.rounds = 1
        self.drawn = sum(map(len, loud))

    @property
    def wanted(self) -> int:
        """Groups that every process has to draw next."""
        return max(each.count(False) for each in self._loud)

    @property
    def silent(self) -> int:
        """Slots that still have no signal, over all processes."""
        return sum(each.count(False) for each in self._loud)

    def fill(self, loud: Sequence[Sequence[bool]]) -> None:
        """Take the groups of a further round that have a signal, as far as there are slots without one."""
        for sources, filled, came in zip(self.sources, self._loud, loud, strict=True):
            found = [group for group, is_loud in enumerate(came) if is_loud]
            empty = [slot for slot, is_loud in enumerate(filled) if not is_loud]
            for slot, group in zip(empty, found, strict=False):
                sources[slot] = (self.rounds, group)
                filled[slot] = True
        self.rounds += 1
        self.drawn += sum(map(len, loud))


@dataclass(frozen=True)
class FreshPrompts:
    """Rows of a data set, each once, in an order of the seed and the micro-step alone: a resumed run draws the same."""

    dataset: Any
    seed: int
    micro_step: int
    process: int
    processes: int

    def rows(self, copies: int) -> Iterator[list[dict[str, Any]]]:
        """This process's prompts, each as so many rows."""
        dice = random.Random(f"{self.seed}/{self.micro_step}")
        places = list(range(len(self.dataset)))
        dice.shuffle(places)
        for place in places[self.process :: self.processes]:
            yield [dict(self.dataset[place]) for _ in range(copies)]


def rows_from(sources: Sequence[Source], size: int) -> list[tuple[int, int]]:
    """For each row of a batch, its round and its row there."""
    return [(round_, group * size + row) for round_, group in sources for row in range(size)]


def picked(lists: Sequence[Sequence[Any]], rows: Sequence[tuple[int, int]]) -> list[Any]:
    """These rows of several rounds."""
    return [lists[round_][row] for round_, row in rows]


def merged(outputs: Sequence[Mapping[str, Any]], rows: Sequence[tuple[int, int]], padding: int) -> dict[str, Any]:
    """TRL's dictionary of a generation from those of several rounds.

    Row-wise tensors `(B, L)` are brought to one width: prompts on the left, completions on the right.

    Raises:
        ValueError: rounds hold what is not made of rows, such as images.
    """
    first = outputs[0]
    count = len(first["prompt_ids"])
    return {name: _merged(name, [output.get(name) for output in outputs], rows, padding, count) for name in first}


def _merged(name: str, values: list[Any], rows: Sequence[tuple[int, int]], padding: int, count: int) -> Any:
    first = values[0]
    if first is None or (isinstance(first, Tensor) and first.dim() == 0):
        return first
    if len(first) != count or any(value is None for value in values):
        raise ValueError(f"dynamic_sampling cannot put rows with {name!r} together: it is for texts")
    if not isinstance(first, Tensor):
        return picked(values, rows)
    if first.dim() > 1:
        fill = padding if name.endswith("_ids") else 0
        width = max(value.shape[1] for value in values)
        left = name.startswith("prompt_")
        values = [pad(v, (width - v.shape[1], 0) if left else (0, width - v.shape[1]), value=fill) for v in values]
    return torch.stack([values[round_][row] for round_, row in rows])
