"""Complex numbers to sixty digits, with exponents up to 10^18, on the standard library's `decimal`.

Enough for elementary functions at random points, without a second's import and without the danger of big integers:
9^(9^9) is a short number here. What is larger still raises `TooLarge`.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache

from .expr import TooLarge, Undecidable, Undefined

GUARD = 20  # digits carried beyond the asked ones
_MAX_ANGLE = 12  # magnitude of an argument of sin and cos; reducing it costs as many digits


@contextmanager
def digits(count: int) -> Iterator[None]:
    """Compute with `count` digits in this block; errors of the arithmetic come out as ours."""
    context = decimal.Context(
        prec=count + GUARD, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN, rounding=decimal.ROUND_HALF_EVEN,
        traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow],
    )  # fmt: skip
    try:
        with decimal.localcontext(context):
            yield
    except (decimal.Overflow, decimal.Underflow) as error:
        raise TooLarge("magnitude") from error
    except (decimal.InvalidOperation, decimal.DivisionByZero) as error:
        raise Undefined("no value") from error


ZERO, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)


class Complex:
    """`re + i im` in the current decimal context."""

    __slots__ = ("im", "re")

    def __init__(self, re: Decimal, im: Decimal = ZERO) -> None:
        self.re = re
        self.im = im

    def __add__(self, other: Complex) -> Complex:
        return Complex(self.re + other.re, self.im + other.im)

    def __sub__(self, other: Complex) -> Complex:
        return Complex(self.re - other.re, self.im - other.im)

    def __neg__(self) -> Complex:
        return Complex(-self.re, -self.im)

    def __mul__(self, other: Complex) -> Complex:
        if not self.im and not other.im:
            return Complex(self.re * other.re)
        return Complex(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __truediv__(self, other: Complex) -> Complex:
        if not other.im:
            return Complex(self.re / other.re, self.im / other.re)
        size = other.re * other.re + other.im * other.im
        top = self * Complex(other.re, -other.im)
        return Complex(top.re / size, top.im / size)

    def __abs__(self) -> Decimal:
        if not self.im:
            return abs(self.re)
        return (self.re * self.re + self.im * self.im).sqrt() if self.re else abs(self.im)

    def __bool__(self) -> bool:
        return bool(self.re or self.im)


I = Complex(ZERO, ONE)  # noqa: E741 - its name in mathematics
UNIT = Complex(ONE)


def pi() -> Decimal:
    """Pi to the digits of the current context."""
    return +_pi(decimal.getcontext().prec)


@lru_cache(maxsize=8)
def _pi(precision: int) -> Decimal:
    with decimal.localcontext(decimal.Context(prec=precision + 10)):
        return 16 * _arctan_series(ONE / 5) - 4 * _arctan_series(ONE / 239)


def _arctan_series(x: Decimal) -> Decimal:
    """x - x^3/3 + x^5/5 - … for small x."""
    square, power, total, k = x * x, x, x, 1
    smallest = decimal.getcontext().prec + 2
    while power and power.adjusted() > x.adjusted() - smallest:
        power, k = -power * square, k + 2
        total += power / k
    return total


def arctan2(y: Decimal, x: Decimal) -> Decimal:
    """The angle of the point (x, y)."""
    if not x and not y:
        raise Undefined("angle of zero")
    if abs(y) > abs(x):
        quarter = pi() / 2
        return (quarter if y > 0 else -quarter) - _arctan(x / y)
    angle = _arctan(y / x)
    if x < 0:
        angle += pi() if y >= 0 else -pi()
    return angle


def _arctan(x: Decimal) -> Decimal:
    """For |x| <= 1: halve the angle three times, then sum the series."""
    for _ in range(3):
        x = x / (1 + (1 + x * x).sqrt())
    return 8 * _arctan_series(x) if x else x


def sin_cos(x: Decimal) -> tuple[Decimal, Decimal]:
    """Sine and cosine of a real angle."""
    if x.adjusted() > _MAX_ANGLE:
        raise Undecidable("sine of a huge angle")
    with decimal.localcontext() as context:
        context.prec += 2 * _MAX_ANGLE
        quarter = pi() / 2
        turns = (x / quarter).to_integral_value()
        rest = x - turns * quarter
        sine = _sin_series(rest)
        cosine = (1 - sine * sine).sqrt()
    return ((sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine))[int(turns) % 4]


def _sin_series(x: Decimal) -> Decimal:
    square, term, total, k = x * x, x, x, 1
    smallest = decimal.getcontext().prec + 2
    while term and term.adjusted() > x.adjusted() - smallest:
        k += 2
        term = -term * square / (k * (k - 1))
        total += term
    return total


def exp(z: Complex) -> Complex:
    size = z.re.exp()
    if not z.im:
        return Complex(size)
    sine, cosine = sin_cos(z.im)
    return Complex(size * cosine, size * sine)


def ln(z: Complex) -> Complex:
    if not z:
        raise Undefined("logarithm of zero")
    if not z.im:
        return Complex(z.re.ln()) if z.re > 0 else Complex((-z.re).ln(), pi())
    return Complex(abs(z).ln(), arctan2(z.im, z.re))


def sqrt(z: Complex) -> Complex:
    if not z.im:
        return Complex(z.re.sqrt()) if z.re >= 0 else Complex(ZERO, (-z.re).sqrt())
    size = abs(z)
    re = ((size + abs(z.re)) / 2).sqrt()
    im = abs(z.im) / (2 * re)
    if z.re < 0:
        re, im = im, re
    return Complex(re, im if z.im >= 0 else -im)


def power(base: Complex, exponent: Complex) -> Complex:
    """The principal value, exact signs for integer exponents."""
    if not base:
        if exponent.re > 0:
            return Complex(ZERO)
        raise Undefined("zero to a power that is not positive")
    if not exponent.im and exponent.re == exponent.re.to_integral_value():
        return _integer_power(base, exponent.re)
    if not base.im and base.re > 0 and not exponent.im:
        return Complex(base.re**exponent.re)
    return exp(exponent * ln(base))


def _integer_power(base: Complex, exponent: Decimal) -> Complex:
    if not base.im:
        size = abs(base.re) ** exponent
        odd = exponent.adjusted() < 60 and int(exponent) % 2
        return Complex(-size if base.re < 0 and odd else size)
    if abs(exponent) > 10**6:
        raise Undecidable("a high power of a complex number")
    count, square, product = int(abs(exponent)), base, UNIT
    while count:
        if count & 1:
            product = product * square
        square, count = square * square, count >> 1
    return product if exponent > 0 else UNIT / product


def sin(z: Complex) -> Complex:
    sine, cosine = sin_cos(z.re)
    if not z.im:
        return Complex(sine)
    grow, shrink = z.im.exp(), (-z.im).exp()
    return Complex(sine * (grow + shrink) / 2, cosine * (grow - shrink) / 2)


def cos(z: Complex) -> Complex:
    sine, cosine = sin_cos(z.re)
    if not z.im:
        return Complex(cosine)
    grow, shrink = z.im.exp(), (-z.im).exp()
    return Complex(cosine * (grow + shrink) / 2, -sine * (grow - shrink) / 2)


def tan(z: Complex) -> Complex:
    return sin(z) / cos(z)


def sinh(z: Complex) -> Complex:
    return (exp(z) - exp(-z)) / Complex(TWO)


def cosh(z: Complex) -> Complex:
    return (exp(z) + exp(-z)) / Complex(TWO)


def atan(z: Complex) -> Complex:
    if not z.im:
        return Complex(arctan2(z.re, ONE))
    return Complex(ZERO, ONE / 2) * (ln(UNIT - I * z) - ln(UNIT + I * z))


def asin(z: Complex) -> Complex:
    if not z.im and abs(z.re) <= 1:
        return Complex(arctan2(z.re, (1 - z.re * z.re).sqrt()))
    return -I * ln(I * z + sqrt(UNIT - z * z))


def acos(z: Complex) -> Complex:
    return Complex(pi() / 2) - asin(z)


def gamma(z: Complex) -> Complex:
    """Stirling's series after a shift; for real arguments that are no poles."""
    if z.im:
        raise Undecidable("gamma of a complex number")
    x = z.re
    if x <= 0 and x == x.to_integral_value():
        raise Undefined("a pole of gamma")
    if x < -1000:
        raise Undecidable("gamma far on the left")
    shift, target = ONE, Decimal(decimal.getcontext().prec)
    while x < target:
        shift, x = shift * x, x + 1
    log = (x - ONE / 2) * x.ln() - x + (2 * pi()).ln() / 2
    power_of_x, square = x, x * x
    for k, (top, bottom) in enumerate(_bernoulli(), 1):
        log += Decimal(top) / Decimal(bottom) / (2 * k * (2 * k - 1)) / power_of_x
        power_of_x *= square
    return Complex(log.exp() / shift)


