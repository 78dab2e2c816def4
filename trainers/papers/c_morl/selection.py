"""The front as it grows: what is kept, and which policies are extended next because they stand alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from .pareto import crowding_distance, pareto_indices
from .points import Points, as_points, as_reference

P = TypeVar("P")

CAPACITY = 200


class ParetoBuffer(Generic[P]):
    """The policies that nobody dominates, with their objective vectors, sorted by the first objective.

    Args:
        ref_point: `(m,)`; what is below it anywhere is not kept.
        capacity: if more are non-dominated, those with the largest crowding distances stay.
        tolerance: a vector this near one selected before, in every objective, is not selected again. The paper's is
            0: exactly equal; noisy evaluations then make the same policy look new.
        distinct: of policies with equal vectors only the first is kept; the paper keeps them all.

    Attributes:
        values: `(n, m)`.
        policies: n of whatever was added.
    """

    def __init__(
        self, ref_point: ArrayLike, capacity: int = CAPACITY, tolerance: float = 0.0, *, distinct: bool = False
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity={capacity}: give room for at least 1 policy")
        if not tolerance >= 0:
            raise ValueError(f"tolerance={tolerance}: give 0 or more")
        self.ref_point = as_reference(ref_point)
        self.capacity, self.tolerance, self.distinct = capacity, tolerance, distinct
        self.values: Points = np.zeros((0, len(self.ref_point)))
        self.policies: list[P] = []
        self.history: Points = np.zeros((0, len(self.ref_point)))

    def __len__(self) -> int:
        return len(self.policies)

    def add(self, values: ArrayLike, policies: Iterable[P]) -> None:
        """Merge new policies `(k, m)` with the front, and keep what is non-dominated.

        Raises:
            ValueError: values that are not finite, or not one for each policy.
        """
        new, added = as_points(values, len(self.ref_point)), list(policies)
        if len(new) != len(added):
            raise ValueError(f"{len(new)} values for {len(added)} policies: give one for each")
        merged, everyone = np.concatenate([self.values, new]), self.policies + added
        kept = pareto_indices(merged, self.ref_point)
        if self.distinct:
            kept = kept[np.sort(np.unique(merged[kept], axis=0, return_index=True)[1])]
        if len(kept) > self.capacity:
            crowded = np.argsort(-crowding_distance(merged[kept]), kind="stable")
            kept = kept[np.sort(crowded[: self.capacity])]
        self.values, self.policies = merged[kept], [everyone[i] for i in kept]

    def select(self, n: int) -> list[int]:
        """Indices of the n policies with the largest crowding distances that were never selected before, or fewer."""
        chosen: list[int] = []
        for i in np.argsort(-crowding_distance(self.values), kind="stable"):
            if len(chosen) == n:
                break
            if not self._selected_before(self.values[i]):
                chosen.append(int(i))
                self.history = np.concatenate([self.history, self.values[i : i + 1]])
        return chosen

    def _selected_before(self, value: Points) -> bool:
        return bool((np.abs(self.history - value) <= self.tolerance).all(1).any())


@dataclass(frozen=True)
class Round:
    """One round of `select_by_crowding`: the front and what was selected of it, as objective vectors."""

    front: list[list[float]]
    selected: list[list[float]]


def select_by_crowding(
    rounds: Sequence[ArrayLike], ref_point: ArrayLike, n_select: int, buffer: int = CAPACITY
) -> list[Round]:
    """What a buffer keeps and selects when each round brings new points to the front of the round before."""
    kept: ParetoBuffer[Any] = ParetoBuffer(ref_point, buffer)
    found = []
    for points in rounds:
        values = as_points(points, len(kept.ref_point))
        kept.add(values, range(len(values)))
        selected = kept.select(n_select)
        found.append(Round(kept.values.tolist(), kept.values[selected].tolist()))
    return found
