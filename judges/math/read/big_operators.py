"""Sums, products, integrals, limits, and unions over an index: commands with bounds and a body."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..values.expr import INFINITY, INTEGERS, ONE, Expr, rebuild
from .atoms import argument, atom, unexpected

if TYPE_CHECKING:
    from .grammar import Parser


def big(op: str) -> Callable[[Parser], Expr]:
    """Sums and products with bounds."""

    def read(parser: Parser) -> Expr:
        parser.expect("_")
        start = argument(parser)
        parser.expect("^")
        stop = argument(parser)
        if start.op != "relation" or start.value != ("=",) or start.args[0].op not in ("symbol", "constant"):
            raise unexpected(parser.peek())
        variable = Expr("symbol", value=start.args[0].value)
        return Expr(op, (_bound(parser.factors(), variable), variable, start.args[1], stop))

    return read


def family(op: str) -> Callable[[Parser], Expr]:
    """A union or intersection over an index; the name of the index does not matter."""

    def read(parser: Parser) -> Expr:
        parser.expect("_")
        over = argument(parser)
        if over.op != "relation" or len(over.args) != 2 or over.args[0].op not in ("symbol", "constant"):
            raise unexpected(parser.peek())
        variable = Expr("symbol", value=over.args[0].value)
        domain: tuple[Expr, ...] = (over.args[1],)
        if over.value == ("=",):
            parser.expect("^")
            domain = (over.args[1], argument(parser))
            domain = (INTEGERS,) if domain == (Expr("neg", (INFINITY,)), INFINITY) else domain
        body = _bound(parser.ratio(), variable)
        index = Expr("symbol", value="index")
        return Expr("family", (rebuild(body, lambda node: index if node == variable else None), *domain), op)

    return read


def _bound(body: Expr, variable: Expr) -> Expr:
    """In a sum over i the letter i is the index, not the imaginary unit."""
    constant = Expr("constant", value=variable.value)
    return rebuild(body, lambda node: variable if node == constant else None)


def integral(parser: Parser) -> Expr:
    bounds: tuple[Expr, ...] = ()
    if parser.accept("_"):
        low = argument(parser)
        parser.expect("^")
        bounds = (low, argument(parser))
    parser.differentials += 1
    body = ONE if parser.peek().text == "d" else parser.sum()
    parser.differentials -= 1
    parser.expect("d")
    variable = atom(parser)
    return Expr("integral", (body, variable, *bounds))


def limit(parser: Parser) -> Expr:
    parser.expect("_")
    towards = argument(parser)
    if towards.op != "relation" or towards.value != ("to",):
        raise unexpected(parser.peek())
    return Expr("limit", (parser.factors(), *towards.args))
