"""What a judge is worth against labels of people: right or wrong, how well its scores mean what they say."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from statistics import fmean
from typing import Any

from ...judges import Verdict
from ...judges.pairwise import Pair, PairwiseJudge
from ...judges.pairwise.calibration import expected_calibration_error
from .agreement import cohens_kappa, order
from .intervals import bootstrap, wilson

Measures = dict[str, Any]
BINS = 10


def against_labels(verdicts: Sequence[Verdict], labels: Sequence[float], threshold: float = 0.5) -> Measures:
    """A judge of single answers against labels in [0, 1]; from `threshold` on a label means yes.

    >>> measured = against_labels([Verdict(1.0), Verdict(0.0), Verdict(1.0)], [1, 0, 0])
    >>> measured["accuracy"], measured["precision"], measured["recall"], round(measured["kappa"], 2)
    (0.6666666666666666, 0.5, 1.0, 0.4)

    Of the rows that are scored: accuracy, precision, recall and κ with 95 % intervals (`…_interval`), base_rate (of
    labels that mean yes: an accuracy is to be read beside it). Where scores are more than 0 and 1: auc, brier, ece and
    `reliability`, per bin the mean score, the share of yes and the count.
    """
    pairs = [(v, label) for v, label in zip(verdicts, labels, strict=True) if v.score is not None]
    said = [bool(verdict.passed) for verdict, _ in pairs]
    true = [label >= threshold for _, label in pairs]
    hits = sum(a and b for a, b in zip(said, true, strict=True))
    measured: Measures = {"rows": len(verdicts), "abstained": len(verdicts) - len(pairs)}
    if not pairs:
        return measured
    measured["base_rate"] = fmean(true)
    for name, good, count in (
        ("accuracy", sum(a == b for a, b in zip(said, true, strict=True)), len(pairs)),
        ("precision", hits, sum(said)),
        ("recall", hits, sum(true)),
    ):
        measured[name] = good / count if count else None
        measured[f"{name}_interval"] = wilson(good, count)
    measured["kappa"] = cohens_kappa(said, true)
    measured["kappa_interval"] = bootstrap(list(zip(said, true, strict=True)), _kappa_of)
    scores = [float(verdict.score or 0.0) for verdict, _ in pairs]
    if len(set(scores)) > 2 and all(0 <= score <= 1 for score in scores):
        calibration = expected_calibration_error(scores, [float(label) for label in true], BINS)
        measured |= {"ece": calibration.ece, "brier": calibration.brier, "reliability": reliability(scores, true)}
    measured["auc"] = auc(scores, true)
    return measured


def _kappa_of(pairs: Sequence[tuple[bool, bool]]) -> float | None:
    return cohens_kappa([said for said, _ in pairs], [true for _, true in pairs])


def auc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """The chance that a yes scores more than a no, ties counted half; None where there is only one kind.

    >>> auc([0.1, 0.4, 0.35, 0.8], [False, False, True, True])
    0.75
    """
    yes, no = sum(labels), len(labels) - sum(labels)
    if not yes or not no:
        return None
    ranked = sorted(zip(scores, labels, strict=True))
    above, place = 0.0, 0
    below = 0
    while place < len(ranked):
        tied = place
        while tied < len(ranked) and ranked[tied][0] == ranked[place][0]:
            tied += 1
        good = sum(label for _, label in ranked[place:tied])
        above += good * (below + (tied - place - good) / 2)
        below += tied - place - good
        place = tied
    return above / (yes * no)


def reliability(scores: Sequence[float], labels: Sequence[bool]) -> list[tuple[float, float, int]]:
    """Per bin that is not empty: mean score, share of yes, how many."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for score, label in zip(scores, labels, strict=True):
        bins.setdefault(min(BINS - 1, int(score * BINS)), []).append((score, label))
    return [
        (fmean(score for score, _ in found), fmean(label for _, label in found), len(found))
        for _, found in sorted(bins.items())
    ]


def of_pairs(judge: PairwiseJudge, pairs: Sequence[Pair], labels: Sequence[float]) -> Measures:
    """A judge of two answers against labels: 1 the first is better, 0 the second, 0.5 neither.

    accuracy over pairs with a better answer, averaged over both orders; first_preferred: how often the answer that
    stands first wins, 0.5 without a bias for a place; orders_disagree: share of pairs whose winner changes with the
    order; cycles: share of triples of answers to one prompt, all compared, that go round in a circle.
    """
    one = judge.verdicts(pairs, swap_average=False)
    other = judge.verdicts([pair.swapped() for pair in pairs], swap_average=False)
    both = [
        (a.score, 1 - b.score, label, pair)
        for a, b, label, pair in zip(one, other, labels, pairs, strict=True)
        if a.score is not None and b.score is not None
    ]
    measured: Measures = {"rows": len(pairs), "abstained": len(pairs) - len(both)}
    if not both:
        return measured
    decided = [((a + b) / 2, label) for a, b, label, _ in both if label != 0.5]
    right = sum(order(p, 0.5) == order(label, 0.5) for p, label in decided)
    measured["accuracy"] = right / len(decided) if decided else None
    measured["accuracy_interval"] = wilson(right, len(decided))
    measured["kappa"] = cohens_kappa([p > 0.5 for p, _ in decided], [label > 0.5 for _, label in decided])
    measured["first_preferred"] = fmean((a + (1 - b)) / 2 for a, b, _, _ in both)
    measured["orders_disagree"] = fmean(order(a, 0.5) * order(b, 0.5) < 0 for a, b, _, _ in both)
    measured["cycles"] = cycles([(pair.prompt, pair.first, pair.second, (a + b) / 2) for a, b, _, pair in both])
    return measured


def cycles(compared: Iterable[tuple[Any, Any, Any, float]]) -> float | None:
    """Of triples of one prompt's answers that were all compared, the share a > b > c > a; None without a triple."""
    wins: dict[str, dict[tuple[str, str], bool]] = {}
    for prompt, first, second, p in compared:
        if order(p, 0.5):
            known = wins.setdefault(repr(prompt), {})
            known[repr(first), repr(second)] = p > 0.5
            known[repr(second), repr(first)] = p < 0.5
    whole = round_in_circles = 0
    for known in wins.values():
        names = sorted({name for pair in known for name in pair})[:40]
        for a, b, c in permutations(names, 3):
            if a < b < c and all(pair in known for pair in ((a, b), (b, c), (a, c))):
                whole += 1
                round_in_circles += known[a, b] == known[b, c] != known[a, c]
    return round_in_circles / whole if whole else None


def sliced(verdicts: Sequence[Verdict], labels: Sequence[float], slices: Sequence[Any]) -> dict[str, Measures]:
    """`against_labels` for every value of a column."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(slices):
        places.setdefault(str(value), []).append(place)
    return {
        name: against_labels([verdicts[place] for place in found], [labels[place] for place in found])
        for name, found in sorted(places.items())
    }


def save(path: Path, judge: str, measured: Mapping[str, Any]) -> None:
    """Put a judge's measures beside those of others; `judge` is `judges.trust.identity` of it."""
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    path.write_text(json.dumps({**known, judge: measured}, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
