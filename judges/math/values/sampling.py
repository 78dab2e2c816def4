"""Any elementary expression at fixed random points, to sixty digits.

Agreement at several points certifies equality as far as a reward needs it: two different elementary expressions that
share forty digits at independent random points do not occur in answers.
"""

from __future__ import annotations

from decimal import Decimal

from . import decimals
from .decimals import Complex
from .effort import spend
from .evaluate import DIGITS, Environment, numeric, random_value
from .expr import Expr, TooLarge, Undefined, has, symbols, walk

AGREEING = 40  # digits that two values must share
AGREEING_INTEGRALS = 16  # quadrature gives no more
MANY_DIGITS = 600  # of a constant whose every digit is compared
ROUNDS, ENOUGH = 8, 3  # points tried, and points at which both sides must be defined
FAR = (-16, 16)  # how much farther out the last two points are


def point(names: frozenset[str], round_: int, whole: bool) -> dict[str, Complex]:
    """Values of the variables: of mixed sign in even rounds, positive in odd ones; whole numbers if asked."""
    values = {}
    for name in names:
        value = random_value(name, round_)
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
                return whole or len(names) > 1 or not _part_far_out(left, right, names, complex_allowed)
    return None


def _part_far_out(left: Expr, right: Expr, names: frozenset[str], complex_allowed: bool) -> bool:
    """Whether two expressions of one variable that agree near zero differ at a distance, as |x + 3| and x + 3 do."""
    (name, near), *_ = point(names, 1, False).items()
    try:
        return any(_agree_at(left, right, {name: Complex(far * near.re)}, complex_allowed) is False for far in FAR)
    except TooLarge:
        return False


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
        if node.op in ("sum", "product") and (symbols(node.args[2]) or symbols(node.args[3])):
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
        with decimals.digits(digits):
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
    with decimals.digits(DIGITS):
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
    with decimals.digits(magnitude + AGREEING):
        gap = abs(again[0] - again[1])
    return not gap or gap.adjusted() < -AGREEING // 2
