"""A value and the words behind it: units, powers of them, `per`, magnitudes, a smaller unit after a larger one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..values.expr import Expr, number
from .tokens import ParseError
from .units import CURRENCIES, TEMPERATURES, Unit, divides, label, lookup
from .vocabulary import IGNORED_IN_UNITS, MAGNITUDES, PROSE

if TYPE_CHECKING:
    from .grammar import Parser


def magnified(parser: Parser, value: Expr) -> Expr | None:
    """`1.5 million`, also of a currency; None when no such word is ahead."""
    scale = MAGNITUDES.get(parser.peek().text.lower())
    if scale is None or parser.tokens[parser.at - 1].kind == "word":
        return None
    parser.at += 1
    if value.op == "quantity":
        return Expr("quantity", (Expr("mul", (value.args[0], number(scale))),), value.value)
    return Expr("mul", (value, number(scale)))


def with_smaller_unit(parser: Parser, larger: Expr) -> Expr:
    """`1 hour 30 minutes` as the sum of both."""
    parts = larger.args if larger.op == "add" else (larger,)
    smaller = with_unit(parser, parser.power())
    if not divides(parts[-1].value, smaller.value):
        raise ParseError("two quantities side by side")
    return Expr("add", (*parts, smaller))


def with_unit(parser: Parser, value: Expr) -> Expr:
    """`value` with the unit that the words after it name; of money there may be `per hour` behind it."""
    unit, sign, found = Unit(), 1, 0
    if value.op == "quantity":
        if value.value not in CURRENCIES.values() and parser.peek().text != "/":
            raise ParseError("words after a unit")
        (value,), unit = value.args, value.value
    money = unit
    while True:
        token = parser.peek()
        if found and token.text == "a" and parser.peek(1).kind == "word":  # of a cup
            parser.at += 1
            continue
        if token.kind == "word" and token.text.lower() not in ("and", "or"):
            one = _one_unit(parser, sign)
            unit, found = unit if one == money else unit * one, found + 1
        elif token.text in ("/", r"\cdot", "*") and parser.peek(1).kind == "word" and (found or token.text == "/"):
            parser.at += 1
            sign = -1 if token.text == "/" else 1
        else:
            return Expr("quantity", (value,), unit)
        if parser.peek(-1).text.lower() == "per":
            sign = -1


def _one_unit(parser: Parser, sign: int) -> Unit:
    word = parser.take().text
    lowered = word.lower()
    if lowered in PROSE:
        raise ParseError("prose")
    if lowered in ("degree", "degrees") and parser.peek().text[:1].upper() in TEMPERATURES:
        return TEMPERATURES[parser.take().text[:1].upper()]
    modifies = lowered in ("square", "cubic", "sq", "cu")
    if lowered == "per" or (lowered in IGNORED_IN_UNITS and not modifies and lookup(word) is None):  # A: ampere
        if parser.accept("^"):
            _unit_power(parser)
        return Unit()
    power = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}.get(lowered, 1)
    if power > 1:
        if parser.peek().kind != "word" or parser.peek().text.lower() in IGNORED_IN_UNITS:
            return Unit()
        word = parser.take().text
    unit = lookup(word) or label(word)
    if parser.accept("^"):
        power = _unit_power(parser)
    elif parser.peek().text.lower() in ("squared", "cubed"):
        power = 2 if parser.take().text.lower() == "squared" else 3
    return Unit((unit**power).dimensions, (unit**power).factor) ** sign


def _unit_power(parser: Parser) -> int:
    braced = parser.accept("{")
    negative = parser.accept("-")
    token = parser.take()
    if token.kind != "number" or not token.text.isdecimal() or len(token.text) > 1:
        raise ParseError("a unit to a strange power")
    if braced:
        parser.expect("}")
    return -int(token.text) if negative else int(token.text)
