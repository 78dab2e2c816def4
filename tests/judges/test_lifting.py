from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from jurybox.judges import Verdict
from jurybox.judges.lifting import lift


@pytest.mark.parametrize(
    ("value", "score"),
    [
        (True, 1.0),
        (False, 0.0),
        (0.25, 0.25),
        (1, 1.0),
        (np.float32(0.25), 0.25),
        (np.True_, 1.0),
        (np.int64(0), 0.0),
        (np.array(0.25), 0.25),
        (Fraction(1, 4), 0.25),
        (Decimal("0.25"), 0.25),
        (None, None),
    ],
)
def test_what_a_function_may_return(value, score):
    assert lift(value, "j", 0).score == score


def test_tensor_scalars_are_numbers():
    torch = pytest.importorskip("torch")
    assert lift(torch.tensor(0.25), "j", 0).score == 0.25
    assert lift(torch.tensor([True]), "j", 0).score == 1.0
    with pytest.raises(TypeError, match="judge j returned Tensor for row 4"):
        lift(torch.tensor([0.25, 0.5]), "j", 4)


def test_a_pair_brings_evidence():
    verdict = lift((0.5, {"words": 3}), "j", 0)
    assert (verdict.score, verdict.evidence) == (0.5, {"words": 3})
    assert lift((None, {"why": "closed"}), "j", 0) == Verdict(None, "skipped", "abstained", {"why": "closed"})


def test_a_verdict_is_itself():
    verdict = Verdict(0.5, reason="mine", passed=True)
    assert lift(verdict, "j", 0) is verdict


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan"), np.float64("inf")])
def test_nan_and_infinity_abstain_with_the_judges_name(value):
    verdict = lift(value, "j", 0)
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "not a finite number")
    assert verdict.evidence["judge"] == "j"


@pytest.mark.parametrize("value", ["1.0", b"1", [1.0], {"score": 1}, (1.0,), (1.0, 2.0), object(), 1j])
def test_other_types_name_judge_and_row(value):
    with pytest.raises(TypeError, match=f"judge j returned {type(value).__name__} for row 7; it may return a bool"):
        lift(value, "j", 7)


@pytest.mark.parametrize("value", [2, -0.5, 1.001])
def test_a_number_outside_the_interval_names_judge_and_row(value, caplog):
    verdict = lift(value, "j", 7)
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", "outside [0, 1]")
    assert (verdict.evidence["judge"], verdict.evidence["returned"]) == ("j", repr(float(value)))
    assert "judge j" in caplog.text
    assert "row 7" in caplog.text
