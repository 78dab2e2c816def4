"""Every feature brought to [-1, 1] by the least and the greatest value that the training rows have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MinMax:
    """x -> 2 (x - low) / (high - low) - 1, feature by feature; 0 where the training rows are all alike.

    >>> scale = MinMax.fit([[0.0, 7.0], [4.0, 7.0]])
    >>> scale([[1.0, 7.0], [6.0, 9.0]]).tolist()
    [[-0.5, 0.0], [2.0, 0.0]]

    What lies outside of the training range comes out outside of [-1, 1]: it is not clipped, for that is what shows
    that it is new.

    low, high: `(D,)`.
    """

    low: Floats
    high: Floats

    @classmethod
    def fit(cls, rows: ArrayLike) -> MinMax:
        """The scale of `(n, D)` training rows.

        Raises:
            ValueError: no rows, another shape, or a number that is not finite.
        """
        data = training_rows(rows)
        return cls(data.min(0), data.max(0))

    def __call__(self, rows: ArrayLike) -> Floats:
        """`(m, D)` rows on the scale; NaN stays NaN."""
        data = query_rows(rows, len(self.low))
        width = self.high - self.low
        varies = width > 0
        scaled: Floats = 2 * (data - self.low) / np.where(varies, width, 1.0) - 1
        return np.where(varies, scaled, np.where(np.isnan(data), np.nan, 0.0))


def training_rows(rows: ArrayLike) -> Floats:
    """`(n, D)` float64 rows that something can be fitted on.

    Raises:
        ValueError: no rows, another shape, or a number that is not finite.
    """
    data = np.asarray(rows, np.float64)
    if data.ndim != 2 or not data.size:
        raise ValueError(f"the training rows have shape {data.shape}: give (n, D) features, at least one row")
    if not np.isfinite(data).all():
        row = int(np.flatnonzero(~np.isfinite(data).all(1))[0])
        raise ValueError(f"training row {row} has a feature that is not finite: mend it or leave the row out")
    return data


def query_rows(rows: ArrayLike, features: int) -> Floats:
    """`(m, D)` float64 rows to ask about.

    Raises:
        ValueError: they are not of D features.
    """
    data = np.asarray(rows, np.float64)
    if data.ndim != 2 or data.shape[1] != features:
        raise ValueError(f"the rows have shape {data.shape}: give (m, {features}) features")
    return data
