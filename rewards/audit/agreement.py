"""How far two scorers agree, in the numbers that people ask for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

EQUAL = 1e-9  # scores that differ by less are the same: sums may be taken in another order


def cohens_kappa(first: Sequence[bool], second: Sequence[bool]) -> float | None:
    """κ = (p_o − p_e) / (1 − p_e) of two lists of yes and no; None where chance alone agrees always.

    >>> cohens_kappa([True, True, False, False], [True, False, False, False])
    0.5
    """
    count = len(first)
    if not count:
        return None
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / count
    yes = [sum(said) / count for said in (first, second)]
    chance = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if math.isclose(chance, 1.0) else (observed - chance) / (1 - chance)


def order(one: float, other: float) -> int:
    """1 where one is more than the other, -1 where it is less, 0 where they are as good as equal."""
    return 0 if abs(one - other) <= EQUAL else 1 if one > other else -1


def kendall_tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    """τ-b over all pairs, with ties; None where one of the two says the same of all.

    >>> kendall_tau([1, 2, 3], [1, 3, 2])  # two pairs in the same order, one in the other
    0.3333333333333333
    """
    both = split_first = split_second = 0
    for place, (a, b) in enumerate(zip(first, second, strict=True)):
        for earlier in range(place):
            x, y = order(a, first[earlier]), order(b, second[earlier])
            both += x * y
            split_first += x != 0
            split_second += y != 0
    return both / math.sqrt(split_first * split_second) if split_first and split_second else None


def same_order(first: Sequence[float], second: Sequence[float]) -> bool:
    """Whether both say the same of every pair: more, less or equal."""
    ranked = sorted(range(len(first)), key=lambda place: (first[place], second[place]))
    return all(order(first[a], first[b]) == order(second[a], second[b]) for a, b in pairwise(ranked))


def best(scores: Sequence[float]) -> list[int]:
    """The places of the best score."""
    return [place for place, score in enumerate(scores) if order(score, max(scores)) == 0]
