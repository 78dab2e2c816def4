"""Which prompts a rollout has: every row of the data set once, in an order of its own, before any comes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from .randomness import PROMPTS, generator


class PromptOrder:
    """Rows of a data set by rollout; the same for every process and after a resume.

    Raises:
        ValueError: no rows, or rows without a prompt.
    """

    def __init__(self, rows: Sequence[Mapping[str, Any]], per_rollout: int, seed: int) -> None:
        if not len(rows):
            raise ValueError("train_dataset has no rows")
        if "prompt" not in rows[0]:
            raise ValueError(f"train_dataset needs a column 'prompt' (it has: {', '.join(map(str, rows[0]))})")
        self._rows, self._count, self._seed = rows, per_rollout, seed

    def rollout(self, number: int) -> list[Mapping[str, Any]]:
        """The rows of the n-th rollout, counted from 0."""
        places = range(number * self._count, (number + 1) * self._count)
        size = len(self._rows)
        orders = {turn: self._order(turn) for turn in sorted({place // size for place in places})}
        return [self._rows[orders[place // size][place % size]] for place in places]

    def _order(self, turn: int) -> list[int]:
        return torch.randperm(len(self._rows), generator=generator(self._seed, PROMPTS, turn)).tolist()


def repeated(rows: Sequence[Mapping[str, Any]], times: int) -> list[Mapping[str, Any]]:
    """Each row so many times, side by side."""
    return [row for row in rows for _ in range(times)]


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """All columns but the prompt, as reward functions get them."""
    return {name: [row[name] for row in rows] for name in rows[0] if name != "prompt"} if rows else {}
