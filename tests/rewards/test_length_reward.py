"""HAPO's terms of one response, against the formulas written out in another way."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.rewards import length_reward, repetition_penalty

lengths = st.integers(0, 3000)
histories = st.integers(1, 1000)


def plain(n, h, right, c):
    """The cosine form, case by case."""
    f = -1.0 if n >= 2 * h else math.sin(math.pi / 2 * (1 - n / h))
    if right:
        return f if f > c else c
    return f if n > h else 0.0


def plain_linear(n, h, right, c, tolerance):
    over = (n - h) / h - tolerance
    if right and n < h:
        return (h - n) / h
    if over < 0 or (not right and n < h):
        return 0.0
    return -min(over, -c if right else 1.0)


@given(lengths, histories, st.booleans(), st.floats(-1, 0), st.floats(0, 3))
def test_the_cosine_form(n, h, right, c, w):
    assert length_reward(n, h, right, w=w, c=c) == pytest.approx(w * plain(n, h, right, c), abs=1e-9)


@given(lengths, histories, st.booleans(), st.floats(-1, 0), st.floats(0, 1))
def test_the_linear_form(n, h, right, c, tolerance):
    got = length_reward(n, h, right, "linear", c=c, tolerance=tolerance)
    assert got == pytest.approx(plain_linear(n, h, right, c, tolerance), abs=1e-9)


@given(lengths, lengths, histories, histories, st.sampled_from(["cosine", "linear"]))
def test_right_always_beats_wrong(n, m, h, g, kind):
    """At w = 1, c = -0.7: the worst right answer earns 0.3, the best wrong one 0."""
    right, wrong = 1 + length_reward(n, h, True, kind), length_reward(m, g, False, kind)
    assert 0.3 - 1e-12 <= right <= 2
    assert -1 <= wrong <= 0


@given(lengths, lengths, histories, st.booleans(), st.sampled_from(["cosine", "linear"]))
def test_longer_never_earns_more(n, m, h, right, kind):
    short, long = sorted([n, m])
    assert length_reward(short, h, right, kind) >= length_reward(long, h, right, kind)


@pytest.mark.parametrize("h", [None, 0, -3])
def test_without_a_history_there_is_nothing(h):
    assert length_reward(10, h, True) == length_reward(10, h, False, "linear") == 0.0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"w": -0.1}, "w must be 0"),
        ({"w": math.nan}, "w is a finite number"),
        ({"c": 0.1}, "must be in"),
        ({"c": -1.1}, "must be in"),
        ({"tolerance": -0.1}, "tolerance must be 0"),
        ({"kind": "square"}, "'cosine' or 'linear', not 'square'"),
        ({"n": -1}, "0 or more, not -1"),
        ({"n": math.nan}, "0 or more, not nan"),
    ],
    ids=str,
)
def test_what_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        length_reward(**{"n": 1, "h": 1, "right": True, **settings})


def marked(tokens, size):
    """The share of tokens inside an n-gram that occurred at an earlier start, by definition."""
    starts = range(len(tokens) - size + 1)
    repeated = [s for s in starts if any(tokens[s : s + size] == tokens[e : e + size] for e in range(s))]
    return len({place for s in repeated for place in range(s, s + size)}) / len(tokens) if tokens else 0.0


@given(st.lists(st.integers(0, 2), max_size=20), st.integers(1, 4))
def test_repetition_by_its_definition(tokens, size):
    assert repetition_penalty(tokens, size, -0.5) == pytest.approx(-0.5 * marked(tokens, size))


def test_repetition_can_be_off_and_is_never_a_bonus():
    assert repetition_penalty("aaaaaaaa", 3, 0.0) == 0.0
    with pytest.raises(ValueError, match=r"0 \(none\) or negative, not 0.1"):
        repetition_penalty("aaa", 3, 0.1)
    with pytest.raises(ValueError, match="ngram_size must be at least 1"):
        repetition_penalty("aaa", 0)
