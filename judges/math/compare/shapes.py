"""Tuples, matrices, ratios, remainders, equations and inequalities: one rule for each shape of a single answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from ..read.clock import same_time
from ..values.expr import Expr, rebuild, symbols
from ..values.rational import exact
from ..values.ratios import numerator
from .claims import Claim
from .scalars import Finding, Settings, proportional, same_value

Pairwise = Callable[[Sequence[Expr], Sequence[Expr], Settings], Finding]


def same_equation(gold: Claim, answer: Claim) -> Finding:
    """Both as `left - right = 0`, up to a constant factor."""
    differences = []
    for side in (gold, answer):
        pair = side.equation or (side.name and side.value and (side.name, side.value))
        if not pair or any(part.op in ("tuple", "text", "list") for part in pair):
            return Finding(False, "different kinds")
        differences.append(numerator(Expr("add", (pair[0], Expr("neg", (pair[1],))))))
    return proportional(differences[0], differences[1])


def _tuple(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    if right.op == "matrix" and all(row.op == "tuple" for row in left.args):  # [[1,2],[3,4]]
        if (len(left.args), *{len(row.args) for row in left.args}) != right.value:
            return Finding(False, "different shapes")
        return pairwise([cell for row in left.args for cell in row.args], right.args, settings)
    if right.op == "matrix" and 1 in right.value:
        return pairwise(left.args, right.args, settings)
    if right.op != "tuple":
        return Finding(False, "different kinds")
    if left.value != right.value and len(left.args) == 2:
        return Finding(False, "different brackets")
    return pairwise(left.args, right.args, settings)


def _matrix(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    if right.op == "tuple":
        return _tuple(right, left, settings, pairwise)
    if right.op != "matrix" or left.value != right.value:
        return Finding(False, "different shapes")
    return pairwise(left.args, right.args, settings)


def _ratio(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    """Ratios are equal up to a factor, times of day only as they are."""
    if right.op == "clock":
        return _clock(right, left, settings, pairwise)
    if right.op != "ratio":
        if len(left.args) != 2:
            return Finding(False, "different kinds")
        return same_value(Expr("div", left.args), right, settings)
    if len(left.args) != len(right.args):
        return Finding(False, "different lengths")
    if any(part.value == 0 for part in (*left.args, *right.args) if part.op == "number"):
        return pairwise(left.args, right.args, settings)
    crossed = [
        [Expr("mul", (mine, other)) for mine in side.args[1:]]
        for side, other in ((left, right.args[0]), (right, left.args[0]))
    ]
    return pairwise(crossed[0], crossed[1], settings)


def _clock(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    return Finding(same_time(left, right), "time of day")


def _family(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    """Unions over an index: one set for each, the same index set."""
    if right.op != "family" or left.value != right.value:
        return Finding(False, "different kinds")
    return pairwise(left.args, right.args, settings)


def _congruence(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    """Remainders of one modulus; a bare number is taken as one."""
    if right.op == "congruence":
        modulus = pairwise(left.args[1:], right.args[1:], settings)
        if not modulus.equal:
            return Finding(modulus.equal, "different moduli")
    return same_value(left, right, settings)


def _antiderivative(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    """An indefinite integral is any function whose derivative is the integrand, never a constant."""
    if len(left.args) != 2 or right.op == "integral":
        return same_value(left, right, settings)
    body, variable = left.args
    if not symbols(right):
        return Finding(False, "different kinds")
    return same_value(Expr("derivative", (right, variable)), body, settings)


def _relation(left: Expr, right: Expr, settings: Settings, pairwise: Pairwise) -> Finding:
    """Inequalities that are no sets of numbers: the same chain, read from either end."""
    if right.op != "relation":
        return Finding(False, "different kinds")
    turned = Expr("relation", right.args[::-1], tuple(_TURNED.get(op, op) for op in right.value[::-1]))
    for other in (right, turned):
        if left.value == other.value:
            finding = pairwise(left.args, other.args, settings)
            if finding.equal:
                return finding
    return _same_inequality(left, right, turned)


_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def _same_inequality(left: Expr, right: Expr, turned: Expr) -> Finding:
    """`a < b` and `c < d` when b - a and d - c are positive multiples of each other."""
    if len(left.args) != 2 or len(right.args) != 2 or left.value[0] not in _TURNED:
        return Finding(False, "different relations")
    other = right if left.value == right.value else turned
    if left.value != other.value:
        return Finding(False, "different relations")
    first, second = (Expr("add", (side.args[1], Expr("neg", (side.args[0],)))) for side in (left, other))
    finding = proportional(first, second)
    if not finding.equal:
        return finding
    return Finding(_same_sign(first, second), "random points")


def _same_sign(left: Expr, right: Expr) -> bool | None:
    """The sign of the constant ratio, read at one small point."""
    names = symbols(left) | symbols(right)
    values = {name: Fraction(2 * place + 3, 7) for place, name in enumerate(sorted(names))}

    def put(node: Expr) -> Expr | None:
        return Expr("number", value=values[node.value]) if node.op == "symbol" else None

    try:
        return exact(rebuild(left, put)) * exact(rebuild(right, put)) > 0
    except ArithmeticError:
        return None


SHAPES: dict[str, Callable[[Expr, Expr, Settings, Pairwise], Finding]] = {
    "clock": _clock,
    "family": _family,
    "matrix": _matrix,
    "tuple": _tuple,
    "ratio": _ratio,
    "relation": _relation,
    "congruence": _congruence,
    "integral": _antiderivative,
}
