"""Numbers as they are written: thousands, repeating decimals, other bases, mixed numbers."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ..values.expr import Expr, literal, number
from .atoms import argument, atom, unexpected
from .tokens import ParseError, Token
from .vocabulary import BASES

if TYPE_CHECKING:
    from .grammar import Parser


def number_atom(parser: Parser, token: Token) -> Expr:
    """The number that begins with a token."""
    text = token.text
    if "e" in text.lower():
        mantissa, _, exponent = text.lower().partition("e")
        return Expr("mul", (literal(mantissa), Expr("pow", (number(10), number(int(exponent))))))
    following = parser.peek()
    if "." in text:
        repeating = _repeating(parser)
        if repeating:
            return _repeated(text, repeating)
    elif following.text == "," and not parser.brackets:
        text = _grouped_thousands(parser, text)
    if following.text == "_" and "." not in text:
        return _in_base(parser, text)
    return literal(text)


def _grouped_thousands(parser: Parser, text: str) -> str:
    """`1,234,567`: groups of three digits after a comma without a blank."""
    if len(text) > 3:
        return text
    while (group := parser.peek(1)).kind == "number" and parser.peek().text == ",":
        whole, _, decimals = group.text.partition(".")
        if group.spaced or parser.peek().spaced or len(whole) != 3 or "." in text:
            break
        parser.at += 2
        text += whole + ("." + decimals if decimals else "")
    return text


def _repeating(parser: Parser) -> str:
    """The repeating digits after a decimal point: a bar, dots, or brackets."""
    token, start = parser.peek(), parser.at
    opening = {r"\overline": "{", r"\bar": "{", r"\dot": "{", "(": "("}.get(token.text)
    if opening is None or (opening == "(" and token.spaced):
        return ""
    parser.at += 1
    if opening == "{" and parser.peek().text.isdecimal():
        return parser.take().text
    if opening == "{":
        parser.accept("{")
    digits = parser.take()
    if digits.kind == "number" and digits.text.isdecimal() and parser.accept("}", ")"):
        return digits.text
    parser.at = start
    return ""


def _repeated(text: str, repeating: str) -> Expr:
    whole, _, decimals = text.partition(".")
    shift, period = 10 ** len(decimals), 10 ** len(repeating) - 1
    return number(Fraction(int((whole + decimals) or "0"), shift) + Fraction(int(repeating), period * shift))


def _in_base(parser: Parser, text: str) -> Expr:
    parser.expect("_")
    base = argument(parser)
    if base.op == "text" and base.value.lower() in BASES:
        base = number(BASES.index(base.value.lower()) + 2)
    if base.op != "number" or not 2 <= base.value <= 36 or base.value.denominator != 1:
        raise unexpected(parser.peek())
    if any(int(digit) >= base.value for digit in text):
        raise ParseError(f"{text[:20]} is no number of base {base.value}")
    return number(int(text, int(base.value)))


def is_mixed_fraction(parser: Parser) -> bool:
    """Whether `1 1/2` is ahead, the first 1 being read already."""
    ahead = [parser.peek(i) for i in range(3)]
    whole = parser.tokens[parser.at - 1]
    numbers = whole.text.isdecimal() and ahead[0].text.isdecimal() and ahead[2].text.isdecimal()
    return numbers and ahead[0].spaced and ahead[1].text == "/" and int(ahead[0].text) < int(ahead[2].text)


def mixed_number(parser: Parser, whole: Expr) -> Expr | None:
    r"""`1\frac{1}{2}` and `1 1/2` as a sum, `2\frac{x}{3}` as a product; None when no fraction is ahead."""
    if whole.op != "number" or parser.tokens[parser.at - 1].kind != "number" or whole.value.denominator != 1:
        return None
    if parser.peek().kind == "number":
        part = Expr("div", (number(int(parser.take().text)), number(int(parser.peek(1).text))))
        parser.at += 2
        return parser.postfix(Expr("add", (whole, part)))
    if parser.peek().text == r"\frac":
        part = atom(parser)
        if part.op == "div" and all(side.op == "number" for side in part.args) and part.args[0] != part.args[1]:
            return parser.postfix(Expr("add", (whole, part)))
        return Expr("mul", (whole, parser.postfix(part)))
    return None
