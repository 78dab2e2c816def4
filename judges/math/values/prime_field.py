"""Polynomials and rational functions at fixed random points of a prime field.

Two different ones of degree d agree at a random point of a field of 2^255 elements with probability d / 2^255, so
one point refutes and two points prove. A prime of the form 4k + 1 has a square root of -1 to stand for i.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from fractions import Fraction

from .effort import spend
from .expr import Expr, TooLarge, Undecidable, Undefined, number, rebuild, walk
from .rational import MAX_TERMS, exact, exact_integer

PRIME = 2**255 - 19
MAX_EXPONENT_BITS = 512
MAX_DEGREE = 24  # of a polynomial that is summed in closed form
IMAGINARY = pow(2, (PRIME - 1) // 4, PRIME)


def point(name: str, round_: int) -> int:
    """The fixed random value of a variable in one round."""
    return int.from_bytes(hashlib.blake2b(f"{round_} {name}".encode(), digest_size=32).digest(), "big") % PRIME


def in_field(expr: Expr, round_: int) -> int:
    """The value of a rational expression modulo `PRIME`.

    Raises:
        Undecidable: roots, functions, exponents that are not integers.
        Undefined: a division by zero.
    """
    rule = _RULES.get(expr.op)
    if rule is None:
        raise Undecidable(expr.op)
    spend(0.1)
    return rule(expr, round_)


def _rational(value: Fraction) -> int:
    if value.denominator == 1:
        return value.numerator % PRIME
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


def _constant(expr: Expr, round_: int) -> int:
    if expr.value == "i":
        return IMAGINARY
    if expr.value == "pi":  # transcendental: a variable like any other, as long as nothing else is
        return point("\0pi", round_)
    raise Undecidable(expr.value)


def _add(expr: Expr, round_: int) -> int:
    return sum(in_field(arg, round_) for arg in expr.args) % PRIME


def _mul(expr: Expr, round_: int) -> int:
    product = 1
    for arg in expr.args:
        product = product * in_field(arg, round_) % PRIME
    return product


def _div(expr: Expr, round_: int) -> int:
    top, bottom = (in_field(arg, round_) for arg in expr.args)
    if not bottom:
        raise Undefined("division by zero")
    spend(3)
    return top * pow(bottom, -1, PRIME) % PRIME


def _pow(expr: Expr, round_: int) -> int:
    exponent = exact_integer(expr.args[1])
    if exponent.bit_length() > MAX_EXPONENT_BITS:
        raise Undecidable("an exponent of many digits")
    spend(exponent.bit_length() / 40)
    base = in_field(expr.args[0], round_)
    if not base and exponent <= 0:
        raise Undefined("zero to a power that is not positive")
    return pow(base, exponent, PRIME)


def _exactly(expr: Expr, round_: int) -> int:
    return _rational(exact(expr))


def _sum(expr: Expr, round_: int) -> int:
    _, _, start, stop = expr.args
    first, last = exact_integer(start), exact_integer(stop)
    if last - first >= MAX_TERMS:
        return _long_sum(expr, first, last, round_)
    total = 0
    for term in written_out(expr):
        total += in_field(term, round_)
    return total % PRIME


def _long_sum(expr: Expr, first: int, last: int, round_: int) -> int:
    """Sum of a polynomial: itself a polynomial in the number of terms, found from its first values (Lagrange)."""
    body, variable = expr.args[:2]
    if not _is_polynomial(body, variable):
        raise TooLarge("a long sum")
    partial, sums = 0, []
    for index in range(first, first + MAX_DEGREE + 2):
        partial = (partial + in_field(substitute(body, variable, number(index)), round_)) % PRIME
        sums.append(partial)
    x, total = last - first, 0
    for j, value in enumerate(sums):
        top = bottom = 1
        for i in range(len(sums)):
            if i != j:
                top, bottom = top * (x - i) % PRIME, bottom * (j - i) % PRIME
        total += value * top * pow(bottom, -1, PRIME)
    return total % PRIME


def _is_polynomial(expr: Expr, variable: Expr, degree: int = MAX_DEGREE) -> bool:
    """By its form, of at most this degree."""
    if variable not in walk(expr):
        return True
    if expr.op in ("add", "neg"):
        return all(_is_polynomial(arg, variable, degree) for arg in expr.args)
    if expr.op == "mul":
        return all(_is_polynomial(arg, variable, degree // max(2, len(expr.args))) for arg in expr.args)
    if expr.op == "div":
        return variable not in walk(expr.args[1]) and _is_polynomial(expr.args[0], variable, degree)
    if expr.op == "pow":
        power = expr.args[1].value if expr.args[1].op == "number" else 0
        return (
            0 < power <= degree
            and power.denominator == 1
            and _is_polynomial(expr.args[0], variable, degree // int(power))
        )
    return expr == variable and degree >= 1


def _product(expr: Expr, round_: int) -> int:
    product = 1
    for factor in written_out(expr):
        product = product * in_field(factor, round_) % PRIME
    return product


def written_out(expr: Expr) -> list[Expr]:
    """The terms of a sum or product with few enough of them."""
    body, variable, start, stop = expr.args
    first, last = exact_integer(start), exact_integer(stop)
    if last < first:
        return []
    if last - first >= MAX_TERMS:
        raise TooLarge("a long sum")
    spend(0.2 * (last - first + 1) * sum(1 for _ in walk(body)))
    return [substitute(body, variable, number(index)) for index in range(first, last + 1)]


def substitute(expr: Expr, variable: Expr, value: Expr) -> Expr:
    """`expr` with a value for a variable."""
    return rebuild(expr, lambda node: value if node == variable else None)


_RULES: Mapping[str, Callable[[Expr, int], int]] = {
    "number": lambda expr, round_: _rational(expr.value),
    "decimal": lambda expr, round_: _rational(expr.value[0]),
    "symbol": lambda expr, round_: point(expr.value, round_),
    "constant": _constant,
    "add": _add,
    "mul": _mul,
    "div": _div,
    "neg": lambda expr, round_: -in_field(expr.args[0], round_) % PRIME,
    "pow": _pow,
    "percent": lambda expr, round_: in_field(expr.args[0], round_) * _rational(Fraction(1, 100)) % PRIME,
    "call": _exactly,
    "sum": _sum,
    "product": _product,
}
