"""Model and guardian where states and actions are numbered: what was recorded of a pair, and how often it was."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .neighbour import NearestNeighbour
from .records import Flags, Records


class TabularModel:
    """What comes of a state and an action is drawn from what came of this pair, or of the nearest one on record.

    Records of one pair differ in what followed, so that the first of them would make a model without chance: one is
    drawn. A density with the width of continuous data is of no use here, but the number of records is: `outside`.

    Args:
        states, actions: `(S, d)` and `(A, e)` features, in which pairs are near or far.
        least: how many records a pair needs to be inside.
    """

    def __init__(self, records: Records, states: ArrayLike, actions: ArrayLike, *, least: int = 3) -> None:
        self.records, self.least = records, least
        S, A = np.asarray(states, np.float64), np.asarray(actions, np.float64)
        self.actions = len(A)
        recorded = self._pair(records.state, records.action)
        self.order = np.argsort(recorded, kind="stable")
        self.counts = np.bincount(recorded, minlength=len(S) * len(A))
        self.first = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        self.nearest = np.arange(len(self.counts))
        unseen = np.flatnonzero(self.counts == 0)
        if len(unseen):
            seen = np.flatnonzero(self.counts)
            features = np.concatenate([np.repeat(S, len(A), 0), np.tile(A, (len(S), 1))], axis=1)
            self.nearest[unseen] = seen[NearestNeighbour(features[seen], features[seen])(features[unseen]).index]

    def look_up(self, state: NDArray, action: NDArray, rng: np.random.Generator) -> NDArray[np.int64]:
        """`(m,)` record numbers."""
        pair = self.nearest[self._pair(state, action)]
        drawn = np.floor(rng.random(len(pair)) * self.counts[pair]).astype(np.int64)
        return self.order[self.first[pair] + drawn]

    def outside(self, state: NDArray, action: NDArray) -> Flags:
        """`(m,)` whether there are fewer than `least` records of the pair."""
        few: Flags = self.counts[self._pair(state, action)] < self.least
        return few

    def _pair(self, state: NDArray, action: NDArray) -> NDArray[np.int64]:
        pair: NDArray[np.int64] = np.asarray(state, np.int64) * self.actions + np.asarray(action, np.int64)
        return pair
