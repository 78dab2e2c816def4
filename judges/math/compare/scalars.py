"""Whether two single values are the same number, expression or quantity."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from ..read.measured import measured
from ..read.units import DEGREE, POUND, RADIAN, STERLING, TEMPERATURES, Unit
from ..values import decimals
from ..values.evaluate import numeric
from ..values.expr import Expr, TooLarge, Undecidable, Undefined, has, is_infinite, number, rebuild, symbols, walk
from ..values.prime_field import PRIME, in_field
from ..values.rational import exact
from ..values.sampling import agree

LITERAL_DIGITS = 9  # that a decimal must show to stand for an irrational or repeating value


@dataclass(frozen=True, slots=True)
class Settings:
    """What a comparison depends on besides the two answers."""

    units: str = "optional"
    decimals: int | None = None
    tolerance: float | None = None
    relations: str = "both"
    strict: bool = True


class Finding(NamedTuple):
    """equal: None when the rules here cannot decide. rule: what decided."""

    equal: bool | None
    rule: str


UNDECIDED = Finding(None, "undecided")


def same_value(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    """Compare two values with their units."""
    if gold == answer:
        return Finding(True, "same form")
    (gold_value, gold_unit), (value, unit) = _split_units(gold, answer)
    if gold_unit is None and unit is None:
        return same_number(gold, answer, settings)
    if settings.units == "ignore":
        return same_number(gold_value, value, settings)
    if gold_unit is None or unit is None:
        if settings.units == "required" and gold_unit is not None:
            return Finding(False, "unit missing")
        if unit == "percent" and _is_share(gold_value):
            return same_number(_in_base_units(gold), _in_base_units(answer), settings)
        plain = same_number(gold_value, value, settings)
        if plain.equal or not {"percent", DEGREE} & {gold_unit, unit}:
            return plain
        return same_number(_in_base_units(gold), _in_base_units(answer), settings)
    if gold_unit == unit:
        return same_number(gold_value, value, settings)
    if {gold_unit, unit} in _SAME_NAME:
        return same_number(gold_value, value, settings)
    if {gold_unit, unit} == {DEGREE, RADIAN}:
        return same_number(_in_base_units(gold), _in_base_units(answer), settings)
    if isinstance(gold_unit, str) or isinstance(unit, str) or not _compatible(gold_unit, unit):
        return Finding(False, "different units")
    return same_number(_scaled(gold_value, gold_unit), _scaled(value, unit), settings)


# Pounds of money and of mass, degrees of angles and of temperature.
_SAME_NAME = ({STERLING, POUND}, *({DEGREE, unit} for unit in TEMPERATURES.values()))


def _is_share(gold: Expr) -> bool:
    """A gold 0.5 means a half, never half a percent; a gold 50 may have lost its percent sign."""
    try:
        return 0 < abs(exact(gold)) < 1
    except ArithmeticError:
        return False


def _split_units(gold: Expr, answer: Expr) -> tuple[tuple[Expr, Unit | str | None], tuple[Expr, Unit | str | None]]:
    """Both sides split; where one has a unit, letters of the other may be one that measures the same."""
    sides = [split_unit(gold), split_unit(answer)]
    for place, written in enumerate((gold, answer)):
        value, beside = sides[1 - place]
        if has(written, "quantity") and not any(node.op == "quantity" and symbols(node) for node in walk(written)):
            sides[place] = _measured(written, sides[place], None)
        elif sides[place][1] is None and isinstance(beside, Unit) and beside.dimensions and not symbols(value):
            sides[place] = _measured(written, sides[place], beside)
        elif place and sides[1][1] is None and beside is None and has(written, "div") and not symbols(gold):
            rate = _measured(written, sides[1], None)  # 20 m/s for 20, never m/2
            sides[1] = rate if isinstance(rate[1], Unit) and min(p for _, p in rate[1].dimensions) < 0 else sides[1]
    return sides[0], sides[1]


def _measured(
    written: Expr, split: tuple[Expr, Unit | str | None], beside: Unit | None
) -> tuple[Expr, Unit | str | None]:
    quantity = measured(written) if split[1] is None or has(written, "symbol") else None
    if quantity is None:
        return split
    value, unit = split_unit(quantity)
    compatible = beside is None or (isinstance(unit, Unit) and unit.dimensions == beside.dimensions)
    return (value, unit) if compatible else split


def _scaled(value: Expr, unit: Unit) -> Expr:
    return Expr("mul", (value, number(unit.factor)))


def _compatible(left: Unit, right: Unit) -> bool:
    """Units of one dimension, and labels that share a word (`apples`, `red apples`)."""
    if left.dimensions == right.dimensions:
        return True
    labels = [{name for name, _ in unit.dimensions if name.startswith("label ")} for unit in (left, right)]
    measures = [{pair for pair in unit.dimensions if not pair[0].startswith("label ")} for unit in (left, right)]
    return measures[0] == measures[1] and bool(labels[0] & labels[1] or not labels[0] or not labels[1])


def split_unit(expr: Expr) -> tuple[Expr, Unit | str | None]:
    """A value and its unit: a `Unit`, "percent", or None."""
    if expr.op == "neg":
        value, unit = split_unit(expr.args[0])
        return Expr("neg", (value,)), unit
    if expr.op == "quantity":
        value, inner = split_unit(expr.args[0])
        return value, expr.value if expr.value.dimensions or inner is None else inner
    if expr.op == "percent":
        return expr.args[0], "percent"
    if expr.op == "add":
        parts = [split_unit(arg) for arg in expr.args]
        unit = parts[0][1]
        if unit is not None and len({other for _, other in parts}) == 1:
            return Expr("add", tuple(value for value, _ in parts)), unit
        last = parts[-1][1]
        if isinstance(last, Unit) and all(other is None for _, other in parts[:-1]) and symbols(expr):
            return Expr("add", tuple(value for value, _ in parts)), last  # 2h + 3 cm
        if isinstance(unit, Unit) and all(isinstance(u, Unit) and u.dimensions == unit.dimensions for _, u in parts):
            return Expr("add", tuple(_scaled(value, part) for value, part in parts if isinstance(part, Unit))), Unit(
                unit.dimensions
            )
    if expr.op == "mul" and expr.args[-1].value == "degree":
        return expr.args[0], DEGREE
    return expr, None


def _in_base_units(expr: Expr) -> Expr:
    """Percent as a hundredth, degrees as radians, no other unit."""
    value, unit = split_unit(expr)
    if unit == DEGREE:
        return Expr("mul", (value, Expr("constant", value="degree")))
    return value if isinstance(unit, Unit) else expr


def without_unit(expr: Expr) -> Expr:
    return expr.args[0] if expr.op == "quantity" and not expr.value.dimensions else expr


def same_number(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    """Compare two values without units, cheapest sufficient rule first."""
    gold, answer = without_unit(gold), without_unit(answer)
    if gold == answer:
        return Finding(True, "same form")
    if has(gold, "quantity") or has(answer, "quantity"):
        return Finding(False, "different kinds")  # units inside an expression
    if is_infinite(gold) or is_infinite(answer):
        return Finding(is_infinite(gold) == is_infinite(answer), "infinity")
    try:
        left, right = _rational(gold), _rational(answer)
        if left is not None and right is not None:
            return _same_rational(left, right, gold, answer, settings)
        if not symbols(gold) and not symbols(answer):
            close = _approximates(gold, answer, settings)
            if close is not None:
                return close
        return _same_expression(gold, answer)
    except TooLarge:
        return Finding(False, "too large to compare")
    except Undefined:
        return Finding(False, "undefined")
    except Undecidable:
        return UNDECIDED


def _rational(expr: Expr) -> Fraction | None:
    try:
        return exact(expr)
    except Undecidable:
        return None


def _same_rational(left: Fraction, right: Fraction, gold: Expr, answer: Expr, settings: Settings) -> Finding:
    if left == right:
        return Finding(True, "exact number")
    repeating = [value for value in (left, right) if not _terminates(value)]
    if repeating and _literal_close(gold, answer, left, right):
        return Finding(True, "decimal digits")
    if _within(settings, left, right, has(gold, "decimal") or has(answer, "decimal")):
        return Finding(True, "tolerance")
    return Finding(False, "exact number")


def _terminates(value: Fraction) -> bool:
    rest = value.denominator
    rest >>= (rest & -rest).bit_length() - 1  # all factors 2 at once
    if rest.bit_length() > 4096:
        return False
    while rest % 5 == 0:
        rest //= 5
    return rest == 1


def _literal_close(gold: Expr, answer: Expr, left: Fraction, right: Fraction) -> bool:
    """Whether exactly one side is a decimal literal whose digits, enough of them, are those of the other."""
    shown = [literal_digits(side) for side in (gold, answer)]
    if (shown[0] is None) == (shown[1] is None):
        return False
    significant, decimals = shown[0] or shown[1] or (0, 0)
    return significant >= LITERAL_DIGITS and abs(left - right) <= Fraction(1, 10**decimals)


def literal_digits(expr: Expr) -> tuple[int, int] | None:
    """Significant digits and decimals of a decimal literal, with or without a sign."""
    if expr.op == "neg":
        expr = expr.args[0]
    return expr.value[1:] if expr.op == "decimal" else None


def _within(settings: Settings, left: Fraction, right: Fraction, decimal: bool) -> bool:
    gap, size = abs(left - right), max(abs(left), abs(right))
    if settings.tolerance is not None and gap <= Fraction(settings.tolerance) * abs(left):
        return True
    if settings.decimals is None or not decimal:
        return False
    place = Fraction(1, 10**settings.decimals)
    return size >= place and gap <= place / 2


def _approximates(gold: Expr, answer: Expr, settings: Settings) -> Finding | None:
    """A decimal against an irrational constant; None when neither side is close enough to say so."""
    if not (has(gold, "decimal") or has(answer, "decimal") or settings.tolerance is not None):
        return None
    try:
        with decimals.digits(60):
            left, right = numeric(gold, {}), numeric(answer, {})
            if left.im or right.im or any(side.re and abs(side.re.adjusted()) > 400 for side in (left, right)):
                return None  # as a fraction it would have that many digits
            first, second = Fraction(left.re), Fraction(right.re)
    except (Undecidable, Undefined):
        return None
    if _literal_close(gold, answer, first, second):
        return Finding(True, "decimal digits")
    if _within(settings, first, second, True):
        return Finding(True, "tolerance")
    return None


def _same_expression(gold: Expr, answer: Expr) -> Finding:
    """Rational functions in a prime field; everything else to sixty digits."""
    try:
        same = all(in_field(gold, round_) == in_field(answer, round_) for round_ in range(2))
        return Finding(same, "random points")
    except Undecidable:
        equal = agree(gold, answer)
        return Finding(equal, "random points" if equal is not None else "undecided")


def proportional(left: Expr, right: Expr) -> Finding:
    """Whether one expression is a constant multiple of the other, as the sides of one equation are."""
    try:
        values = [(in_field(left, round_), in_field(right, round_)) for round_ in range(3)]
        first = values[0]
        same = all((first[0] * b - first[1] * a) % PRIME == 0 for a, b in values) and any(first)
        return Finding(same and bool(first[0]) == bool(first[1]), "random points")
    except Undefined:
        return Finding(False, "undefined")
    except Undecidable:
        quotient = Expr("div", (left, right))
        return _constant_ratio(quotient)


def _constant_ratio(quotient: Expr) -> Finding:
    """Compare the quotient with itself at renamed variables: equal only when it does not depend on them."""
    moved = rebuild(quotient, lambda node: Expr("symbol", value=node.value + " again") if node.op == "symbol" else None)
    try:
        equal = agree(quotient, moved)
    except (Undecidable, Undefined):
        return UNDECIDED
    return Finding(equal, "random points" if equal is not None else "undecided")
