"""A pocket calculator: an expression to the number it is, exactly where that is possible, and never for long."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from .read.parse import parse_answer
from .values.decimals import digits
from .values.effort import limited
from .values.evaluate import numeric
from .values.expr import Expr, Undecidable
from .values.rational import exact

SHOWN = 12  # significant digits of what is rounded
WHOLE = 50  # digits of an integer that is written out


def calculate(text: str) -> str:
    """The value of an arithmetic expression, as a calculator shows it.

    >>> calculate("3*(4+5)"), calculate("1/3"), calculate("2^10 - 1"), calculate("sqrt(2)")
    ('27', '0.333333333333', '1023', '1.41421356237')

    It reads what `MathJudge` reads: LaTeX, `**` and `^`, percentages, elementary functions, no names. The work is
    bounded by a count of steps, which is the same on every machine.

    Raises:
        ValueError: the text is no formula.
        ArithmeticError: it has no value, no single real one, or none within the bounds.
    """
    expr = parse_answer(text.strip().rstrip("=").strip())
    with limited():
        try:
            return _fraction_shown(exact(expr))
        except Undecidable:
            return _shown(_real(expr))


def _real(expr: Expr) -> Decimal:
    with digits(2 * SHOWN):
        value = numeric(expr, {})
        if abs(value.im) > abs(value.re) * Decimal(10) ** -SHOWN:
            raise Undecidable("the value is not real")
        return +value.re


def _fraction_shown(value: Fraction) -> str:
    if value.denominator == 1 and abs(value.numerator) < 10**WHOLE:
        return str(value.numerator)
    with digits(2 * SHOWN):
        return _shown(Decimal(value.numerator) / Decimal(value.denominator))


def _shown(value: Decimal) -> str:
    rounded = f"{value:.{SHOWN}g}"
    mantissa, _, exponent = rounded.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{exponent}" if exponent else mantissa
