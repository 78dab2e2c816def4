from __future__ import annotations

import math

import numpy as np
import pytest

from jurybox.rewards import Product, Sum
from tests.rewards.strategies import a, b, c, d


def say(reward, **said):
    return reward.verdict("text", said=said)


def test_the_contracts_example():
    reward = a + 0.2 * b - 0.1 * c
    assert isinstance(reward, Sum)
    assert repr(reward) == "a + 0.2 * b - 0.1 * c"
    assert reward.bounds == (-0.1, 1.2)
    assert say(reward, a=1, b=1, c=1).score == pytest.approx(1.1)
    assert say(reward, a=1, b=None, c=0).score == pytest.approx(1.2)  # a carries b's weight too
    assert say(reward, a=1, b=0, c=None).score is None  # a penalty does not vanish
    assert say(reward, a=None, b=None, c=1).score == pytest.approx(-0.1)
    assert say(reward, a=1, b=None, c=0).reason == "2 of 3 parts voted"


def test_passed_means_every_bonus_that_voted():
    reward = a + b - c
    assert say(reward, a=1, b=1, c=1).passed is True
    assert say(reward, a=1, b=0.5, c=0).passed is False
    assert say(reward, a=1, b=None, c=0).passed is True
    assert say(a + d, a=1, d=0.5).passed is True  # d passes from 0.5
    assert say(-c, c=0).passed is True
    assert say(-c, c=0.5).passed is False


def test_bounds_know_that_a_part_may_carry_the_others_weight():
    assert (a + b.scale(0, 3)).bounds == (0.0, 6.0)
    assert say(a + b.scale(0, 3), a=None, b=1).score == 6.0
    with pytest.raises(ValueError, match=r"~ joins scores in \[0, 1\]"):
        ~(a.scale(0, 0.2) + b.scale(0, 0.8))
    assert (0.5 * a + 0.5 * b & c).bounds == (0.0, 1.0)


def test_weights_that_sum_to_one_only_nearly_may_be_joined():
    ninths = sum(1 / 9 * part for part in (a, b, c, a, b, c, a, b, c))
    assert ninths.bounds[1] > 1.0
    assert say(ninths & d, a=1, b=1, c=1, d=1).passed


def test_a_product_is_zero_when_a_factor_is():
    reward = a * b
    assert isinstance(reward, Product)
    assert say(reward, a=0.5, b=0.5).score == 0.25
    assert say(reward, a=0, b=None).score == 0.0
    assert say(reward, a=0, b=None).reason == "a is 0"
    assert say(reward, a=0.5, b=None).score is None
    assert say(reward, a=0.5, b=None).reason == "b abstains"


def test_numbers_of_other_libraries_are_numbers():
    for two in (2, 2.0, np.float32(2), np.int64(2), np.float64(2)):
        assert two * a == a * two == 2 * a
        assert a + two == a + 2


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: a * math.nan, ValueError, "a weight is a finite number, not nan"),
        (lambda: a + math.inf, ValueError, "a constant in a reward is a finite number, not inf"),
        (lambda: a * True, ValueError, "a weight is a finite number, not True"),
        (lambda: a / 0, TypeError, "a reward is divided by a number other than 0"),
        (lambda: a / b, TypeError, "a reward is divided by a number other than 0"),
        (lambda: a + "b", TypeError, "a reward is made of judges, rewards and numbers, not str"),
        (lambda: a + (lambda completions: 1), TypeError, "decorate it with @judge"),
        (lambda: (a + b) & c, ValueError, r"a \+ b ranges over \[0, 2\]: clip it with .clip\(0, 1\) first"),
        (lambda: ~(-a), ValueError, r"~ joins scores in \[0, 1\]"),
        (lambda: a.named(""), ValueError, "a name is a non-empty string, not ''"),
        (lambda: (a + b).named(3), ValueError, "a name is a non-empty string, not 3"),
    ],
)
def test_mistakes_raise_when_written(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "text",
    [
        "a + 0.2 * b - 0.1 * c",
        "-a + 2",
        "2 - a",
        "0.5 * (a * b)",
        "0.5 * a * b",
        "a * (0.5 * b)",
        "-(a * b)",
        "c - a * b",
        "(a + b) * c",
        "a & b | c",
        "a & (b | c)",
        "~a & ~~b",
        "a & 0.5 * b + 0.5 * c",
        "(a + b).named('both') + c",
        "(a - b).clip(-1, 1).scale(0.0, 2).gate(c, ~a, otherwise=-1.0)",
        "(-a).clip(-1, 0)",
        "a.named('x') + 0.5 * b.named('y')",
    ],
)
def test_prints_as_written(text):
    reward = eval(text, {"a": a, "b": b, "c": c})
    expected = {"2 - a": "2 - a", "-a + 2": "2 - a"}.get(text, text)
    assert repr(reward) == expected


def test_no_score_is_a_negative_zero():
    assert math.copysign(1.0, say(-a, a=0.0).score) == 1.0
    assert math.copysign(1.0, say(1.0 - a - 1.0, a=0.0).score) == 1.0
