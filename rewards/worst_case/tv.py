"""Total variation: TV(q, p) = ½ Σ |qᵢ − pᵢ|, at most 1. The adversary may leave the support of p.

min {E_q v : TV(q, p) <= ρ}  =  max_a { E_p[min(v, a)] − ρ (a − v_min) }
min_q {E_q v + λ TV(q, p)}   =  E_p[min(v, v_min + λ)]
"""

from __future__ import annotations

from collections.abc import Sequence


def worst_case(values: Sequence[float], p: Sequence[float], rho: float) -> list[float]:
    """Mass ρ leaves the largest values and goes to the first of the least ones.

    >>> [round(q, 2) for q in worst_case([1.0, 0.0, 0.5, 0.9], [0.25] * 4, 0.2)]
    [0.05, 0.45, 0.25, 0.25]
    """
    q = list(p)
    least = min(values)
    target, left = values.index(least), rho
    for place in sorted(range(len(q)), key=values.__getitem__, reverse=True):
        if left <= 0 or values[place] == least:
            break
        moved = min(q[place], left)
        q[place] -= moved
        q[target] += moved
        left -= moved
    return q


def penalised(values: Sequence[float], p: Sequence[float], lam: float) -> float:
    """The least of E_q v + λ·TV(q, p)."""
    cap = min(values) + lam
    return sum(weight * min(value, cap) for value, weight in zip(values, p, strict=True))