def zeta(z: Complex) -> Complex:
    """Riemann's zeta by Euler and Maclaurin, for real arguments above 1."""
    s, n = z.re, Decimal(decimal.getcontext().prec)
    if z.im or s <= 1:
        raise Undecidable("zeta left of 1")
    if s > 10_000:
        return UNIT
    total = sum((Decimal(k) ** -s for k in range(1, int(n))), n ** (1 - s) / (s - 1) + n**-s / 2)
    factor = s * n ** (-s - 1)
    for k, (top, bottom) in enumerate(_bernoulli(), 1):
        factor /= (2 * k - 1) * 2 * k
        total += Decimal(top) / Decimal(bottom) * factor
        factor *= (s + 2 * k - 1) * (s + 2 * k) / (n * n)
    return Complex(total)


@lru_cache(maxsize=1)
def _bernoulli(count: int = 40) -> tuple[tuple[int, int], ...]:
    """B_2, B_4, … as fractions."""
    from fractions import Fraction
    from math import comb

    numbers = [Fraction(1)]
    for m in range(1, 2 * count + 1):
        numbers.append(-sum((comb(m + 1, k) * numbers[k] for k in range(m)), Fraction(0)) / (m + 1))
    return tuple((b.numerator, b.denominator) for b in numbers[2::2])


FUNCTIONS: dict[str, Callable[[Complex], Complex]] = {
    "exp": exp, "ln": ln, "sqrt": sqrt, "sin": sin, "cos": cos, "tan": tan, "asin": asin, "acos": acos, "atan": atan,
    "sinh": sinh, "cosh": cosh, "tanh": lambda z: sinh(z) / cosh(z), "cot": lambda z: cos(z) / sin(z),
    "sec": lambda z: UNIT / cos(z), "csc": lambda z: UNIT / sin(z), "coth": lambda z: cosh(z) / sinh(z),
    "sech": lambda z: UNIT / cosh(z), "csch": lambda z: UNIT / sinh(z),
    "acot": lambda z: atan(UNIT / z), "asec": lambda z: acos(UNIT / z), "acsc": lambda z: asin(UNIT / z),
    "asinh": lambda z: ln(z + sqrt(z * z + UNIT)), "acosh": lambda z: ln(z + sqrt(z - UNIT) * sqrt(z + UNIT)),
    "atanh": lambda z: Complex(ONE / 2) * (ln(UNIT + z) - ln(UNIT - z)), "gamma": gamma, "zeta": zeta,
    "factorial": lambda z: gamma(z + UNIT),
}  # fmt: skip
