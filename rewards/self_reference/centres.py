"""Where successes lie: the means of their clusters.

    x' = (x − mean) / std of the successes          z-scores, for the clustering alone
    DBSCAN(eps, min_samples) on x'                  Euclidean; noise is dropped
    c_k = mean of x over cluster k                  in the original space; the mean of all where no cluster is found

Trap: in D dimensions z-scores lie about √(2D) apart, so that a fixed eps of 0.5 finds no cluster from D = 16 on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

try:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler
except ImportError as error:
    raise ImportError("references to one's own successes need scikit-learn: pip install 'jurybox[srpo]'") from error

Floats = NDArray[np.float64]
Eps = float | Literal["auto"]


@dataclass(frozen=True, eq=False)
class Centres:
    """labels: `(n,)` the cluster of each vector, −1 for noise, numbered by first member. centres: `(k, D)`."""

    labels: NDArray[np.intp]
    centres: Floats


def success_centres(embeddings: ArrayLike, eps: Eps = 0.5, min_samples: int = 2, standardize: bool = True) -> Centres:
    """The clusters of some vectors.

    >>> success_centres([[0.0], [0.1], [4.0], [4.2], [9.0]], eps=0.5).centres.tolist()
    [[0.05], [4.1]]

    embeddings: `(n, D)`, at least one, finite. eps: how far neighbours may lie, after z-scoring if `standardize`;
    "auto" is twice the median distance of distinct vectors to the nearest other one, which works for any D.
    min_samples: neighbours, itself included, that make a vector the core of a cluster.

    Raises:
        ValueError: no vectors, or an option out of its range.
    """
    check_clustering(eps, min_samples)
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or not len(x):
        raise ValueError(f"embeddings must be (n, D) with at least one row, not {x.shape}")
    space = StandardScaler().fit_transform(x) if standardize else x
    found = DBSCAN(eps=_auto(space) if eps == "auto" else eps, min_samples=min_samples).fit(space).labels_
    numbers = {label: place for place, label in enumerate(dict.fromkeys(found[found >= 0].tolist()))}
    labels = np.array([numbers.get(label, -1) for label in found.tolist()], dtype=np.intp)
    if not numbers:
        return Centres(labels, x.mean(axis=0, keepdims=True))
    return Centres(labels, np.stack([x[labels == number].mean(axis=0) for number in range(len(numbers))]))


def check_clustering(eps: Eps, min_samples: int) -> None:
    """Raise ValueError unless eps is "auto" or positive and finite, and min_samples at least 1."""
    if eps != "auto" and not (isinstance(eps, int | float) and 0 < eps < float("inf")):
        raise ValueError(f"eps={eps!r}: give a distance above 0, or 'auto'")
    if min_samples < 1:
        raise ValueError(f"min_samples={min_samples}: give 1 or more")


def _auto(space: Floats) -> float:
    distinct = np.unique(space, axis=0)  # copies of one answer say nothing of how far different ones lie apart
    if len(distinct) < 2:
        return 1.0
    nearest, _ = NearestNeighbors(n_neighbors=1).fit(distinct).kneighbors()
    return max(2 * float(np.median(nearest)), float(np.finfo(np.float64).tiny))
