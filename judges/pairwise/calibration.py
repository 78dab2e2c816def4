"""Whether a probability means what it says: expected calibration error and Brier score."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Calibration:
    """ece: mean distance between what was predicted and what came true, by bin. brier: mean (p − y)².

    bin_counts: how many predictions each bin has, from low to high.
    """

    ece: float
    bin_counts: tuple[int, ...]
    brier: float


def expected_calibration_error(
    probabilities: Sequence[float], outcomes: Sequence[float], num_bins: int = 10
) -> Calibration:
    """How well probabilities are calibrated: Σ_bins (count / n) · |mean p − mean y|, bins of equal width on [0, 1].

    >>> expected_calibration_error([0.0, 1.0, 1.0], [0, 1, 1]).ece
    0.0

    outcomes: 0 or 1, or soft labels between them.
    Trap: a judge that says ½ to everything is well calibrated where half of it comes true; the Brier score tells it
    from one that knows something.

    Raises:
        ValueError: no predictions, lists of different lengths, a number outside [0, 1], or not a whole number of
            bins.
    """
    if not len(probabilities) or len(probabilities) != len(outcomes):
        raise ValueError(
            f"probabilities and outcomes must be of one length, at least 1, not {len(probabilities)} and "
            f"{len(outcomes)}"
        )
    if num_bins < 1 or num_bins != int(num_bins):
        raise ValueError(f"num_bins must be a whole number, at least 1, not {num_bins}")
    for name, numbers in (("probabilities", probabilities), ("outcomes", outcomes)):
        if strange := [number for number in numbers if not 0.0 <= number <= 1.0]:
            raise ValueError(f"{name} must be between 0 and 1, not {strange[0]!r}")
    pairs = list(zip(map(float, probabilities), map(float, outcomes), strict=True))
    bins: list[list[tuple[float, float]]] = [[] for _ in range(num_bins)]
    for p, y in pairs:
        bins[min(int(p * num_bins), num_bins - 1)].append((p, y))  # 1 belongs to the last bin
    gaps = [abs(sum(p for p, _ in members) - sum(y for _, y in members)) for members in bins]
    brier = sum((p - y) ** 2 for p, y in pairs) / len(pairs)
    return Calibration(sum(gaps) / len(pairs), tuple(map(len, bins)), brier)
