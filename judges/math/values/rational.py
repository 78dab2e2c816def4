"""Exact rational arithmetic with a budget: what would need too many bits raises before it is computed."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from .effort import spend
from .expr import Expr, TooLarge, Undecidable, Undefined

MAX_BITS = 1 << 16  # of a numerator or denominator: 19 000 digits, a millisecond to reduce
MAX_FACTORIAL = 3000
MAX_TERMS = 2000  # of a sum or product that is written out


def exact(expr: Expr) -> Fraction:
    """The rational value of an expression.

    Raises:
        Undecidable: it has none that is rational by its form (variables, pi, roots that do not come out).
        TooLarge: it has one of more than `MAX_BITS` bits.
        Undefined: it divides by zero.
    """
    rule = _RULES.get(expr.op)
    if rule is None:
        raise Undecidable(expr.op)
    spend(0.1)
    return rule(expr)


def exact_integer(expr: Expr) -> int:
    """The integer an expression is, for indices and exponents."""
    value = exact(expr)
    if value.denominator != 1:
        raise Undecidable("not an integer")
    return value.numerator


def _small(value: Fraction) -> Fraction:
    bits = max(value.numerator.bit_length(), value.denominator.bit_length())
    if bits > MAX_BITS:
        raise TooLarge("too many digits")
    if bits > 1024:
        spend(bits / 500)
    return value


def _add(expr: Expr) -> Fraction:
    total = Fraction(0)
    for arg in expr.args:
        total = _small(total + exact(arg))
    return total


def _mul(expr: Expr) -> Fraction:
    product = Fraction(1)
    for arg in expr.args:
        product = _small(product * exact(arg))
    return product


def _div(expr: Expr) -> Fraction:
    top, bottom = (exact(arg) for arg in expr.args)
    if not bottom:
        raise Undefined("division by zero")
    return _small(top / bottom)


def _pow(expr: Expr) -> Fraction:
    base, exponent = exact(expr.args[0]), exact(expr.args[1])
    return rational_power(base, exponent)


def rational_power(base: Fraction, exponent: Fraction) -> Fraction:
    """`base ** exponent` when it is rational: integer exponents, and roots that come out."""
    if exponent.denominator != 1:
        if exponent.denominator > 64:
            raise Undecidable("a high root")
        base, exponent = exact_root(base, exponent.denominator), Fraction(exponent.numerator)
    power = exponent.numerator
    if not base:
        if power <= 0:
            raise Undefined("zero to a power that is not positive") if power else Undefined("0^0")
        return base
    if abs(base) == 1:
        return base if power % 2 else Fraction(1)
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(power) > MAX_BITS or bits * abs(power) > MAX_BITS:
        raise TooLarge("power with too many digits")
    spend(bits * abs(power) / 2000)
    return base**power


def exact_root(value: Fraction, index: int) -> Fraction:
    """The real root of a rational when it is rational; odd roots of negatives are negative."""
    if value < 0 and index % 2 == 0:
        raise Undecidable("even root of a negative number")
    root = Fraction(_integer_root(abs(value.numerator), index), _integer_root(value.denominator, index))
    return -root if value < 0 else root


def _integer_root(value: int, index: int) -> int:
    if value.bit_length() > 4096:
        raise Undecidable("root of a long number")
    if index == 2:
        root = math.isqrt(value)
    else:
        low, high = 0, 1 << (value.bit_length() // index + 1)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if middle**index <= value else (low, middle - 1)
        root = low
    if root**index != value:
        raise Undecidable("an irrational root")
    return root


def _factorial(expr: Expr, step: int = 1) -> Fraction:
    n = exact_integer(expr.args[0])
    if n < 0:
        raise Undefined("factorial of a negative integer")
    if n > MAX_FACTORIAL:
        raise TooLarge("factorial with too many digits")
    spend(n / 50)
    return Fraction(math.factorial(n) if step == 1 else math.prod(range(n, 0, -2)))


def _binomial(expr: Expr) -> Fraction:
    n, k = (exact_integer(arg) for arg in expr.args)
    if n < 0 or n > MAX_FACTORIAL:
        raise TooLarge("binomial with too many digits")
    spend(n / 50)
    return Fraction(math.comb(n, k) if k >= 0 else 0)


def _floor(expr: Expr) -> Fraction:
    return Fraction(math.floor(exact(expr.args[0])))


def _ceil(expr: Expr) -> Fraction:
    return Fraction(math.ceil(exact(expr.args[0])))


def _log(expr: Expr) -> Fraction:
    if len(expr.args) == 1 and exact(expr.args[0]) == 1:
        return Fraction(0)
    raise Undecidable("a logarithm")


def _many(function: Callable[..., Fraction | int]) -> Callable[[Expr], Fraction]:
    return lambda expr: Fraction(function([exact(arg) for arg in expr.args]))


def _folded(function: Callable[[int, int], int]) -> Callable[[Expr], Fraction]:
    """One integer after the other, so that the size of what was found is checked before it grows on."""

    def rule(expr: Expr) -> Fraction:
        found = abs(exact_integer(expr.args[0]))
        for arg in expr.args[1:]:
            found = _small(Fraction(function(found, exact_integer(arg)))).numerator
        return Fraction(found)

    return rule


def _root(expr: Expr) -> Fraction:
    index = exact_integer(expr.args[1]) if expr.value == "root" else 2
    if not 2 <= index <= 64:
        raise Undecidable("a strange root")
    return exact_root(exact(expr.args[0]), index)


_CALLS: dict[str, Callable[[Expr], Fraction]] = {
    "factorial": _factorial,
    "factorial2": lambda expr: _factorial(expr, 2),
    "binomial": _binomial,
    "abs": lambda expr: abs(exact(expr.args[0])),
    "sgn": lambda expr: Fraction((exact(expr.args[0]) > 0) - (exact(expr.args[0]) < 0)),
    "floor": _floor,
    "ceil": _ceil,
    "sqrt": _root,
    "root": _root,
    "ln": _log,
    "log": _log,
    "max": _many(max),
    "min": _many(min),
    "gcd": _folded(math.gcd),
    "lcm": _folded(math.lcm),
}


def _call(expr: Expr) -> Fraction:
    if expr.value not in _CALLS:
        raise Undecidable(expr.value)
    return _CALLS[expr.value](expr)


def _congruence(expr: Expr) -> Fraction:
    value, modulus = (exact(arg) for arg in expr.args)
    if modulus <= 0:
        raise Undefined("modulus that is not positive")
    return value % modulus


_RULES: dict[str, Callable[[Expr], Fraction]] = {
    "number": lambda expr: expr.value,
    "decimal": lambda expr: expr.value[0],
    "add": _add,
    "mul": _mul,
    "div": _div,
    "neg": lambda expr: -exact(expr.args[0]),
    "pow": _pow,
    "percent": lambda expr: exact(expr.args[0]) / 100,
    "call": _call,
    "congruence": _congruence,
}
