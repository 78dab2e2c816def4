"""The single answers that a list, a set or a plus-minus stands for."""

from __future__ import annotations

from ..values.expr import Expr, has, rebuild


def items_of(expr: Expr) -> list[Expr]:
    """The items of a list or finite set with both signs of every plus-minus; anything else is one item."""
    if expr.op == "list" and expr.value == ";":
        return [_assigned_tuple(item) for item in expr.args]
    if expr.op in ("list", "set"):
        return [single for item in expr.args for single in items_of(item)]
    if expr.op == "union" and all(arg.op in ("set", "union") for arg in expr.args):
        return [single for arg in expr.args for single in items_of(arg)]
    if expr.op == "relation" and expr.value[-1] == "in" and expr.args[-1].op in ("set", "list"):
        return items_of(expr.args[-1])
    if has(expr, "pm"):
        return [_signed(expr, 1), _signed(expr, -1)]
    return [expr]


def _signed(expr: Expr, sign: int) -> Expr:
    def choose(node: Expr) -> Expr | None:
        if node.op != "pm":
            return None
        inside = _signed(node.args[0], sign)
        return inside if node.value == sign else Expr("neg", (inside,))

    return rebuild(expr, choose)


def _assigned_tuple(group: Expr) -> Expr:
    """`p=5, q=2` as the pair it assigns."""
    if group.op != "list":
        return group
    values = [item.args[-1] if item.op == "relation" else item for item in group.args]
    return Expr("tuple", tuple(values), "()")


def mixed_number(expr: Expr, beside: Expr) -> Expr:
    """`3 and 1/2` as a sum beside an answer that is no list."""
    if expr.op != "list" or expr.value != "and" or len(expr.args) != 2 or beside.op in ("list", "set", "tuple"):
        return expr
    whole, part = expr.args
    unit = part.value if part.op == "quantity" else None
    part = part.args[0] if unit is not None else part
    if whole.op != "number" or part.op != "div" or any(side.op != "number" for side in part.args):
        return expr
    if not 0 < part.args[0].value < part.args[1].value:
        return expr
    mixed = Expr("add", (whole, part))
    return mixed if unit is None else Expr("quantity", (mixed,), unit)
