from __future__ import annotations

import pytest

from jurybox.judges.length import LengthJudge, TooLong


def score(judge, length):
    return judge.verdict("x" * length).score


def test_limit():
    judge = LengthJudge(10, unit="characters")
    assert [score(judge, n) for n in (0, 10, 11)] == [1.0, 1.0, 0.0]


def test_soft_overlong_ramp():
    judge = LengthJudge(100, buffer=40, unit="characters")
    assert [score(judge, n) for n in (60, 70, 80, 100, 101)] == [1.0, 0.75, 0.5, 0.0, 0.0]
    assert judge.verdict("x" * 70).reason == "overlong"


def test_cosine():
    judge = LengthJudge(100, cosine=True, unit="characters")
    assert score(judge, 0) == 1.0
    assert score(judge, 50) == pytest.approx(0.5)
    assert score(judge, 100) == pytest.approx(0.0)
    assert score(judge, 25) == pytest.approx(0.853553, abs=1e-6)


def test_target():
    judge = LengthJudge(target=100, tolerance=50, unit="characters")
    assert [score(judge, n) for n in (100, 75, 125, 50, 200)] == [1.0, 0.5, 0.5, 0.0, 0.0]


def test_too_long_is_the_complement():
    judge = TooLong(100, buffer=40, unit="characters")
    assert [score(judge, n) for n in (60, 70, 101)] == [0.0, 0.25, 1.0]


def test_units():
    assert LengthJudge(2, unit="words").verdict("a b c").evidence["length"] == 3
    assert LengthJudge(2).verdict("a b c", completion_ids=[1, 2]).evidence == {"length": 2, "unit": "tokens"}
    assert LengthJudge(2).verdict("a b c").evidence["unit"] == "words"
    with pytest.raises(KeyError, match="completion_ids"):
        LengthJudge(2, unit="tokens").verdict("a b c")
    assert LengthJudge(2, unit="tokens")(completions=["a", "b"], completion_ids=[[1], [1, 2, 3]]) == [1.0, 0.0]


def test_any_text_gets_a_verdict():
    for text in ("", "\x00", "\ud800", "a " * 500_000, None):
        assert LengthJudge(5).verdict([{"role": "assistant", "content": text}]).status == "scored"


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"maximum": 5, "target": 5},
        {"maximum": 0},
        {"maximum": 5, "buffer": 6},
        {"maximum": 5, "buffer": 1, "cosine": True},
        {"target": 5, "buffer": 1},
        {"maximum": 5, "tolerance": 1},
        {"maximum": 5, "unit": "bytes"},
    ],
)
def test_bad_options_raise(options):
    with pytest.raises(ValueError, match=r"\w"):
        LengthJudge(**options)
