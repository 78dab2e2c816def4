"""A model of the patient without parameters: what happened to the most similar patient under the most similar dose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ....judges.guardian.scaling import query_rows, training_rows

CHUNK = 4_000_000  # distances held at once


@dataclass(frozen=True, eq=False)
class Transition:
    """index: `(m,)` of the nearest records. next_state: `(m, S)`, what was recorded after them."""

    index: NDArray[np.int64]
    next_state: NDArray[np.float64]


class NearestNeighbour:
    """Looks a state and an action up in records. Fit it on training records only: others would leak.

    >>> model = NearestNeighbour([[0.0, 0.0], [1.0, 1.0]], [[5.0], [6.0]])
    >>> model([[0.9, 0.7]]).next_state.tolist()
    [[6.0]]

    The distance is Euclidean, and the first of equals counts; so scale keys and queries alike (`MinMax`).

    Args:
        keys: `(n, S + A)` states with actions. next_states: `(n, S)`.

    Raises:
        ValueError: no records, one that is not finite, or not as many states as keys.
    """

    def __init__(self, keys: ArrayLike, next_states: ArrayLike) -> None:
        self.keys, self.next_states = training_rows(keys), training_rows(next_states)
        if len(self.keys) != len(self.next_states):
            raise ValueError(f"there are {len(self.keys)} keys and {len(self.next_states)} next states")

    def __call__(self, query: ArrayLike) -> Transition:
        """Of `(m, S + A)` states with actions."""
        asked = query_rows(query, self.keys.shape[1])
        step = max(1, CHUNK // len(self.keys))
        found = [self._nearest(asked[i : i + step]) for i in range(0, len(asked), step)]
        index = np.concatenate(found) if found else np.zeros(0, np.int64)
        return Transition(index, self.next_states[index])

    def _nearest(self, rows: NDArray[np.float64]) -> NDArray[np.int64]:
        """Differences, not |a|² − 2ab + |b|², whose rounding would decide between equals."""
        squares = np.zeros((len(rows), len(self.keys)))
        for k in range(rows.shape[1]):
            squares += (rows[:, k, None] - self.keys[None, :, k]) ** 2
        nearest: NDArray[np.int64] = squares.argmin(1)
        return nearest
