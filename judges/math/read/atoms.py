"""The atoms of the grammar: names, brackets, groups and the arguments of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..values.expr import Expr, literal, number
from .tokens import ParseError, Token
from .units import TEMPERATURES

if TYPE_CHECKING:
    from .grammar import Parser

_OPENING = {"(": (")", "]"), "[": ("]", ")", "["), "]": ("[", "]"), r"\langle": (r"\rangle",), "<": (">",)}
_OPENED, _CLOSED = {"]": "("}, {"[": ")"}  # ]a, b[ is the open interval
_OPAQUE = frozenset("fgFG")  # names that are functions when a bracket follows at once


def atom(parser: Parser) -> Expr:
    """One operand, with its subscript or arguments."""
    token = parser.take()
    if token.kind == "number":
        return parser.number(token)
    if token.kind == "symbol":
        return symbol(parser, token.text)
    if token.kind == "word":
        return _words(parser, token)
    if token.kind == "command":
        return parser.command(token.text)
    if token.text in ("(", "[", "]"):
        return bracket(parser, token.text)
    if token.text == "{":
        return group(parser)
    if token.text == "|":
        parser.bars += 1
        inside = parser.sum()
        parser.bars -= 1
        parser.expect("|")
        return Expr("call", (inside,), "abs")
    raise unexpected(token)


def unexpected(token: Token) -> ParseError:
    """The error for a token that cannot stand where it does."""
    return ParseError(f"unexpected {token.text or 'end'}")


def _words(parser: Parser, first: Token) -> Expr:
    words = [first.text]
    while parser.peek().kind in ("word", "symbol") and parser.peek().text.lower() not in ("and", "or"):
        words.append(parser.take().text)
    return Expr("text", value=" ".join(words))


def symbol(parser: Parser, name: str) -> Expr:
    """A variable with its subscript and primes, a constant, or an unknown function at its arguments."""
    plain = name
    if parser.accept("_"):
        name += "_" + raw(parser)
    while parser.peek().text == "'" or (parser.peek().text == "^" and parser.peek(1).text == r"\prime"):
        parser.at += 1 if parser.peek().text == "'" else 2
        name += "'"
    if name == "e" or name == "i":
        return Expr("constant", value=name)
    if plain in _OPAQUE and parser.peek().text == "(" and not parser.peek().spaced:
        parser.at += 1
        inside = bracket(parser, "(")
        return Expr("apply", inside.args if inside.op == "tuple" else (inside,), name)
    return Expr("symbol", value=name)


def raw(parser: Parser) -> str:
    """A subscript as written, whatever is in it."""
    if not parser.accept("{"):
        return parser.take().text
    depth, pieces = 1, []
    while depth:
        token = parser.take()
        if token.kind == "end":
            raise unexpected(token)
        depth += (token.text == "{") - (token.text == "}")
        pieces.append(token.text)
    return "".join(pieces[:-1])


def bracket(parser: Parser, opening: str) -> Expr:
    """A group, a tuple or an interval: which of the last two, the comparison decides."""
    parser.brackets += 1
    saved, parser.bars, parser.braces = (parser.bars, parser.braces), 0, 0
    inside = parser.listing()
    closing = parser.expect(*_OPENING[opening])
    parser.brackets -= 1
    parser.bars, parser.braces = saved
    if inside.op == "list":
        brackets = (
            "()" if opening in (r"\langle", "<") else _OPENED.get(opening, opening) + _CLOSED.get(closing, closing)
        )
        return Expr("tuple", inside.args, brackets)
    return inside


def group(parser: Parser) -> Expr:
    """The rest of a group whose brace was read; an empty one is skipped."""
    saved, parser.bars = parser.bars, 0
    if parser.accept("}"):
        return argument(parser)
    inside = over(parser, parser.listing())
    parser.expect("}")
    parser.bars = saved
    return inside


def over(parser: Parser, top: Expr) -> Expr:
    r"""Plain TeX's `{a \over b}` and `{n \choose k}`."""
    if parser.accept(r"\over"):
        return Expr("div", (top, parser.listing()))
    if parser.accept(r"\choose"):
        return Expr("call", (top, parser.listing()), "binomial")
    return top


def argument(parser: Parser) -> Expr:
    r"""What a command takes: a group, or one digit, letter or command (`\frac12`)."""
    token = parser.peek()
    if token.text == "{":
        parser.at += 1
        return group(parser)
    if token.kind == "number" and len(token.text) > 1 and token.text.isdecimal():
        parser.tokens[parser.at] = Token("number", token.text[1:], False)
        return number(int(token.text[0]))
    if token.kind == "number" and "e" not in token.text.lower():
        parser.at += 1
        return literal(token.text)
    return atom(parser)


def degrees(parser: Parser, expr: Expr) -> Expr | None:
    r"""`expr` in degrees when `\circ` is the exponent ahead."""
    braced = parser.peek().text == "{" and parser.peek(1).text in (r"\circ", "o")
    if not braced and parser.peek().text != r"\circ":
        return None
    parser.at += 3 if braced else 1
    scale = parser.peek().text
    if scale in ("C", "F") and expr.op in ("number", "decimal", "neg"):
        parser.at += 1
        return Expr("quantity", (expr,), TEMPERATURES[scale])
    return Expr("mul", (expr, Expr("constant", value="degree")))
