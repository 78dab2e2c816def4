"""The tree an answer is parsed into: one small immutable node type for every kind of answer.

A node is an `op`, its `args` and, for leaves and decorated nodes, a `value`:

    number (Fraction)   decimal (Fraction, significant digits, decimals)   symbol (name)   constant (name)
    add mul div pow neg percent            call (function name)            apply (unknown function's name)
    sum product integral limit             matrix ((rows, columns))        pm (+1 or -1)
    tuple (brackets)  set  list (separator)  union intersection difference  builder  ratio  congruence
    family (union or intersection)  clock (seconds, half)
    relation (operators)  quantity (Unit)  text (words)  ellipsis
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ...errors import JuryboxError


@dataclass(frozen=True, slots=True)
class Expr:
    """One node of an answer."""

    op: str
    args: tuple[Expr, ...] = ()
    value: Any = None


class Undecidable(JuryboxError, ArithmeticError):  # noqa: N818
    """This way of evaluating cannot handle the expression."""


class Undefined(JuryboxError, ArithmeticError):  # noqa: N818
    """The expression has no value, as 0/0 has none."""


class TooLarge(Undecidable):
    """Evaluating would take more digits than a judge may spend."""


def number(value: int | Fraction) -> Expr:
    """A rational leaf."""
    return Expr("number", value=Fraction(value))


def literal(text: str) -> Expr:
    """The leaf that digits with or without a decimal point stand for."""
    whole, _, decimals = text.partition(".")
    if not decimals:
        return Expr("number", value=Fraction(int(whole or "0")))
    value = Fraction(int(whole + decimals), 10 ** len(decimals))
    return Expr("decimal", value=(value, len((whole + decimals).lstrip("0")), len(decimals)))


ONE = number(1)
INFINITY = Expr("constant", value="infinity")
REALS = Expr("tuple", (Expr("neg", (INFINITY,)), INFINITY), "()")
EMPTY = Expr("set")
INTEGERS = Expr("symbol", value="set Z")


def walk(expr: Expr) -> Iterator[Expr]:
    """Every node, parents first, without recursion."""
    stack = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(node.args)


def is_deeper(expr: Expr, limit: int) -> bool:
    """Whether any node lies more than `limit` levels down, found without recursion."""
    level = [expr]
    for _ in range(limit + 1):
        level = [arg for node in level for arg in node.args]
        if not level:
            return False
    return True


def symbols(expr: Expr) -> frozenset[str]:
    """Names of the free variables (bound ones of sums and integrals are left in: they do no harm)."""
    return frozenset(node.value for node in walk(expr) if node.op == "symbol")


def has(expr: Expr, *ops: str) -> bool:
    """Whether any node has one of these ops."""
    stack = [expr]  # the loop of `walk`, whose generator costs more than the comparing does
    while stack:
        node = stack.pop()
        if node.op in ops:
            return True
        stack.extend(node.args)
    return False


def rebuild(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """A copy in which every node for which `change` gives a replacement is replaced."""
    replacement = change(expr)
    if replacement is not None:
        return replacement
    args = tuple(rebuild(arg, change) for arg in expr.args)
    return expr if args == expr.args else Expr(expr.op, args, expr.value)


def is_infinite(expr: Expr) -> int:
    """+1 or -1 for plus or minus infinity, 0 for anything else."""
    if expr == INFINITY:
        return 1
    return -1 if expr.op == "neg" and expr.args[0] == INFINITY else 0
