from __future__ import annotations

import copy
import json
import math
import pickle
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import Verdict
from jurybox.judges.verdict import LINE, json_safe, shorten

LOOP: list[object] = []
LOOP.append(LOOP)


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class TwoLines:
    def __repr__(self) -> str:
        return "one\ntwo"


evidence_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=20,
)
evidences = st.dictionaries(st.text(min_size=1), evidence_values, max_size=6)
scores = st.none() | st.floats(0, 1)


def test_prints_as_the_contract_says():
    assert repr(Verdict(1.0, reason="exact number", evidence={"answer": "3/7"})) == (
        "Verdict(1.0, 'exact number', answer='3/7')"
    )
    assert repr(Verdict(None, "timeout", "timeout")) == "Verdict(None, 'timeout', status='timeout')"


@pytest.mark.parametrize("change", [("score", 0.5), ("evidence", {}), ("passed", False)])
def test_is_frozen(change):
    with pytest.raises(FrozenInstanceError):
        setattr(Verdict(1.0), *change)


@pytest.mark.parametrize("score", [-0.1, 1.0000001, math.nan, math.inf, -math.inf, np.float32("nan")])
def test_a_score_outside_the_unit_interval_is_refused(score):
    with pytest.raises(ValueError, match=r"a score must be in \[0, 1\]"):
        Verdict(score)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="status must be one of scored, skipped, timeout, error, not 'exact'"):
        Verdict(1.0, "exact")  # a reason in the place of the status
    with pytest.raises(ValueError, match="abstains"):
        Verdict(None)


@pytest.mark.parametrize("score", [1, True, np.float32(1), np.int64(1), np.True_, np.array(1.0)])
def test_every_kind_of_number_becomes_a_float(score):
    verdict = Verdict(score)
    assert type(verdict.score) is float
    assert verdict == Verdict(1.0)


def test_passed_follows_the_score_unless_it_is_given():
    assert Verdict(1.0).passed is True
    assert Verdict(math.nextafter(1.0, 0.0)).passed is False
    assert Verdict(0.5, passed=True).passed is True
    assert Verdict(None, "error", passed=True).passed is None
    assert Verdict(None, "skipped").abstains
    assert not Verdict(0.0).abstains


def test_replace_keeps_passed_unless_the_score_changes():
    verdict = Verdict(0.5, passed=True)
    assert verdict.replace(reason="x").passed is True
    assert verdict.replace(score=0.4).passed is False
    assert verdict.replace(score=None, status="skipped").passed is None


@given(score=scores, reason=st.text(), evidence=evidences)
def test_is_one_line_json_and_a_pickle_whatever_it_holds(score, reason, evidence):
    verdict = Verdict(score, "scored" if score is not None else "skipped", reason, evidence)
    line = repr(verdict)
    assert len(line) <= LINE + 50  # a long first entry is cut, not dropped
    assert "\n" not in line
    plain = verdict.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    again = Verdict.from_dict(json.loads(json.dumps(plain)))
    assert (again.score, again.status, again.reason, again.passed) == (score, verdict.status, reason, verdict.passed)
    assert repr(pickle.loads(pickle.dumps(verdict))) == line
    assert repr(copy.deepcopy(verdict)) == line


@pytest.mark.parametrize(
    "value", [10**5000, LOOP, Rude(), TwoLines(), "x" * 10_000_000, "\ud800", b"\0", {1: {2}}], ids=list("abcdefgh")
)
def test_odd_evidence_neither_breaks_the_repr_nor_the_json(value):
    verdict = Verdict(1.0, reason="r", evidence={"value": value})
    assert "\n" not in repr(verdict)
    assert len(repr(verdict)) < LINE
    json.dumps(verdict.to_dict(), allow_nan=False)


def test_json_keeps_numbers_and_tells_infinities():
    assert json_safe({"a": (1, 2.5, math.inf), 3: None}) == {"a": [1, 2.5, "inf"], "3": None}


@given(st.text(max_size=500), st.integers(10, 60))
def test_shorten_fits_the_width(text, width):
    assert len(shorten(text, width)) <= width
