"""Two rewards on the same rows: how far they agree, what a group-relative trainer would notice, what changed most."""

from __future__ import annotations

from array import array
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, replace
from math import inf, nan
from statistics import fmean
from typing import Any

from ...judges import Verdict
from .agreement import EQUAL, best, cohens_kappa, kendall_tau, same_order

MOST_KINDS = 1000  # of changes
LARGEST_GROUP = 256  # rows of a prompt whose pairs are compared; of more, the first ones


@dataclass(frozen=True)
class Change:
    """Rows that changed for the same reasons: how many, and the one that changed most.

    Attributes:
        rows: how many there are.
        size: |new − old| of the one that is kept; infinite where only one of them abstains.
        row, old, new, columns: of the one that is kept.
    """

    rows: int
    size: float
    row: int
    old: Verdict
    new: Verdict
    columns: Any = None


class Comparison:
    """Fed with pairs of verdicts, row by row; holds two numbers a row, and one change of each kind.

    >>> comparison = Comparison()
    >>> for old, new in [(1.0, 1.0), (0.0, 1.0), (0.0, 0.0)]:
    ...     comparison.add("2 + 2?", Verdict(old), Verdict(new))
    >>> comparison.changed, comparison.share_changed, round(comparison.mean_shift, 2)
    (1, 0.3333333333333333, 0.33)
    >>> comparison.groups()["best changed"]
    1.0
    """

    def __init__(self) -> None:
        self.changed = 0
        self._old, self._new = array("d"), array("d")  # NaN where it abstains
        self._passed: tuple[list[bool], list[bool]] = ([], [])  # of rows that both score
        self._groups: dict[Hashable, array[int]] = {}
        self._kinds: dict[Hashable, Change] = {}

    def add(self, group: Hashable, old: Verdict, new: Verdict, columns: Any = None) -> None:
        """Count a row; `group` tells which rows answer the same prompt, `columns` is kept of one row a kind."""
        row = len(self._old)
        self._old.append(nan if old.score is None else old.score)
        self._new.append(nan if new.score is None else new.score)
        self._groups.setdefault(group, array("l")).append(row)
        if old.score is not None and new.score is not None:
            for said, verdict in zip(self._passed, (old, new), strict=True):
                said.append(bool(verdict.passed))
        size = _size(old, new)
        if size > EQUAL:
            self.changed += 1
            self._keep(Change(1, size, row, old, new, columns))

    def _keep(self, change: Change) -> None:
        kind = (_reasons(change.old), _reasons(change.new), change.size == inf)
        known = self._kinds.pop(kind, None)
        if known is not None:
            larger = change if change.size > known.size + EQUAL else known
            change = replace(larger, rows=known.rows + 1)
        self._kinds[kind] = change
        if len(self._kinds) > MOST_KINDS:  # a judge with endless reasons must not fill the memory
            self._kinds = dict(sorted(self._kinds.items(), key=lambda item: -item[1].size)[: MOST_KINDS // 2])

    @property
    def changes(self) -> list[Change]:
        """One of each kind, the largest first, of equal ones that of more rows."""
        return sorted(self._kinds.values(), key=lambda change: (-change.size, -change.rows, change.row))

    def __len__(self) -> int:
        return len(self._old)

    @property
    def share_changed(self) -> float:
        """Of all rows."""
        return self.changed / len(self) if len(self) else 0.0

    @property
    def scored(self) -> Iterator[tuple[float, float]]:
        """The pairs of numbers where both score."""
        return ((a, b) for a, b in zip(self._old, self._new, strict=True) if a == a and b == b)

    @property
    def mean_shift(self) -> float:
        """new − old, a mean over the rows that both score."""
        return fmean(b - a for a, b in self.scored) if self._passed[0] else 0.0

    @property
    def means(self) -> tuple[float, float] | None:
        """Of old and new, over the rows that both score."""
        pairs = list(self.scored)
        return (fmean(a for a, _ in pairs), fmean(b for _, b in pairs)) if pairs else None

    @property
    def abstained(self) -> tuple[int, int]:
        """Rows without a number, of old and new."""
        return sum(a != a for a in self._old), sum(b != b for b in self._new)

    @property
    def passed(self) -> tuple[int, int]:
        """Rows that passed, of old and new, among those that both score."""
        return sum(self._passed[0]), sum(self._passed[1])

    @property
    def agreement(self) -> float | None:
        """Share of rows of which both say passed, or both failed."""
        old, new = self._passed
        return sum(a == b for a, b in zip(old, new, strict=True)) / len(old) if old else None

    @property
    def kappa(self) -> float | None:
        """Cohen's κ of passed and failed."""
        return cohens_kappa(*self._passed)

    def groups(self) -> dict[str, float]:
        """What a group-relative trainer would notice, over prompts with several rows that both score.

        groups: how many there are. order changed, best changed: shares of those in which some pair changes places, or
        another answer is best. rank correlation: mean τ-b within a group, where both tell answers apart. alive before,
        alive after: shares in which not all answers are equal.
        """
        orders: list[bool] = []
        bests: list[bool] = []
        taus: list[float] = []
        alive: tuple[list[bool], list[bool]] = ([], [])
        for rows in self._groups.values():
            pairs = [(self._old[row], self._new[row]) for row in rows]
            pairs = [(a, b) for a, b in pairs if a == a and b == b][:LARGEST_GROUP]
            if len(pairs) < 2:
                continue
            old, new = zip(*pairs, strict=True)
            orders.append(not same_order(old, new))
            bests.append(best(old) != best(new))
            for counts, scores in zip(alive, (old, new), strict=True):
                counts.append(max(scores) - min(scores) > EQUAL)
            if (tau := kendall_tau(old, new)) is not None:
                taus.append(tau)
        if not orders:
            return {}
        measured = {
            "groups": float(len(orders)),
            "order changed": fmean(orders),
            "best changed": fmean(bests),
            "alive before": fmean(alive[0]),
            "alive after": fmean(alive[1]),
        }
        return measured | ({"rank correlation": fmean(taus)} if taus else {})


def _size(old: Verdict, new: Verdict) -> float:
    if old.score is None or new.score is None:
        return 0.0 if old.score is new.score else inf
    return abs(new.score - old.score)


def _reasons(verdict: Verdict) -> tuple[str, ...]:
    """What decided, without what is the row's own: the reasons of all leaves."""
    if not verdict.parts:
        return (f"{verdict.status}: {verdict.reason} {verdict.passed}",)
    return tuple(reason for part in verdict.parts for reason in (("",) if part is None else _reasons(part)))
