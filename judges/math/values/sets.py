"""Sets of real numbers as sorted unions of intervals: what intervals, inequalities and set builders have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce

from . import decimals
from .evaluate import numeric
from .expr import INFINITY, REALS, Expr, Undecidable, Undefined, is_infinite, number, symbols
from .prime_field import substitute
from .rational import exact

MAX_PIECES = 64
_NEAR = Decimal(10) ** -40


@dataclass(frozen=True, slots=True)
class End:
    """One end of an interval: where it is, as written, and whether it belongs to the set."""

    at: Decimal
    written: Expr
    closed: bool


Interval = tuple[End, End]
RealSet = list[Interval]
_MINUS_INFINITY = Expr("neg", (INFINITY,))
_ALL: RealSet = [(End(Decimal("-Infinity"), _MINUS_INFINITY, False), End(Decimal("Infinity"), INFINITY, False))]


def real_set(expr: Expr) -> RealSet | None:
    """The set an expression describes; None when it describes none, or not one of real constants."""
    try:
        return _read(expr)
    except (Undecidable, Undefined):
        return None


def describes_set(expr: Expr) -> bool:
    """Whether the form alone says that this is a set: an interval with infinity or a square bracket, a union …"""
    if expr.op == "tuple":
        return len(expr.args) == 2 and ("[" in expr.value or "]" in expr.value or any(map(is_infinite, expr.args)))
    if expr.op == "list":
        return all(map(is_inequality, expr.args)) or all(arg.op == "tuple" and describes_set(arg) for arg in expr.args)
    return expr.op in ("union", "intersection", "difference", "builder") or expr == REALS or is_inequality(expr)


def is_inequality(expr: Expr) -> bool:
    """A relation that bounds something, or says what it is an element of."""
    return expr.op == "relation" and all(
        operator in ("<", ">", "<=", ">=", "!=", "in", "notin") for operator in expr.value
    )


def _read(expr: Expr) -> RealSet:
    if expr == REALS:
        return _ALL
    rule = _RULES.get(expr.op)
    if rule is None:
        raise Undecidable("no set")
    pieces = rule(expr)
    if len(pieces) > MAX_PIECES:
        raise Undecidable("too many pieces")
    return pieces


def _end(expr: Expr, closed: bool) -> End:
    sign = is_infinite(expr)
    if sign:
        return End(Decimal(sign) * Decimal("Infinity"), expr, False)
    if symbols(expr):
        raise Undecidable("a bound with a variable")
    with decimals.digits(60):
        value = numeric(expr, {})
        if value.im:
            raise Undecidable("a complex bound")
        return End(value.re, expr, closed)


def _interval(expr: Expr) -> RealSet:
    if len(expr.args) != 2:
        raise Undecidable("no interval")
    low, high = _end(expr.args[0], expr.value[0] == "["), _end(expr.args[1], expr.value[1] == "]")
    if low.at > high.at or (low.at == high.at and not (low.closed and high.closed)):
        raise Undecidable("an interval that runs backwards")
    return [(low, high)]


def _points(expr: Expr) -> RealSet:
    ends = [_end(arg, True) for arg in expr.args]
    return _join([(end, end) for end in ends])


def _join(pieces: RealSet) -> RealSet:
    """Sorted, overlapping and touching pieces merged."""
    joined: RealSet = []
    for low, high in sorted(pieces, key=lambda piece: (piece[0].at, not piece[0].closed)):
        if joined:
            before_low, before = joined[-1]
            touch = _same_place(low.at, before.at)
            if (low.at < before.at and not touch) or (touch and (low.closed or before.closed)):
                joined[-1] = (before_low, _later(before, high))
                continue
        joined.append((low, high))
    return joined


def _same_place(left: Decimal, right: Decimal) -> bool:
    if not left.is_finite() or not right.is_finite():
        return left == right
    with decimals.digits(60):
        return abs(left - right) <= _NEAR * max(abs(left), abs(right), Decimal(1))


def _later(left: End, right: End) -> End:
    if _same_place(left.at, right.at):
        return left if left.closed else right
    return left if left.at > right.at else right


def complement(pieces: RealSet) -> RealSet:
    """Everything else."""
    rest: RealSet = []
    low = _ALL[0][0]
    for start, stop in _join(pieces):
        if start.at.is_finite():
            rest.append((low, End(start.at, start.written, not start.closed)))
        if not stop.at.is_finite():
            return rest
        low = End(stop.at, stop.written, not stop.closed)
    return [*rest, (low, _ALL[0][1])]


def intersect(left: RealSet, right: RealSet) -> RealSet:
    """What both have, by De Morgan."""
    return complement(_join(complement(left) + complement(right)))


def _condition(expr: Expr) -> RealSet:
    """An inequality, or a chain of them, in one variable."""
    pieces = [_link(left, op, right) for left, op, right in zip(expr.args, expr.value, expr.args[1:], strict=False)]
    if len({_subject(expr)}) != 1:
        raise Undecidable("no single variable")
    return reduce(intersect, pieces)


def subject(expr: Expr) -> Expr | None:
    """What an inequality is about."""
    try:
        return _subject(expr)
    except Undecidable:
        return None


def _subject(expr: Expr) -> Expr:
    bounded = {side for side in expr.args if symbols(side)}
    if len(bounded) != 1:
        raise Undecidable("not one variable")
    return bounded.pop()


_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "!=": "!="}


def _link(left: Expr, operator: str, right: Expr) -> RealSet:
    if operator not in ("in", "notin", *_FLIPPED):
        raise Undecidable(operator)
    if operator in ("in", "notin"):
        inside = _of_subject(left, _read(right))
        return inside if operator == "in" else complement(inside)
    if symbols(right) and not symbols(left):
        left, right, operator = right, left, _FLIPPED[operator]
    if not symbols(left) or symbols(right):
        raise Undecidable("not solved")
    if left.op not in ("symbol", "apply") and not _is_absolute(left):
        left, operator, right = _solve_linear(left, operator, right)
    return _of_subject(left, _half_line(operator, right))


def _half_line(operator: str, bound: Expr) -> RealSet:
    at = _end(bound, operator in ("<=", ">="))
    if operator == "!=":
        return complement([(End(at.at, bound, True), End(at.at, bound, True))])
    return [(at, _ALL[0][1])] if operator in (">", ">=") else [(_ALL[0][0], at)]


def _is_absolute(expr: Expr) -> bool:
    return expr.op == "call" and expr.value == "abs" and expr.args[0].op == "symbol"


def _of_subject(left: Expr, pieces: RealSet) -> RealSet:
    """`|z|` in a set means that z is in it or in its mirror image."""
    if not _is_absolute(left):
        return pieces
    positive = intersect(pieces, [(End(Decimal(0), number(0), True), _ALL[0][1])])
    mirrored = [(_mirror(high), _mirror(low)) for low, high in positive]
    return _join(positive + mirrored)


def _mirror(end: End) -> End:
    written = end.written.args[0] if end.written.op == "neg" else Expr("neg", (end.written,))
    return End(-end.at, written, end.closed)


def _solve_linear(left: Expr, operator: str, right: Expr) -> tuple[Expr, str, Expr]:
    """`2x + 1 < 5` as `x < 2`."""
    names = symbols(left)
    if len(names) != 1:
        raise Undecidable("several variables")
    variable = Expr("symbol", value=next(iter(names)))
    at_zero, at_one, at_two = (exact(substitute(left, variable, number(k))) for k in range(3))
    slope = at_one - at_zero
    if not slope or at_two - at_one != slope:
        raise Undecidable("not linear")
    solution = Expr("div", (Expr("add", (right, number(-at_zero))), number(slope)))
    return variable, operator if slope > 0 else _FLIPPED[operator], solution


def _builder(expr: Expr) -> RealSet:
    conditions = expr.args[1]
    return _conditions(conditions.args if conditions.op == "list" else (conditions,), conditions.value)


def _listed(expr: Expr) -> RealSet:
    if all(arg.op == "tuple" for arg in expr.args):
        return _join([piece for arg in expr.args for piece in _read(arg)])
    if not all(is_inequality(arg) for arg in expr.args):
        raise Undecidable("a list of other things")
    if len({symbols(_subject(arg)) for arg in expr.args}) > 1:
        raise Undecidable("conditions on several variables")
    return _conditions(expr.args, expr.value)


def _conditions(conditions: Sequence[Expr], separator: object) -> RealSet:
    """Joined by `or` in general; all at once when one is `!=`, or when `and` leaves something."""
    pieces = [_read(condition) for condition in conditions if condition.op != "symbol"]
    if any("!=" in condition.value for condition in conditions if condition.op == "relation"):
        return reduce(intersect, pieces)
    if separator == "and" and (both := reduce(intersect, pieces)):
        return both
    return _join([piece for part in pieces for piece in part])


def _operation(combine: Callable[[RealSet, RealSet], RealSet]) -> Callable[[Expr], RealSet]:
    return lambda expr: combine(_read(expr.args[0]), _read(expr.args[1]))


_RULES: dict[str, Callable[[Expr], RealSet]] = {
    "tuple": _interval,
    "set": _points,
    "relation": _condition,
    "builder": _builder,
    "list": _listed,
    "union": _operation(lambda left, right: _join(left + right)),
    "intersection": _operation(intersect),
    "difference": _operation(lambda left, right: intersect(left, complement(right))),
}
