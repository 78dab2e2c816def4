"""The region that data supports: what lies outside is nothing that the data can speak about.

kernel      dens(z) = 1/n Σ_i exp(−|z − z_i|² / 2σ²) / (σ √2π)         outside where dens(z) < its α-quantile over z_i
ellipsoid   d(z)    = (z − μ)ᵀ S⁻¹ (z − μ)                             outside where d(z) > its (1 − α)-quantile

The kernel's constant is that of one dimension in any dimension: it changes no comparison. Quantiles interpolate
linearly, and equality is inside. Rows are features (of a state, of a state and an action, of a text) on one scale.
"""

from __future__ import annotations

import math
import warnings
from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .scaling import Floats, query_rows, training_rows

CHUNK = 2_000_000  # distances held at once


class Region(ABC):
    """A region fitted on `(n, D)` training rows, with about a share of 1 − α of them inside.

    Attributes:
        train: the rows. alpha: the share left outside. threshold: the quantile of the density.
    """

    def __init__(self, train: ArrayLike, alpha: float) -> None:
        self.train = training_rows(train)
        if not 0 <= alpha < 1:
            raise ValueError(f"alpha={alpha}: give the share of the training rows that is left outside, in [0, 1)")
        self.alpha = alpha
        self.threshold = math.nan

    @abstractmethod
    def log_density(self, rows: ArrayLike) -> Floats:
        """`(m,)` of `(m, D)` rows; NaN for a row with a feature that is not finite."""

    @property
    def log_threshold(self) -> float:
        """The least log-density inside."""
        return self.threshold

    def outside(self, rows: ArrayLike) -> NDArray[np.bool_]:
        """`(m,)` whether each row is out of the region; a row with a feature that is not finite is."""
        density = self.log_density(rows)
        return np.isnan(density) | (density < self.log_threshold)


class Kernel(Region):
    """A Gaussian kernel density.

    >>> region = Kernel([[0, 0]] * 4 + [[1, 1]], sigma=0.5, alpha=0.0)
    >>> region.density([[0, 0], [1, 1]]).round(4).tolist(), region.outside([[1, 1], [9, 9]]).tolist()
    ([0.6412, 0.1713], [False, True])

    Args:
        sigma: width of the kernel, on the scale of the rows. 0.535 is the paper's for 15 features in [-1, 1]; in fewer
            dimensions, and for discrete data, it is far too wide.
        alpha: share of the training rows that is left outside.
        leave_one_out: whether a training row's own kernel is left out of the density that the threshold is a quantile
            of. A new row has no kernel at its own place, so that only with this about a share α of new rows like the
            training rows is outside. The paper counts it in.

    Raises:
        ValueError: sigma or alpha out of range, no rows, a feature that is not finite.
    """

    def __init__(
        self, train: ArrayLike, *, sigma: float = 0.535, alpha: float = 0.05, leave_one_out: bool = False
    ) -> None:
        super().__init__(train, alpha)
        if not (sigma > 0 and math.isfinite(sigma)):
            raise ValueError(f"sigma={sigma}: the width of the kernel is above 0")
        if leave_one_out and len(self.train) < 2:
            raise ValueError("leave_one_out needs two training rows or more")
        self.sigma = sigma
        self.leave_one_out = leave_one_out
        own = self.density(self.train)
        if leave_one_out:  # what a row adds to itself is taken off again: n·dens − kernel(0), over n − 1
            n = len(self.train)
            own = np.maximum(n * own - self._peak, 0.0) / (n - 1)
        self.threshold = float(np.percentile(own, 100 * alpha))
        if self._sees_only_itself():
            warnings.warn(
                f"sigma={sigma:g} is so small that the threshold is a training row's own kernel: nothing but the "
                "training rows themselves will be inside; take a larger sigma, or fewer features",
                stacklevel=2,
            )

    @property
    def _peak(self) -> float:
        """One kernel at its own place."""
        return 1 / (self.sigma * math.sqrt(2 * math.pi))

    def _sees_only_itself(self) -> bool:
        least = 0.0 if self.leave_one_out else self._peak / len(self.train)
        return len(self.train) > 1 and self.threshold <= least * (1 + 1e-9)

    @property
    def log_threshold(self) -> float:
        return math.log(self.threshold) if self.threshold > 0 else -math.inf

    def density(self, rows: ArrayLike) -> Floats:
        """`(m,)`; 0 where it is too small for a float64."""
        return np.exp(self.log_density(rows))

    def log_density(self, rows: ArrayLike) -> Floats:
        asked = query_rows(rows, self.train.shape[1])
        step = max(1, CHUNK // len(self.train))
        parts = [self._log_density(asked[i : i + step]) for i in range(0, len(asked), step)]
        return np.concatenate(parts) if parts else np.zeros(0)

    def _log_density(self, rows: Floats) -> Floats:
        """Feature by feature, so that a row's number does not depend on the rows it is asked about with."""
        squares = np.zeros((len(rows), len(self.train)))
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for k in range(rows.shape[1]):
                squares += (rows[:, k, None] - self.train[None, :, k]) ** 2
            logs = squares / (-2 * self.sigma**2)
            most = logs.max(1, keepdims=True)
            most = np.where(np.isneginf(most), 0.0, most)
            mean = np.log(np.exp(logs - most).mean(1)) + most[:, 0]
        return np.where(np.isfinite(rows).all(1), mean + math.log(self._peak), np.nan)

    def outside(self, rows: ArrayLike) -> NDArray[np.bool_]:
        density = self.density(rows)  # as the threshold was taken: the logarithm would round equality away
        return np.isnan(density) | (density < self.threshold)


class Ellipsoid(Region):
    """An ellipsoid around the mean: the sublevel set of the one polynomial of degree 2 that the data suggests.

    >>> region = Ellipsoid([[-1.0, 0.0], [1.0, 0.0], [0.0, -2.0], [0.0, 2.0]], alpha=0.0)
    >>> region.outside([[0.0, 1.9], [0.0, 2.1], [1.9, 0.0]]).tolist()
    [False, True, True]

    Its log-density is −d(z)/2, a normal's without the constant. A direction in which the training rows do not vary
    takes no part.

    Args:
        alpha: share of the training rows that is left outside.
    """

    def __init__(self, train: ArrayLike, *, alpha: float = 0.05) -> None:
        super().__init__(train, alpha)
        self.mean = self.train.mean(0)
        centred = self.train - self.mean
        self.precision = np.linalg.pinv(centred.T @ centred / len(self.train), hermitian=True)
        self.threshold = -float(np.percentile(self.distance(self.train), 100 * (1 - alpha))) / 2

    def distance(self, rows: ArrayLike) -> Floats:
        """`(m,)` squared Mahalanobis distances."""
        centred = query_rows(rows, len(self.mean)) - self.mean
        squares = np.zeros(len(centred))
        with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
            for i in range(len(self.mean)):  # not a matrix product: its rounding depends on how many rows there are
                for j in range(len(self.mean)):
                    squares += centred[:, i] * self.precision[i, j] * centred[:, j]
        return squares

    def log_density(self, rows: ArrayLike) -> Floats:
        asked = query_rows(rows, len(self.mean))
        return np.where(np.isfinite(asked).all(1), -self.distance(asked) / 2, np.nan)
