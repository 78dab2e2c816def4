"""Any elementary expression at fixed random points, to sixty digits.

Agreement at several points certifies equality as far as a reward needs it: two different elementary expressions that
share forty digits at independent random points do not occur in answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction

from . import _precise
from ._effort import spend
from ._exact import exact
from ._expr import Expr, TooLarge, Undecidable, Undefined, has, symbols, walk
from ._field import written_out
from ._precise import ONE, UNIT, Complex
from ._quadrature import integrate

DIGITS = 60
AGREEING = 40  # digits that two values must share
AGREEING_INTEGRALS = 16  # quadrature gives no more
MANY_DIGITS = 600  # of a constant whose every digit is compared
ROUNDS, ENOUGH = 8, 3  # points tried, and points at which both sides must be defined
Environment = Mapping[str, Complex]


def numeric(expr: Expr, at: Environment) -> Complex:
    """The value at a point.

    Raises:
        Undecidable: no rule for it. TooLarge: beyond 10^(10^18). Undefined: no value there.
    """
    rule = _RULES.get(expr.op)
    if rule is None:
        raise Undecidable(expr.op)
    spend(_STEPS.get(expr.op, 0.3))
    return rule(expr, at)


_STEPS = {"pow": 10.0, "call": 10.0}  # of ten microseconds


def rational(value: Fraction) -> Complex:
    """A fraction in the current context."""
    return Complex(Decimal(value.numerator) / Decimal(value.denominator))


def _constant(expr: Expr, at: Environment) -> Complex:
    if expr.value == "pi":
        return Complex(_precise.pi())
    if expr.value == "e":
        return Complex(ONE.exp())
    if expr.value == "i":
        return _precise.I
    if expr.value == "degree":
        return Complex(_precise.pi() / 180)
    raise Undefined("infinity is no number")


def _symbol(expr: Expr, at: Environment) -> Complex:
    if expr.value not in at:
        raise Undecidable(expr.value)
    return at[expr.value]


def _add(expr: Expr, at: Environment) -> Complex:
    total = Complex(Decimal(0))
    for arg in expr.args:
        total = total + numeric(arg, at)
    return total


def _mul(expr: Expr, at: Environment) -> Complex:
    product = UNIT
    for arg in expr.args:
        product = product * numeric(arg, at)
    return product


def _pow(expr: Expr, at: Environment) -> Complex:
    base, exponent = numeric(expr.args[0], at), numeric(expr.args[1], at)
    if base.re < 0 and not base.im and not exponent.im and exponent.re != exponent.re.to_integral_value():
        return _power_of_negative(base, expr.args[1], exponent)
    return _precise.power(base, exponent)


def _power_of_negative(base: Complex, exponent: Expr, value: Complex) -> Complex:
    """School convention: (-8)^(1/3) is -2, whenever the denominator is odd."""
    try:
        fraction = exact(exponent)
    except ArithmeticError:
        return _precise.power(base, value)
    if fraction.denominator % 2 == 0:
        return _precise.power(base, value)
    size = _precise.power(-base, value)
    return -size if fraction.numerator % 2 else size


def _call(expr: Expr, at: Environment) -> Complex:
    name = expr.value
    if name in _LONG:
        spend(_LONG[name])
    if name in _precise.FUNCTIONS and len(expr.args) == 1:
        return _precise.FUNCTIONS[name](numeric(expr.args[0], at))
    if name not in _CALLS:
        raise Undecidable(name)
    return _CALLS[name](*(numeric(arg, at) for arg in expr.args))


def _root(z: Complex, index: Complex) -> Complex:
    if z.re < 0 and not z.im and not index.im and index.re % 2 in (1, -1):
        return -_precise.power(-z, UNIT / index)
    return _precise.power(z, UNIT / index)


def _log(z: Complex, base: Complex | None = None) -> Complex:
    return _precise.ln(z) if base is None else _precise.ln(z) / _precise.ln(base)


def _real(z: Complex) -> Decimal:
    if z.im:
        raise Undecidable("order of complex numbers")
    return z.re


def _whole(rounding: str) -> Callable[[Complex], Complex]:
    def rounded(z: Complex) -> Complex:
        x = _real(z)
        if x.adjusted() > 10 * DIGITS:
            raise TooLarge("digits of a huge number")
        nearest = x.to_integral_value()
        if abs(x - nearest) < Decimal(10) ** (-DIGITS):
            return Complex(nearest)
        return Complex(x.to_integral_value(rounding=rounding))

    return rounded


def _binomial(n: Complex, k: Complex) -> Complex:
    one = UNIT
    return _precise.gamma(n + one) / (_precise.gamma(k + one) * _precise.gamma(n - k + one))


_LONG = {"zeta": 1000.0, "gamma": 40.0, "factorial": 40.0, "binomial": 120.0}
_CALLS: Mapping[str, Callable[..., Complex]] = {
    "abs": lambda z: Complex(abs(z)),
    "root": _root,
    "log": _log,
    "lg": lambda z: _precise.ln(z) / Complex(Decimal(10).ln()),
    "ln": _log,
    "max": lambda *zs: Complex(max(_real(z) for z in zs)),
    "min": lambda *zs: Complex(min(_real(z) for z in zs)),
    "sgn": lambda z: Complex(Decimal((_real(z) > 0) - (_real(z) < 0))),
    "floor": _whole("ROUND_FLOOR"),
    "ceil": _whole("ROUND_CEILING"),
    "binomial": _binomial,
    "Re": lambda z: Complex(z.re),
    "Im": lambda z: Complex(z.im),
}


def _apply(expr: Expr, at: Environment) -> Complex:
    """An unknown function: a fixed random value for every argument."""
    shown = [f"{z.re:.25e} {z.im:.25e}" for z in (numeric(arg, at) for arg in expr.args)]
    return Complex(_random(f"{expr.value} {shown}", 0))


def _sum(expr: Expr, at: Environment) -> Complex:
    total = Complex(Decimal(0))
    for term in written_out(expr):
        total = total + numeric(term, at)
    return total


def _product(expr: Expr, at: Environment) -> Complex:
    product = UNIT
    for factor in written_out(expr):
        product = product * numeric(factor, at)
    return product


def _integral(expr: Expr, at: Environment) -> Complex:
    if len(expr.args) != 4:
        raise Undecidable("an antiderivative")
    body, variable, low, high = expr.args

    def integrand(x: Decimal) -> Complex:
        return numeric(body, {**at, variable.value: Complex(x)})

    return integrate(integrand, _real(numeric(low, at)), _real(numeric(high, at)))


_RULES: Mapping[str, Callable[[Expr, Environment], Complex]] = {
    "number": lambda expr, at: rational(expr.value),
    "decimal": lambda expr, at: rational(expr.value[0]),
    "symbol": _symbol,
    "constant": _constant,
    "add": _add,
    "mul": _mul,
    "div": lambda expr, at: numeric(expr.args[0], at) / numeric(expr.args[1], at),
    "neg": lambda expr, at: -numeric(expr.args[0], at),
    "pow": _pow,
    "percent": lambda expr, at: numeric(expr.args[0], at) / Complex(Decimal(100)),
    "call": _call,
    "apply": _apply,
    "sum": _sum,
    "product": _product,
    "integral": _integral,
}


# Points.


def _random(seed: str, round_: int) -> Decimal:
    """A fixed random decimal between 1/4 and 9/4, with more digits than accidents have."""
    digest = hashlib.blake2b(f"{round_} {seed}".encode(), digest_size=12).digest()
    return Decimal("0.25") + 2 * Decimal(int.from_bytes(digest, "big")) / 2**96


def point(names: frozenset[str], round_: int, whole: bool) -> dict[str, Complex]:
    """Values of the variables: of mixed sign in even rounds, positive in odd ones; whole numbers if asked."""
    values = {}
    for name in names:
        value = _random(name, round_)
        if whole:
            value = (value * 5 + round_).to_integral_value()
        elif round_ % 2 == 0 and int(value * 1000) % 2:
            value = -value
        values[name] = Complex(value)
    return values


def agree(left: Expr, right: Expr) -> bool | None:
    """Whether two expressions have the same value wherever both have one; None when that cannot be told.

    Raises:
        TooLarge: both are beyond what can be compared.
    """
    names = symbols(left) | symbols(right)
    whole = _at_whole_numbers(left, right, names)
    if not names:
        return _agree_at(left, right, {}, True)
    for complex_allowed in (_mentions_i(left) or _mentions_i(right), True):
        seen = 0
        for round_ in range(ROUNDS):
            verdict = _agree_at(left, right, point(names, round_, whole), complex_allowed)
            if verdict is False:
                return False
            seen += verdict is True
            if seen == ENOUGH + 2 * whole:
                return True
    return None


_INTEGERS = frozenset("nmkpqjlN")  # what such letters stand for by custom


def _at_whole_numbers(left: Expr, right: Expr, names: frozenset[str]) -> bool:
    """Whether the variables count something: under factorials, or n under floors, cosines and exponents."""
    integers = all(name[0] in _INTEGERS for name in names)
    for node in (*walk(left), *walk(right)):
        if node.op == "call" and symbols(node):
            if node.value in ("factorial", "binomial"):
                return True
            if integers and node.value in ("floor", "ceil", "sin", "cos", "tan"):
                return True
        if integers and node.op == "pow" and node.args[0].op == "neg" and symbols(node.args[1]):
            return True
    return False


def _mentions_i(expr: Expr) -> bool:
    return has(expr, "constant") and any(node.value == "i" for node in walk(expr) if node.op == "constant")


def _agree_at(left: Expr, right: Expr, at: Environment, complex_allowed: bool) -> bool | None:
    first = _defined(left, at, DIGITS)
    second = _defined(right, at, DIGITS)
    if first is None or second is None:
        return None if at or first is second else False
    if not complex_allowed and (_is_complex(first) or _is_complex(second)):
        return None
    if isinstance(first, TooLarge) or isinstance(second, TooLarge):
        if isinstance(first, TooLarge) and isinstance(second, TooLarge):
            raise first
        return False
    return _close(first, second, left, right, at)


def _is_complex(value: Complex | TooLarge) -> bool:
    return isinstance(value, Complex) and bool(value.im) and value.im.adjusted() > value.re.adjusted() - AGREEING


def _defined(expr: Expr, at: Environment, digits: int) -> Complex | TooLarge | None:
    try:
        with _precise.digits(digits):
            return numeric(expr, at)
    except Undefined:
        return None
    except TooLarge as error:
        return error


def _close(first: Complex, second: Complex, left: Expr, right: Expr, at: Environment) -> bool | None:
    gap, size = _gap(first, second)
    if has(left, "integral") or has(right, "integral"):
        return not gap or gap.adjusted() <= max(size.adjusted(), -AGREEING_INTEGRALS) - AGREEING_INTEGRALS
    if not gap or gap.adjusted() <= size.adjusted() - AGREEING:
        return _close_in_all_digits(size, left, right, at)
    if gap.adjusted() > max(size.adjusted(), 0) - AGREEING // 2:
        return False
    # Near agreement, or both nearly zero: what is rounding shrinks with more digits, what is a difference stays.
    again = _defined(left, at, 2 * DIGITS), _defined(right, at, 2 * DIGITS)
    if not isinstance(again[0], Complex) or not isinstance(again[1], Complex):
        return None
    closer, _ = _gap(again[0], again[1])
    return not closer or closer.adjusted() < gap.adjusted() - AGREEING


def _gap(first: Complex, second: Complex) -> tuple[Decimal, Decimal]:
    with _precise.digits(DIGITS):
        return abs(first - second), max(abs(first), abs(second))


def _close_in_all_digits(size: Decimal, left: Expr, right: Expr, at: Environment) -> bool | None:
    """Huge constants may share sixty digits and differ behind them."""
    magnitude = size.adjusted() if size else 0
    if at or magnitude < AGREEING:
        return True
    if magnitude > MANY_DIGITS:
        return None
    spend(magnitude)
    again = _defined(left, at, magnitude + AGREEING), _defined(right, at, magnitude + AGREEING)
    if not isinstance(again[0], Complex) or not isinstance(again[1], Complex):
        return None
    with _precise.digits(magnitude + AGREEING):
        gap = abs(again[0] - again[1])
    return not gap or gap.adjusted() < -AGREEING // 2
