r"""Answers with a declared parameter, `x = 2k\pi, k \in \mathbb{Z}`: its name does not matter, nor if it is said."""

from __future__ import annotations

from ..read.commands import SETS
from ..values.expr import Expr, rebuild, symbols

_DOMAINS = (SETS["Z"], SETS["N"])


def settled(gold: Expr, answer: Expr) -> tuple[Expr, Expr] | None:
    """Both without their declarations and with one name for the parameter; None when they speak of other numbers."""
    sides = [_declaration(gold), _declaration(answer)]
    known = [side for side in sides if side is not None]
    if not known:
        return gold, answer
    if len(known) == 2 and known[0][1] != known[1][1]:
        return None
    stripped = []
    for side, written, other in ((sides[0], gold, answer), (sides[1], answer, gold)):
        if side is not None and other.op == "family":
            stripped.append(Expr("family", (_renamed(side[2], side[0]), side[1]), other.value))
        elif side is not None:
            stripped.append(_renamed(side[2], side[0]))
        else:
            stripped.append(_renamed(written, known[0][0]))
    return stripped[0], stripped[1]


def _declaration(expr: Expr) -> tuple[str, Expr, Expr] | None:
    """The parameter's name, its domain, and the answer without the declaration."""
    if expr.op != "list" or len(expr.args) < 2:
        return None
    last, rest = expr.args[-1], expr.args[:-1]
    if last.op != "relation" or last.value != ("in",) or last.args[0].op != "symbol" or last.args[1] not in _DOMAINS:
        return None
    name = str(last.args[0].value)
    if not any(name in symbols(item) for item in rest):
        return None
    return name, last.args[1], rest[0] if len(rest) == 1 else Expr("list", rest, expr.value)


def _renamed(expr: Expr, name: str) -> Expr:
    parameter = Expr("symbol", value="index")
    return rebuild(expr, lambda node: parameter if node.op == "symbol" and node.value == name else None)
