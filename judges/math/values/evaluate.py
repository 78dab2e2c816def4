"""The value of any elementary expression at a point, to sixty digits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction

from . import decimals
from .decimals import ONE, UNIT, Complex
from .effort import spend
from .expr import Expr, TooLarge, Undecidable, Undefined
from .quadrature import integrate
from .rational import MAX_TERMS, exact

DIGITS = 60
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


_STEPS = {"pow": 7.0, "call": 7.0}  # of ten microseconds


def rational(value: Fraction) -> Complex:
    """A fraction in the current context."""
    return Complex(Decimal(value.numerator) / Decimal(value.denominator))


def _constant(expr: Expr, at: Environment) -> Complex:
    if expr.value == "pi":
        return Complex(decimals.pi())
    if expr.value == "e":
        return Complex(ONE.exp())
    if expr.value == "i":
        return decimals.I
    if expr.value == "degree":
        return Complex(decimals.pi() / 180)
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
    return decimals.power(base, exponent)


def _power_of_negative(base: Complex, exponent: Expr, value: Complex) -> Complex:
    """School convention: (-8)^(1/3) is -2, whenever the denominator is odd."""
    try:
        fraction = exact(exponent)
    except ArithmeticError:
        return decimals.power(base, value)
    if fraction.denominator % 2 == 0:
        return decimals.power(base, value)
    size = decimals.power(-base, value)
    return -size if fraction.numerator % 2 else size


def _call(expr: Expr, at: Environment) -> Complex:
    name = expr.value
    if name in _LONG:
        spend(_LONG[name])
    if name in decimals.FUNCTIONS and len(expr.args) == 1:
        return decimals.FUNCTIONS[name](numeric(expr.args[0], at))
    if name not in _CALLS:
        raise Undecidable(name)
    return _CALLS[name](*(numeric(arg, at) for arg in expr.args))


def _root(z: Complex, index: Complex) -> Complex:
    if z.re < 0 and not z.im and not index.im and index.re % 2 in (1, -1):
        return -decimals.power(-z, UNIT / index)
    return decimals.power(z, UNIT / index)


def _log(z: Complex, base: Complex | None = None) -> Complex:
    return decimals.ln(z) if base is None else decimals.ln(z) / decimals.ln(base)


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


def _divisor(*numbers: Complex) -> Complex:
    if any(abs(number) > 10**DIGITS for number in numbers):
        raise TooLarge("a common divisor of huge numbers")
    raise Undecidable("a common divisor")


def _double_factorial(n: Complex) -> Complex:
    if abs(n) > MAX_TERMS:
        raise TooLarge("a double factorial")
    raise Undecidable("a double factorial")


def _binomial(n: Complex, k: Complex) -> Complex:
    one = UNIT
    return decimals.gamma(n + one) / (decimals.gamma(k + one) * decimals.gamma(n - k + one))


_LONG = {"zeta": 2000.0, "gamma": 40.0, "factorial": 40.0, "binomial": 120.0}
_CALLS: Mapping[str, Callable[..., Complex]] = {
    "abs": lambda z: Complex(abs(z)),
    "root": _root,
    "log": _log,
    "lg": lambda z: decimals.ln(z) / Complex(Decimal(10).ln()),
    "ln": _log,
    "max": lambda *zs: Complex(max(_real(z) for z in zs)),
    "min": lambda *zs: Complex(min(_real(z) for z in zs)),
    "sgn": lambda z: Complex(Decimal((_real(z) > 0) - (_real(z) < 0))),
    "floor": _whole("ROUND_FLOOR"),
    "ceil": _whole("ROUND_CEILING"),
    "binomial": _binomial,
    "factorial2": _double_factorial,
    "gcd": _divisor,
    "lcm": _divisor,
    "Re": lambda z: Complex(z.re),
    "Im": lambda z: Complex(z.im),
}


def random_value(seed: str, round_: int) -> Decimal:
    """A fixed random decimal between 1/4 and 9/4, with more digits than accidents have."""
    digest = hashlib.blake2b(f"{round_} {seed}".encode(), digest_size=12).digest()
    return Decimal("0.25") + 2 * Decimal(int.from_bytes(digest, "big")) / 2**96


def _apply(expr: Expr, at: Environment) -> Complex:
    """An unknown function: a fixed random value for every argument."""
    shown = [f"{z.re:.25e} {z.im:.25e}" for z in (numeric(arg, at) for arg in expr.args)]
    return Complex(random_value(f"{expr.value} {shown}", 0))


def _sum(expr: Expr, at: Environment) -> Complex:
    total = Complex(Decimal(0))
    for term in _terms(expr, at):
        total = total + term
    return total


def _product(expr: Expr, at: Environment) -> Complex:
    product = UNIT
    for factor in _terms(expr, at):
        product = product * factor
    return product


_LAST_INDEX = 30  # digits of the bounds of a sum


def _terms(expr: Expr, at: Environment) -> Iterator[Complex]:
    """The terms of a sum whose bounds are whole numbers at this point."""
    body, variable, *bounds = expr.args
    first, last = (_real(numeric(bound, at)) for bound in bounds)
    if max(first.adjusted(), last.adjusted()) > _LAST_INDEX:
        raise TooLarge("an index of many digits")
    if first != first.to_integral_value() or last != last.to_integral_value():
        raise Undecidable("a sum between fractions")
    if last - first >= MAX_TERMS:
        raise TooLarge("a long sum")
    for index in range(int(first), int(last) + 1):
        yield numeric(body, {**at, variable.value: Complex(Decimal(index))})


def _integral(expr: Expr, at: Environment) -> Complex:
    if len(expr.args) != 4:
        raise Undecidable("an antiderivative")
    body, variable, low, high = expr.args

    def integrand(x: Decimal) -> Complex:
        return numeric(body, {**at, variable.value: Complex(x)})

    return integrate(integrand, _real(numeric(low, at)), _real(numeric(high, at)))


def _derivative(expr: Expr, at: Environment) -> Complex:
    """A central difference so narrow that its error is beyond the digits that are compared."""
    body, variable = expr.args
    if variable.op != "symbol" or variable.value not in at:
        raise Undecidable("a derivative at no point")
    step = Complex(Decimal(10) ** -25)
    ahead, behind = (numeric(body, {**at, variable.value: at[variable.value] + side}) for side in (step, -step))
    return (ahead - behind) / (step + step)


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
    "derivative": _derivative,
}
