"""Formulas of temporal logic: three ways to write one, what a trace is worth, how long it must be."""

from __future__ import annotations

import json
import time
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges.trajectory.logic import (
    Always,
    Eventually,
    Not,
    Predicate,
    from_data,
    horizon,
    parse,
    robustness,
    satisfied,
    to_data,
)

from .formulas import FORMULAS, NUMBERS, TRACES, by_definition, holds

X = [1.0, -2.0, 3.0, 0.5, -1.0]
Y = [0.0, 1.0, 2.0, -1.0, 4.0]


@given(FORMULAS, TRACES, st.booleans())
def test_robustness_is_its_definition_at_every_sample(formula, signals, inclusive):
    form = "inclusive" if inclusive else "left_exclusive"
    expected = [by_definition(formula, signals, t, inclusive) for t in range(len(signals["x"]))]
    assert robustness(formula, signals, form=form) == expected


@given(FORMULAS, TRACES)
def test_its_sign_is_the_truth(formula, signals):
    value = robustness(formula, signals)[0]
    assert value == 0 or (value > 0) == holds(formula, signals, 0)


@given(FORMULAS)
def test_a_formula_is_read_as_it_is_written(formula):
    assert parse(str(formula)) == formula
    assert from_data(json.loads(json.dumps(to_data(formula)))) == formula


@given(FORMULAS, TRACES, NUMBERS)
def test_dualities(formula, signals, c):
    values = robustness(Not(Eventually(1, 3, formula)), signals)
    assert values == robustness(Always(1, 3, Not(formula)), signals)
    assert values == [-value for value in robustness(Eventually(1, 3, formula), signals)]
    moved = robustness(Eventually(1, 3, Predicate("x", ">", c + 2)), signals)
    assert moved == [value - 2 for value in robustness(Eventually(1, 3, Predicate("x", ">", c)), signals)]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("(not search) U plan", "!search U plan"),
        ("G(search implies F_[0,2] cite)", "G (search -> (F[0,2] cite))"),
        ("eventually[1:2] (x > 0)", "F[1,2] x"),
        ("not a and b or c -> d until[1,] e", "((!a & b) | c) -> (d U[1,] e)"),
        ("a -> b -> c", "a -> (b -> c)"),
        ("3 <= cost && 'send mail'", "(cost >= 3) & 'send mail'"),
        ("n == 2", "(n >= 2) & (n <= 2)"),
        ("n != 2", "(n > 2) | (n < 2)"),
        ('tool = "a\'b"', r"tool == 'a\'b'"),
        ("F[2,inf] args.city != 'Rome'", "F[2,] (args.city != 'Rome')"),
        ("F x & G y", "(F x) & (G y)"),
        ("'F' & false", "'F' & !true"),
        ("x-ray->y", "x-ray -> y"),
    ],
)
def test_what_people_write(text, same):
    assert str(parse(text)) == same


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("F[0,5]", "expected a name at ''"),
        ("F[5,2] x", "unlike [5, 2]"),
        ("x >", "expected a number"),
        ("(a & b", "expected a )"),
        ("a b", "expected an operator or the end at 'b'"),
        ("a & # b", "at '# b'"),
        ("x < 'w'", "must be one of ==, !=, not '<'"),
        ("", "expected a name"),
        ("!" * 200 + "a", "at most 100 deep"),
        ("(" * 200 + "a" + ")" * 200, "at most 100 deep"),
    ],
)
def test_what_is_no_formula_is_told_where(text, words):
    with pytest.raises(ValueError, match=r".*") as error:
        parse(text)
    assert words in str(error.value)


PRED = {"op": "pred", "var": "x", "cmp": ">", "c": 0}


@pytest.mark.parametrize(
    "data",
    [
        {"op": "X", "arg": PRED},
        {"op": "F", "a": 2, "b": 1, "arg": PRED},
        {"op": "F", "a": -1, "b": 1, "arg": PRED},
        {"op": "F", "a": 0, "b": 1.5, "arg": PRED},
        {"op": "G", "a": 0, "b": 1},
        {"op": "U", "a": 0, "b": 1, "args": [PRED]},
        {"op": "and", "args": []},
        {"op": "and", "args": PRED},
        {"op": "pred", "var": "x", "cmp": "~", "c": 0},
        {"op": "pred", "var": "x", "cmp": ">", "c": nan},
        {"op": "pred", "var": 3, "cmp": ">", "c": 0},
        "x > 0",
    ],
    ids=str,
)
def test_what_is_no_formula_as_json(data):
    with pytest.raises(ValueError, match=r"\w"):
        from_data(data)


@pytest.mark.parametrize(
    ("text", "whole", "needed"),
    [
        ("x", 0, 0),
        ("F[1,2] x & G[0,5] y", 5, 5),
        ("F[0,4] (x & F[1,3] y)", 7, 7),
        ("x U[1,3] y", 3, 3),
        ("(F[0,4] x) U[1,3] y", 6, 6),
        ("(F[0,4] x) U[0,0] y", 0, 0),
        ("G (x -> F[0,2] y)", inf, 2),
        ("F[3,] x", inf, 3),
    ],
)
def test_how_many_samples_a_formula_needs(text, whole, needed):
    formula = parse(text)
    assert horizon(formula) == whole
    assert horizon(formula, None) == needed
    for length in (needed, needed + 1):
        signals = {name: [1.0] * int(length) for name in "xy"}
        found = robustness(formula, signals, short_trace="error")
        assert (found is None) == (length == needed)


def test_what_cannot_be_said_of_a_trace():
    formula = parse("F x")
    assert robustness(formula, {"x": []}) is None
    assert robustness(formula, {"x": [1.0, nan]}) is None
    assert robustness(formula, {"x": [2.0]}) == [2.0]
    with pytest.raises(ValueError, match="speaks of 'x', but the signals are y"):
        robustness(formula, {"y": [1.0]})
    with pytest.raises(ValueError, match="of different lengths"):
        robustness(formula, {"x": [1.0], "y": [1.0, 2.0]})
    with pytest.raises(ValueError, match="not compared with a word"):
        robustness(parse("x == 'w'"), {"x": [1.0]})


def test_the_forms_of_until_and_the_undecided_zero():
    formula, signals = parse("x U[1,3] (y > 1)"), {"x": X, "y": Y}
    assert robustness(formula, signals)[0] == 0.0
    assert robustness(formula, signals, form="inclusive")[0] == -2.0
    assert satisfied(0.0)
    assert not satisfied(0.0, strict=True)


def test_windows_take_linear_time():
    """A window of half the trace costs no more than one of two samples."""
    count = 20_000
    signals = {"x": [float(t % 97) for t in range(count)], "y": [float(-t % 89) for t in range(count)]}
    spent = []
    for width in (2, count // 2):
        start = time.process_time()
        robustness(parse(f"G[0,{width}] x & F[1,{width}] y & (x U[1,{width}] y)"), signals)
        spent.append(time.process_time() - start)
    assert spent[1] < 5 * spent[0] + 0.1
