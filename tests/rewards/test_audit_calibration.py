"""Measures of a judge against labels, and a judge that is believed as far as they go."""

from __future__ import annotations

import logging
import random
from pathlib import Path

import pytest
from sklearn.metrics import brier_score_loss, cohen_kappa_score, precision_score, recall_score, roc_auc_score

from jurybox.judges import MathJudge, Verdict
from jurybox.judges.pairwise import Pair, PairwiseFunction
from jurybox.judges.trust import NotCalibrated, identity
from jurybox.rewards.audit.agreement import order
from jurybox.rewards.audit.calibration import against_labels, auc, cycles, of_pairs, save, sliced
from jurybox.rewards.audit.intervals import wilson


@pytest.mark.parametrize("seed", range(5))
def test_it_equals_scikit_learn(seed: int) -> None:
    rng = random.Random(seed)
    labels = [float(rng.random() < 0.3) for _ in range(200)]
    scores = [min(1.0, max(0.0, round(label * 0.4 + rng.random() * 0.7, 1))) for label in labels]
    measured = against_labels([Verdict(score) for score in scores], labels)
    said = [score >= 1.0 for score in scores]
    assert measured["kappa"] == pytest.approx(cohen_kappa_score(said, labels))
    assert measured["precision"] == pytest.approx(precision_score(labels, said, zero_division=0))
    assert measured["recall"] == pytest.approx(recall_score(labels, said))
    assert measured["brier"] == pytest.approx(brier_score_loss(labels, scores))
    assert measured["auc"] == pytest.approx(roc_auc_score(labels, scores))
    assert sum(count for _, _, count in measured["reliability"]) == 200
    low, high = measured["kappa_interval"]
    assert low < measured["kappa"] < high


def test_one_kind_of_label_leaves_undefined_what_is_undefined() -> None:
    measured = against_labels([Verdict(1.0), Verdict(1.0), Verdict(None, "skipped")], [1, 1, 1])
    assert (measured["accuracy"], measured["kappa"], measured["auc"], measured["abstained"]) == (1.0, None, None, 1)
    assert against_labels([Verdict(None, "skipped")], [1]) == {"rows": 1, "abstained": 1}
    assert auc([], []) is None
    assert wilson(0, 0) == (0.0, 1.0)


def test_slices_are_measured_apart() -> None:
    found = sliced([Verdict(1.0), Verdict(0.0), Verdict(1.0)], [1, 1, 1], ["a", "b", "a"])
    assert {name: measured["accuracy"] for name, measured in found.items()} == {"a": 1.0, "b": 0.0}


def pairs(count: int) -> list[Pair]:
    return [Pair(f"{n}?", "x" * (n % 7 + 1), "x" * ((3 * n) % 5 + 1), {}) for n in range(count)]


def test_a_judge_that_looks_at_the_place_is_found_out() -> None:
    labels = [0.5 * (order(len(pair.first), len(pair.second)) + 1) for pair in pairs(40)]
    longer = PairwiseFunction(lambda prompt, first, second: 0.5 * (order(len(first), len(second)) + 1))
    place = PairwiseFunction(lambda prompt, first, second: 0.9)
    fair, biased = of_pairs(longer, pairs(40), labels), of_pairs(place, pairs(40), labels)
    assert fair["accuracy"] == 1
    assert (biased["first_preferred"], biased["orders_disagree"]) == (pytest.approx(0.9), 1.0)
    assert fair["first_preferred"] < 0.6


def test_preferences_that_go_round_in_circles_are_counted() -> None:
    circle = [("q", "a", "b", 1.0), ("q", "b", "c", 1.0), ("q", "c", "a", 1.0)]
    line = [("p", "a", "b", 1.0), ("p", "b", "c", 0.9), ("p", "a", "c", 0.8)]
    assert cycles(circle) == 1.0
    assert cycles(line) == 0.0
    assert cycles([*circle, *line]) == 0.5
    assert cycles([("q", "a", "b", 0.5)]) is None


def test_a_judge_is_believed_as_far_as_it_was_right(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = str(tmp_path / "calibration.json")
    judge = MathJudge("answer")
    with pytest.raises(NotCalibrated, match="jurybox calibrate"):
        judge.trusted(path)
    save(Path(path), identity(judge), {"kappa": 0.5})
    with pytest.raises(NotCalibrated, match="MathJudge"):
        MathJudge("other").trusted(path)
    assert judge.trusted(path, min_kappa=0.4).verdict("2", answer="2").passed
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        assert judge.trusted(path, min_kappa=0.6).verdict("2", answer="2").passed
    assert "κ 0.500" in caplog.text
    silent = judge.trusted(path, min_kappa=0.6, below="abstain").verdict("2", answer="2")
    assert (silent.score, silent.reason) == (None, "not trusted")
    with pytest.raises(ValueError, match="below"):
        judge.trusted(path, below="raise")


def test_measures_of_several_judges_live_in_one_file(tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    for judge, kappa in ((MathJudge(), 0.9), (MathJudge("answer"), None)):
        save(path, identity(judge), {"kappa": kappa})
    assert MathJudge().trusted(str(path)).kappa == 0.9  # type: ignore[attr-defined]
    assert MathJudge("answer").trusted(str(path)).kappa == 0.0  # type: ignore[attr-defined]
