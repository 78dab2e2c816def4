"""Features of a text without a model: which pieces of a few characters it is made of, and how long it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .scaling import Floats

CHUNK = 1 << 20  # characters hashed at once
PRIMES = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x27D4EB2F165667C5], np.uint64)


@dataclass(frozen=True)
class NGrams:
    """Square roots of the shares of hashed n-grams, one unit vector for each n, and log(1 + characters).

    >>> features = NGrams(buckets=64)(["so it is", "so is it", ""])
    >>> features.shape, [round(float(np.linalg.norm(features[0] - other)), 2) for other in features]
    ((3, 193), [0.0, 0.98, 2.8])

    The distance of two texts is Hellinger's, between what pieces they are made of: one phrase said over and over is
    far from sentences with the same words. The length is in it, because repetition alone does not move shares. Linear
    in the length of the text, and the same in every process.

    Args:
        buckets: numbers for each n. n: the longest pieces.
    """

    buckets: int = 512
    n: int = 3

    def __post_init__(self) -> None:
        if self.buckets < 1 or not 1 <= self.n <= len(PRIMES):
            raise ValueError(f"buckets is at least 1 and n from 1 to {len(PRIMES)}, not {self.buckets} and {self.n}")

    def __call__(self, texts: Sequence[str]) -> Floats:
        """`(m, n · buckets + 1)`."""
        return np.stack([self._features(text) for text in texts]) if texts else np.zeros((0, self.n * self.buckets + 1))

    def _features(self, text: str) -> Floats:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)
        shares = [np.sqrt(self._counts(codes, n) / max(len(codes) - n + 1, 1)) for n in range(1, self.n + 1)]
        return np.concatenate([*shares, [np.log1p(len(codes))]])

    def _counts(self, codes: NDArray[np.uint64], n: int) -> Floats:
        """How many pieces of n characters fall into each bucket."""
        counts = np.zeros(self.buckets)
        for start in range(0, max(len(codes) - n + 1, 0), CHUNK):
            part = codes[start : start + CHUNK + n - 1]
            hashed = np.zeros(len(part) - n + 1, np.uint64)
            for place in range(n):
                hashed = (hashed ^ (part[place : place + len(hashed)] + np.uint64(n))) * PRIMES[place]
                hashed ^= hashed >> np.uint64(29)
            counts += np.bincount((hashed % np.uint64(self.buckets)).astype(np.intp), minlength=self.buckets)
        return counts
