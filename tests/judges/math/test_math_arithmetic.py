"""The three ways to evaluate: exactly, in a prime field, to sixty digits; and their limits."""

from __future__ import annotations

import cmath
import math
from decimal import Decimal
from fractions import Fraction

import pytest

from jurybox.judges.math.read.parse import parse_answer
from jurybox.judges.math.values import decimals
from jurybox.judges.math.values.effort import limited, spend
from jurybox.judges.math.values.evaluate import numeric
from jurybox.judges.math.values.expr import Expr, TooLarge, Undecidable, Undefined
from jurybox.judges.math.values.prime_field import PRIME, in_field
from jurybox.judges.math.values.rational import exact, exact_root
from jurybox.judges.math.values.sampling import agree


@pytest.mark.parametrize("text", ["9^{9^{9}}", "5000!", "2^{70000}", "1e999999999"])
def test_exact_arithmetic_refuses_before_it_computes(text: str) -> None:
    with pytest.raises(TooLarge):
        exact(parse_answer(text))


def test_exact_arithmetic_names_what_has_no_value() -> None:
    with pytest.raises(Undefined):
        exact(parse_answer(r"\frac{1}{1-1}"))
    with pytest.raises(Undefined):
        exact(parse_answer("0^0"))
    with pytest.raises(Undecidable):
        exact(parse_answer(r"\sqrt{2}"))
    assert exact_root(Fraction(-27, 8), 3) == Fraction(-3, 2)


def test_the_field_tells_neighbours_of_huge_numbers_apart() -> None:
    left, right = parse_answer("2^{100000}"), parse_answer("2^{100000}+1")
    assert (in_field(right, 0) - in_field(left, 0)) % PRIME == 1
    assert in_field(parse_answer("i^2"), 0) == PRIME - 1
    assert in_field(parse_answer(r"\sum_{k=1}^{10^6} k"), 0) == 500000500000


@pytest.mark.parametrize("name", ["exp", "ln", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "acosh"])
@pytest.mark.parametrize("z", [0.3 + 0j, 2.7 + 0j, 0.3 + 0.8j, -2.5 - 1.1j])
def test_complex_functions_agree_with_the_standard_library(name: str, z: complex) -> None:
    theirs = {"ln": "log"}.get(name, name)
    with decimals.digits(30):
        ours = decimals.FUNCTIONS[name](decimals.Complex(Decimal(z.real), Decimal(z.imag)))
    expected = getattr(cmath, theirs)(z)
    got = complex(float(ours.re), float(ours.im))
    assert cmath.isclose(got, expected, rel_tol=1e-13) or (z.imag == 0 and cmath.isclose(got, expected.conjugate()))


def test_gamma_and_zeta() -> None:
    with decimals.digits(50):
        assert abs(decimals.gamma(decimals.Complex(Decimal(6))).re - 120) < Decimal("1e-45")
        assert abs(decimals.gamma(decimals.Complex(Decimal("0.5"))).re ** 2 - decimals.pi()) < Decimal("1e-45")
        zeta = decimals.zeta(decimals.Complex(Decimal(2))).re
        assert abs(zeta - decimals.pi() ** 2 / 6) < Decimal("1e-45")
    with pytest.raises(TooLarge), decimals.digits(20):
        decimals.gamma(decimals.Complex(Decimal("1e50")))


@pytest.mark.parametrize(
    ("text", "value"),
    [(r"\int_0^1 x^2\,dx", 1 / 3), (r"\int_0^\pi \sin x\,dx", 2), (r"\int_0^1 \frac{1}{\sqrt{x}}\,dx", 2),
     (r"\prod_{k=1}^{5} k", 120), (r"\log_2 8", 3), (r"\sin 30^\circ", 0.5), ("x^2", 6.25)],
)  # fmt: skip
def test_values_at_a_point(text: str, value: float) -> None:
    with decimals.digits(40):
        got = numeric(parse_answer(text), {"x": decimals.Complex(Decimal("2.5"))})
    assert math.isclose(float(got.re), value, rel_tol=1e-14)
    assert not got.im


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (r"\sqrt{x^2}", "x", False), (r"\sqrt{x^2}", "|x|", True), (r"\sin(\pi)", "0", True), ("e^{-1000}", "0", False),
        (r"e^{\pi\sqrt{163}}", "262537412640768744", False), ("x^{2/3}", r"\sqrt[3]{x}^2", True),
        ("n!", "n(n-1)!", True), (r"\lceil n/2\rceil", r"\lfloor (n+1)/2\rfloor", True),
        (r"\cos(n\pi)", "(-1)^n", True),
        (r"\cos(x\pi)", "(-1)^x", False), ("9^{9^{9^9}}", "5", False),
        (r"\sqrt[3]{2+\sqrt5}+\sqrt[3]{2-\sqrt5}", "1", True),
        (r"\sum_{k=1}^{n} k", r"\frac{n(n+1)}{2}", True), ("f(x)", "f(y)", False),
        (r"\int_0^1 e^{e^{e^x}}\,dx", "5", False),
    ],
)  # fmt: skip
def test_agreement_at_random_points(left: str, right: str, equal: bool) -> None:
    assert agree(parse_answer(left), parse_answer(right)) is equal


def test_what_cannot_be_told_is_not_guessed() -> None:
    assert agree(parse_answer("10^{10^{10}}"), parse_answer("10^{10^{10}}+1")) is None
    with pytest.raises(TooLarge):
        agree(parse_answer("9^{9^{9^9}}"), parse_answer("9^{9^{9^{10}}}"))
    with pytest.raises(Undecidable):
        agree(parse_answer(r"\int x\,dx"), parse_answer("x"))


def test_work_is_counted() -> None:
    with limited(10):
        spend(9)
        with pytest.raises(Undecidable):
            spend(2)
    spend(1e9)  # no limit outside
    with limited(100), pytest.raises(Undecidable):
        numeric(Expr("add", (parse_answer(r"\sqrt{2}"),) * 1000), {})
