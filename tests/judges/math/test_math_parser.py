"""Cleaning and parsing: what spellings share, and what the grammar refuses."""

from __future__ import annotations

from fractions import Fraction

import pytest

from jurybox.judges.math.read.normal import clean, normal_form
from jurybox.judges.math.read.parse import drop_redundant_brackets, parse_answer
from jurybox.judges.math.read.tokens import ParseError
from jurybox.judges.math.read.units import Unit, label, lookup
from jurybox.judges.math.values.expr import Expr, has
from jurybox.judges.math.values.rational import exact


@pytest.mark.parametrize(
    ("spellings", "form"),
    [
        ((r"\dfrac{1}{2}", r"\tfrac{1}{2}", r" \displaystyle\frac{1}{2} ", "½", r"$\frac{1}{2}$."), r"\frac12"),
        (("−5", "$-5$", "–5", "\u200b-5\ufeff", "－５"), "-5"),
        ((r"x^{2}", "x²", "x ^ 2"), "x^2"),
        ((r"\left( 1,\; 2 \right)", "(1,2)"), "(1,2)"),
        ((r"\text{Yes}", r"\mathrm{Yes}", " Yes."), "Yes"),
        ((r"1{,}000", r"1\,000", "1 000", "1\u202f000"), "1000"),
    ],
)
def test_spellings_share_a_normal_form(spellings: tuple[str, ...], form: str) -> None:
    assert {normal_form(clean(text)) for text in spellings} == {form}


def test_a_mixed_number_is_not_glued_together() -> None:
    assert normal_form(clean("1 1/2")) != normal_form(clean("11/2"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", Fraction(2469, 2)),
        ("1 1/2", Fraction(3, 2)),
        (r"-2\frac{1}{3}", Fraction(-7, 3)),
        (r"\frac34", Fraction(3, 4)),
        (r"0.1\overline{6}", Fraction(1, 6)),
        ("0.(3)", Fraction(1, 3)),
        ("101_2", Fraction(5)),
        ("FF_{16}", Fraction(255)),
        (r"12.5\%", Fraction(1, 8)),
        ("1.5e3", Fraction(1500)),
        ("2^3^2", Fraction(512)),
        ("-2^2", Fraction(-4)),
        ("2(3)(4)", Fraction(24)),
        (r"{5 \over 2}", Fraction(5, 2)),
        (r"\binom{5}{2}", Fraction(10)),
        (r"\lfloor -1.5 \rfloor", Fraction(-2)),
        ("5!!", Fraction(15)),
        (r"\sqrt[3]{-8}", Fraction(-2)),
        ("|-5|", Fraction(5)),
        (r"\gcd(12, 18)", Fraction(6)),
        (r"5! \cdot 2", Fraction(240)),
    ],
)
def test_numbers(text: str, value: Fraction) -> None:
    assert exact(parse_answer(text)) == value


@pytest.mark.parametrize(
    ("text", "op"),
    [
        ("(1,2)", "tuple"), ("[1,2)", "tuple"), ("]1,2[", "tuple"), (r"\{1,2\}", "set"), ("1,2", "list"),
        (r"1 \text{ or } 2", "list"), ("x=1", "relation"), ("1<x<2", "relation"), ("3:4", "ratio"),
        (r"\begin{pmatrix}1&2\\3&4\end{pmatrix}", "matrix"), (r"\{x : x>2\}", "builder"), (r"\pm 3", "pm"),
        (r"5\text{ cm}", "quantity"), ("5 cm", "quantity"), (r"\text{Monday}", "text"), ("f(x)", "apply"),
        ("x(x+1)", "mul"), (r"7\pmod{12}", "congruence"), (r"\int_0^1 x\,dx", "integral"), ("no solution", "set"),
        (r"\begin{cases}x=1\\y=2\end{cases}", "list"), ("__import__('os')", "text"),
    ],
)  # fmt: skip
def test_kinds_of_answers(text: str, op: str) -> None:
    assert parse_answer(text).op == op


@pytest.mark.parametrize("text", ["", "5 5", r"\frac{1}", "(1,2", r"\unknown{5}", "5+", "1.2.3", "9" * 3500])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        parse_answer(text)


def test_the_letter_i_is_an_index_inside_its_sum() -> None:
    assert has(parse_answer("i"), "constant")
    assert not has(parse_answer(r"\sum_{i=1}^{3} i").args[0], "constant")


def test_depth_is_limited_but_redundant_brackets_cost_none() -> None:
    assert parse_answer("(" * 500 + "5" + ")" * 500) == parse_answer("5")
    with pytest.raises(ParseError, match="too deep"):
        parse_answer(r"\frac{1}{1+" * 200 + "1" + "}" * 200)
    assert drop_redundant_brackets("((1)+((2)))") == "((1)+(2))"


def test_long_products_are_flat() -> None:
    product = parse_answer(r"\cdot ".join(["2"] * 400))
    assert len(product.args) == 400
    assert exact(product) == 2**400


def test_units_multiply_and_convert() -> None:
    kilometre, hour = lookup("kilometers"), lookup("h")
    assert isinstance(kilometre, Unit)
    assert isinstance(hour, Unit)
    assert kilometre * hour**-1 == lookup("kph")
    assert lookup("apples") is None
    assert label("apples") == label("apple") != label("pears")
    assert parse_answer(r"3\text{ square meters}") == Expr("quantity", (parse_answer("3"),), Unit((("length", 2),)))
