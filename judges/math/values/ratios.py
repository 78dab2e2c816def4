"""The numerator of a rational expression: what is zero where an equation with denominators holds."""

from __future__ import annotations

from .expr import ONE, Expr

MAX_FRACTIONS = 6  # added up; each multiplies the terms of the others


def numerator(expr: Expr) -> Expr:
    """`y - 6/x` as `xy - 6`; an expression without denominators stays as it is."""
    return _fraction(expr)[0]


def _fraction(expr: Expr) -> tuple[Expr, Expr]:
    """Numerator and denominator, not reduced."""
    if expr.op == "neg":
        top, bottom = _fraction(expr.args[0])
        return Expr("neg", (top,)), bottom
    if expr.op == "div":
        (a, b), (c, d) = (_fraction(arg) for arg in expr.args)
        return _product(a, d), _product(b, c)
    if expr.op == "mul":
        parts = [_fraction(arg) for arg in expr.args]
        return _product(*(top for top, _ in parts)), _product(*(bottom for _, bottom in parts))
    if expr.op == "add":
        return _sum([_fraction(arg) for arg in expr.args], expr)
    return expr, ONE


def _product(*factors: Expr) -> Expr:
    kept = tuple(factor for factor in factors if factor != ONE)
    return kept[0] if len(kept) == 1 else Expr("mul", kept) if kept else ONE


def _sum(parts: list[tuple[Expr, Expr]], whole: Expr) -> tuple[Expr, Expr]:
    bottoms = [bottom for _, bottom in parts if bottom != ONE]
    if not bottoms or len(bottoms) > MAX_FRACTIONS:
        return whole, ONE
    terms = []
    for place, (top, _) in enumerate(parts):
        others = (bottom for other, (_, bottom) in enumerate(parts) if other != place)
        terms.append(_product(top, *others))
    return Expr("add", tuple(terms)), _product(*bottoms)
