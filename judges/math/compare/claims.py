"""What a statement such as `x = 5`, `f(x) = 2x = y`, `1/3 \\approx 0.33` claims: a name, a value, or an equation."""

from __future__ import annotations

from dataclasses import dataclass

from ..values.expr import Expr, has, symbols, walk
from ..values.rational import exact
from .scalars import Settings, same_value


@dataclass(frozen=True, slots=True)
class Claim:
    """Exactly one of the shapes: a value with or without a name, an equation, or a false equation."""

    value: Expr | None = None
    name: Expr | None = None
    equation: tuple[Expr, Expr] | None = None
    false: bool = False


def claim(expr: Expr, settings: Settings) -> Claim:
    """Read one item of an answer."""
    if expr.op != "relation" or not set(expr.value) <= {"=", "~"}:
        return Claim(value=expr)
    sides, operators = list(expr.args), list(expr.value)
    if len(sides) == 2 and is_name(sides[1]) and not is_name(sides[0]) and not symbols(sides[0]):
        sides.reverse()
    values = [side for side in sides if not symbols(side) and not has(side, "apply")]
    if set(operators) == {"="} and len(values) > 1 and all(is_name(side) or side in values for side in sides[1:]):
        sides = [sides[0], *(side for side in sides[1:] if side in values)]
        operators = ["="] * (len(sides) - 1)
    if operators and set(operators) == {"="} and names_a_quantity(sides[0]) and set(sides[1:]) <= set(values):
        wrong = _false_link(sides[1:], operators[1:], settings)
        return Claim(false=True) if wrong else Claim(value=sides[-1], name=sides[0])
    names = 0
    while names < len(sides) - 1 and is_name(sides[names]) and not _inside(sides[names], sides[names + 1]):
        names += 1
    name = sides[0] if names else None
    sides, operators = sides[names:], operators[names:]
    if name is None and len(sides) == 2 and any(symbols(side) for side in sides):
        if operators == ["="] and sides[0] != sides[1] and same_value(sides[0], sides[1], settings).equal:
            return Claim(value=sides[1])  # (x-1)(x+1) = x^2-1 for all x
        return Claim(equation=(sides[0], sides[1]))
    if _false_link(sides, operators, settings):
        return Claim(false=True)
    exact = operators.index("~") if "~" in operators else len(operators)
    return Claim(value=sides[exact], name=name)


def _inside(name: Expr, value: Expr) -> bool:
    """`x = x + 1` names nothing."""
    return name.op == "symbol" and name.value in symbols(value)


def _false_link(sides: list[Expr], operators: list[str], settings: Settings) -> bool:
    """Whether two sides joined by an equals sign are known to differ."""
    for left, operator, right in zip(sides, operators, sides[1:], strict=False):
        if operator == "=" and same_value(left, right, settings).equal is False:
            return True
        if operator == "~" and right.op == "number" and _far_apart(left, right):
            return True
    return False


def _far_apart(left: Expr, right: Expr) -> bool:
    """Whether a number is no rounding of the other to a whole one, as in 5 ≈ 6."""
    try:
        return abs(exact(left) - exact(right)) > 1 / 2
    except ArithmeticError:
        return False


def is_name(expr: Expr) -> bool:
    """What the left side of a definition looks like: x, f(x), AB, (x, y), V_1 : V_2, |AB|, P(A), a word."""
    if expr.op in ("symbol", "text"):
        return True
    if expr.op == "apply":
        return all(node.op in ("symbol", "number", "neg", "apply") for node in walk(expr))
    if expr.op in ("tuple", "ratio"):
        return all(is_name(arg) for arg in expr.args)
    if expr.op == "call":
        return all(arg.op == "symbol" or _is_segment(arg) for arg in expr.args) and expr.value in _NAMING
    if expr.op == "div":  # dy/dx
        return all(
            arg.op == "mul" and arg.args[0].value in ("d", "partial") and len(arg.args) == 2 for arg in expr.args
        )
    if expr.op == "list":
        return all(arg.op == "symbol" for arg in expr.args)
    if expr.op == "mul" and len(expr.args) == 2 and expr.args[1].op in ("union", "intersection"):  # n(A \cup B)
        return all(node.op in ("mul", "symbol", "union", "intersection") for node in walk(expr))
    return _is_segment(expr)


def names_a_quantity(expr: Expr) -> bool:
    """What is made of several names: `m+n`, `100m+n`, `xyz`, `AB^2`, `m/n`, `|a-b|`, `f(1)+f(2)`, a sum over a_i."""
    names = symbols(expr) | {str(node) for node in walk(expr) if node.op == "apply"}
    if len(names) < 2 or expr.op not in ("add", "mul", "div", "call", "sum"):
        return False
    if has(expr, "pow", "div", "call") and not _COORDINATES.isdisjoint(name[0] for name in symbols(expr)):
        return False  # x^2 + y^2 = 1 is a curve
    return all(node.op in _OF_NAMES or (node.op == "call" and node.value in ("abs", "sqrt")) for node in walk(expr))


_COORDINATES = frozenset("xyzr")
_OF_NAMES = ("add", "mul", "div", "neg", "pow", "sum", "symbol", "number", "apply", "constant", "ellipsis")


_NAMING = ("abs", "sin", "cos", "tan", "cot", "max", "min", "det", "gcd", "lcm")


def _is_segment(expr: Expr) -> bool:
    """A product of capital letters, as in `AB = 4`; of capitals with anything in brackets, as in `P(A)`."""
    return expr.op == "mul" and all(
        node.op == "mul" or (node.op == "symbol" and node.value[:1].isupper()) for node in walk(expr)
    )
