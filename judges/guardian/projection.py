"""Many features brought down to a few in which a density means something, without losing sight of what is new."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from .scaling import Floats, query_rows, training_rows


@dataclass(frozen=True, eq=False)
class Projection:
    """The coordinates of a row along the directions in which the training rows vary most, and its distance from them.

    >>> flat = Projection.fit([[0.0, 0.0, 5.0], [2.0, 0.0, 5.0], [4.0, 0.0, 5.0]], dimensions=2)
    >>> flat([[4.0, 0.0, 5.0], [3.0, 0.0, 8.0]]).round(6).tolist()
    [[2.0, 0.0], [1.0, 3.0]]

    The distance is what principal components leave out, and it is where a row shows that is like none of the training
    rows: along the directions themselves it may lie in the middle.

    mean: `(D,)`. directions: `(K, D)`. least: smaller distances count as this one, for to be close is nothing to hold
    against a row.
    """

    mean: Floats
    directions: Floats
    least: float = 0.0

    @classmethod
    def fit(cls, rows: ArrayLike, dimensions: int) -> Projection:
        """To `dimensions` numbers, the distance being the last of them.

        Raises:
            ValueError: fewer than two dimensions, no rows, a number that is not finite.
        """
        if dimensions < 2:
            raise ValueError(f"dimensions={dimensions}: a projection has at least 2, the last being a distance")
        data = training_rows(rows)
        mean = data.mean(0)
        _, sizes, directions = np.linalg.svd(data - mean, full_matrices=False)
        kept = directions[: dimensions - 1][sizes[: dimensions - 1] > 1e-9 * max(sizes[0], 1e-300)]
        signs = np.sign(kept[np.arange(len(kept)), np.abs(kept).argmax(1)])  # of a direction either is right
        return cls(mean, kept * signs[:, None])

    def calibrated(self, rows: ArrayLike) -> Projection:
        """With the median distance of `(m, D)` rows that it was not fitted on as the least.

        Those it was fitted on are closer than any new ones, and would else be strange for it.
        """
        return replace(self, least=float(np.median(self(rows)[:, -1])))

    def __call__(self, rows: ArrayLike) -> Floats:
        """`(m, K + 1)`."""
        centred = query_rows(rows, len(self.mean)) - self.mean
        with np.errstate(invalid="ignore", over="ignore"):
            along = centred @ self.directions.T
            rest = np.sqrt(((centred - along @ self.directions) ** 2).sum(1))
        return np.column_stack([along, np.maximum(rest, self.least)])
