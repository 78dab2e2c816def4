"""Properties: spellings of one number agree, different numbers and polynomials do not, nothing ever raises."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jurybox.judges import MathJudge
from jurybox.judges.math import extract
from jurybox.judges.math.compare.decide import Reading, read
from jurybox.judges.math.read.normal import clean, normal_form
from jurybox.judges.math.read.parse import parse

judge = MathJudge(timeout=0.2)
fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=500)
integers = st.integers(-999_999_999, 999_999_999)
coefficients = st.lists(st.integers(-9, 9), min_size=1, max_size=5)


def says(answer: str, gold: str) -> bool | None:
    return judge.verdict(rf"It is $\boxed{{{answer}}}$.", solution=gold).passed


def spellings(value: Fraction) -> list[str]:
    top, bottom = value.numerator, value.denominator
    sign, size = ("-" if value < 0 else ""), abs(value)
    whole, rest = divmod(size.numerator, bottom)
    return [
        f"{top}/{bottom}",
        rf"\frac{{{top}}}{{{bottom}}}",
        rf"{sign}\dfrac{{{7 * size.numerator}}}{{{7 * bottom}}}",
        rf"{sign}{whole}\frac{{{rest}}}{{{bottom}}}" if whole and rest else rf"{top} \div {bottom}",
        rf"{top}\cdot {bottom}^{{-1}}",
        rf"{100 * top}/{bottom} \%",
        rf"x = \left(\frac{{{top}}}{{{bottom}}}\right)",
    ]


@given(fractions)
@settings(max_examples=60)
def test_every_spelling_of_a_fraction_is_equal(value: Fraction) -> None:
    for gold in spellings(value)[:4]:
        for answer in spellings(value):
            assert says(answer, gold), (answer, gold)


@given(fractions, fractions)
@settings(max_examples=60)
def test_different_fractions_are_refused(left: Fraction, right: Fraction) -> None:
    assume(left != right and left != 100 * right and right != 100 * left)
    for answer, gold in zip(spellings(left), spellings(right), strict=True):
        assert says(answer, gold) is False, (answer, gold)


@given(integers)
@settings(max_examples=60)
def test_thousands_separators(value: int) -> None:
    assert says(f"{value:,}", str(value))
    assert says(f"{value:,}".replace(",", "{,}"), str(value))
    assert says(f"{value:,}".replace(",", r"\,"), f"{value:,}")
    assert says(f"{value:,}".replace(",", "\u202f"), str(value))


def polynomial(numbers: list[int]) -> str:
    return "+".join(f"({number})x^{{{power}}}" for power, number in enumerate(numbers))


def horner(numbers: list[int]) -> str:
    text = "0"
    for number in reversed(numbers):
        text = f"({number}+x({text}))"
    return text


@given(coefficients)
@settings(max_examples=40)
def test_a_polynomial_equals_its_horner_form(numbers: list[int]) -> None:
    assert says(horner(numbers), polynomial(numbers))


@given(coefficients, coefficients)
@settings(max_examples=40)
def test_different_polynomials_are_refused(left: list[int], right: list[int]) -> None:
    size = max(len(left), len(right))
    assume(left + [0] * (size - len(left)) != right + [0] * (size - len(right)))
    assert says(horner(left), polynomial(right)) is False


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6), st.randoms())
@settings(max_examples=40)
def test_sets_have_no_order_and_lists_hedge(items: list[int], dice: object) -> None:
    assume(len(set(items)) > 1)
    shuffled = sorted(items, key=lambda item: hash((item, 3)))
    text = ",".join(map(str, shuffled))
    assert says(rf"\{{{text}\}}", rf"\{{{','.join(map(str, items))}\}}")
    assert says(", ".join(map(str, items)), str(items[0])) is False


@given(st.integers(2, 200), st.integers(2, 200))
@settings(max_examples=40)
def test_radicals(a: int, b: int) -> None:
    assert says(rf"\sqrt{{{a * a * b}}}", rf"{a}\sqrt{{{b}}}")
    assert says(rf"\sqrt{{{a * a * b + 1}}}", rf"{a}\sqrt{{{b}}}") is False


SYMBOLS = r"""
    \frac \sqrt \boxed \text \left( \right) { } ( ) [ ] | ^ _ ! % $ & \\ , ; = < > \le \in \cup \{ \} + - / \pm :
    1 2 9 0.5 x e i \pi \infty \sin \ln \int \sum \begin{pmatrix} \end{pmatrix} cm and or answer is #### <think>
"""
pieces = st.sampled_from(SYMBOLS.split())


@given(st.lists(pieces, max_size=25))
@settings(max_examples=300)
def test_no_mixture_of_symbols_raises_or_abstains(parts: list[str]) -> None:
    for text in ("".join(parts), r"\boxed{" + " ".join(parts) + "}"):
        assert judge.verdict(text, solution="5").passed is not None
        extract(text)


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_raises_or_abstains(text: str) -> None:
    assert judge.verdict(text, solution=r"\frac{1}{2}").passed is not None
    assert judge.verdict(rf"\boxed{{{text}}}", solution=r"x+\sqrt{2}").passed is not None


@given(st.text("0123456789", min_size=1, max_size=60))
def test_a_whole_number_is_read_the_short_way_as_it_is_the_long_way(digits: str) -> None:
    cleaned = clean(digits)
    assert read(digits) == Reading(cleaned, normal_form(cleaned), parse(cleaned))


@given(st.text(r"0aertxyz\\{}()[]^_,;. $", max_size=40))
def test_a_known_form_spares_the_tree_and_nothing_else(text: str) -> None:
    whole = read(text)
    known = read(text, (whole.form,))
    assert (known.cleaned, known.form) == (whole.cleaned, whole.form)
    assert known.expr is None or known == whole
