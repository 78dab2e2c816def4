"""Bare letters read as units: `20 m/s` beside an answer that has a unit."""

from __future__ import annotations

from ..values.expr import Expr, has, number, symbols
from .units import Unit, lookup


def measured(expr: Expr, bare: bool = False) -> Expr | None:
    """A product or quotient of numbers and one-letter units as one quantity; None when there is anything else.

    Args:
        bare: a number without a unit is a quantity too.
    """
    found = _measure(expr)
    if found is None or not (found[1].dimensions or bare):
        return None
    return Expr("quantity", found[:1], found[1])


def _measure(expr: Expr) -> tuple[Expr, Unit] | None:
    if not symbols(expr) and not has(expr, "quantity", "percent", "text", "relation", "list", "set", "tuple", "matrix"):
        return expr, Unit()
    if expr.op == "symbol":
        unit = lookup(expr.value)
        return (number(1), unit) if unit else None
    if expr.op == "quantity":
        inner = _measure(expr.args[0])
        return inner and (inner[0], inner[1] * expr.value)
    if expr.op == "pow":
        return _power(*expr.args)
    if expr.op not in ("neg", "mul", "div"):
        return None
    parts = [_measure(arg) for arg in expr.args]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    unit = known[0][1]
    for _, other in known[1:]:
        unit = unit * (other**-1 if expr.op == "div" else other)
    return Expr(expr.op, tuple(value for value, _ in known)), unit


def _power(base: Expr, exponent: Expr) -> tuple[Expr, Unit] | None:
    sign, size = (-1, exponent.args[0]) if exponent.op == "neg" else (1, exponent)
    unit = lookup(base.value) if base.op == "symbol" else None
    if unit is None or size.op != "number" or size.value not in range(1, 5):
        return None
    return number(1), unit ** (sign * int(size.value))
