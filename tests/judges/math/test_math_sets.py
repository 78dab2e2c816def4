"""Sets of real numbers: normal form, operations, inequalities."""

from __future__ import annotations

import pytest

from jurybox.judges.math.read.parse import parse_answer
from jurybox.judges.math.values.sets import complement, intersect, real_set


def shown(text: str) -> str:
    pieces = real_set(parse_answer(text))
    assert pieces is not None
    return " ".join(
        f"{'[' if low.closed else '('}{low.at:.6g},{high.at:.6g}{']' if high.closed else ')'}" for low, high in pieces
    ).replace("Infinity", "oo")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[0,1)", "[0,1)"),
        (r"(1,2)\cup(2,3)", "(1,2) (2,3)"),
        (r"[2,3]\cup[1,2]", "[1,3]"),
        (r"(1,2)\cup\{2\}\cup(2,3)", "(1,3)"),
        (r"[1,4]\cap[2,6]", "[2,4]"),
        (r"\mathbb{R}\setminus\{2\}", "(-oo,2) (2,oo)"),
        ("-3 < x \\le 5", "(-3,5]"),
        (r"x\neq 2", "(-oo,2) (2,oo)"),
        ("|x| > 1", "(-oo,-1) (1,oo)"),
        (r"1\le |z| \le 2", "[-2,-1] [1,2]"),
        ("2x+1 < 5", "(-oo,2)"),
        ("-2x < 4", "(-2,oo)"),
        ("x<0 \\text{ or } x>1", "(-oo,0) (1,oo)"),
        ("x>0 \\text{ and } x<1", "(0,1)"),
        ("x>0, x \\ne 1", "(0,1) (1,oo)"),
        (r"\{x : x>2\}", "(2,oo)"),
        (r"\{x\in\mathbb{R} \mid 0<x<1\}", "(0,1)"),
    ],
)
def test_normal_forms(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize("text", ["(2,1)", "x<y", "x^2<4", "5", r"(i,2)", r"k\in\mathbb{Z}"])
def test_what_is_no_set_of_reals(text: str) -> None:
    assert real_set(parse_answer(text)) is None


def test_complement_twice_and_intersection_with_itself_change_nothing() -> None:
    for text in ("[0,1)", r"(1,2)\cup\{5\}", r"(-\infty,3]"):
        pieces = real_set(parse_answer(text))
        assert pieces is not None
        ends = [(low.at, low.closed, high.at, high.closed) for low, high in pieces]
        for same in (complement(complement(pieces)), intersect(pieces, pieces)):
            assert [(low.at, low.closed, high.at, high.closed) for low, high in same] == ends
