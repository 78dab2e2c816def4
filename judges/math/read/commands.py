"""What each LaTeX command stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..values.expr import EMPTY, INFINITY, ONE, REALS, Expr, number
from . import big_operators
from .atoms import argument, atom, bracket, group, raw, symbol, unexpected
from .tokens import ParseError, Token
from .units import CURRENCIES, Unit
from .vocabulary import ACCENTS, FUNCTIONS, GREEK, STYLES

if TYPE_CHECKING:
    from .grammar import Parser

CONSTANTS = {
    r"\pi": Expr("constant", value="pi"), r"\infty": INFINITY, r"\emptyset": EMPTY,
    r"\ldots": Expr("ellipsis"), r"\top": Expr("symbol", value="top"), r"\intercal": Expr("symbol", value="top"),
    r"\Re": Expr("symbol", value="Re"),
}  # fmt: skip
SETS = {"R": REALS, **{name: Expr("symbol", value=f"set {name}") for name in "ZNQC"}}
_SAME_FUNCTION = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "arcsec": "asec",
                  "arccsc": "acsc", "sign": "sgn", "Gamma": "gamma"}  # fmt: skip
_INVERSE = {"sin": "asin", "cos": "acos", "tan": "atan", "cot": "acot", "sec": "asec", "csc": "acsc",
            "sinh": "asinh", "cosh": "acosh", "tanh": "atanh"}  # fmt: skip
_MOST_ARGUMENTS = {"log": 2, "ln": 2, **dict.fromkeys(("max", "min", "gcd", "lcm"), 1000)}
_DIFFERENTIALS = (Expr("symbol", value="d"), Expr("symbol", value="partial"))


def command(parser: Parser, text: str) -> Expr:
    """The operand that begins with a command."""
    if text in CONSTANTS:
        return CONSTANTS[text]
    name = text[1:]
    if name in GREEK and not (name in ("zeta", "Gamma") and parser.peek().text == "("):
        return symbol(parser, name)
    if text in _COMMANDS:
        return _COMMANDS[text](parser)
    if name in FUNCTIONS:
        return _function(parser, name)
    if name in STYLES:
        return argument(parser) if parser.peek().text == "{" else atom(parser)
    if name in ACCENTS:
        return Expr("symbol", value=f"{name} {raw(parser)}")
    raise unexpected(Token("command", text, False))


def _figure(parser: Parser) -> Expr:
    r"""`\angle ABC`, `\triangle ABC`: one name."""
    letters = []
    while parser.peek().kind == "symbol":
        letters.append(parser.take().text)
    if not letters:
        raise unexpected(parser.peek())
    return Expr("symbol", value="figure " + "".join(letters))


def _fraction(parser: Parser) -> Expr:
    top = argument(parser)
    bottom = argument(parser)
    if top in _DIFFERENTIALS and bottom.op == "mul" and len(bottom.args) == 2 and bottom.args[0] == top:
        return Expr("derivative", (parser.factors(), bottom.args[1]))
    return Expr("div", (top, bottom))


def _root(parser: Parser) -> Expr:
    index = None
    if parser.accept("["):
        index = parser.sum()
        parser.expect("]")
    token = parser.peek()
    inside = atom(parser) if token.kind == "number" or token.text == "(" else argument(parser)
    return Expr("call", (inside,), "sqrt") if index is None else Expr("call", (inside, index), "root")


def _binomial(parser: Parser) -> Expr:
    if parser.peek().text == "(":
        parser.at += 1
        pair = bracket(parser, "(")
        if pair.op != "tuple" or len(pair.args) != 2:
            raise ParseError("a binomial of other than two things")
        return Expr("call", pair.args, "binomial")
    top = argument(parser)
    return Expr("call", (top, argument(parser)), "binomial")


def _function(parser: Parser, name: str) -> Expr:
    r"""`\sin x`, `\sin^2 x`, `\tan^{-1}(1)`, `\log_2 8`: the argument reaches over products, not over sums."""
    name = _SAME_FUNCTION.get(name, name)
    base = argument(parser) if name in ("log", "ln") and parser.accept("_") else None
    exponent = parser.exponent() if parser.accept("^", "**") else None
    if exponent == Expr("neg", (ONE,)) and name in _INVERSE:
        name, exponent = _INVERSE[name], None
    args = _function_arguments(parser)
    if base is not None:
        args = (*args, base)
    if not (1 <= len(args) <= _MOST_ARGUMENTS.get(name, 1)):
        raise ParseError(f"{name} of {len(args)} things")
    expr = Expr("call", args, name)
    return expr if exponent is None else Expr("pow", (expr, exponent))


def _function_arguments(parser: Parser) -> tuple[Expr, ...]:
    token = parser.peek()
    if token.text in ("(", "["):
        parser.at += 1
        inside = bracket(parser, token.text)
        return inside.args if inside.op == "tuple" else (inside,)
    if token.text in ("{", "|"):
        parser.at += token.text == "{"
        return (group(parser) if token.text == "{" else parser.power(),)
    if token.text in ("+", "-"):
        return (parser.unary(),)
    expr = parser.power()
    while _continues_argument(parser):
        expr = times(expr, parser.power())
    return expr.args if expr.op == "set" else (expr,)


def _continues_argument(parser: Parser) -> bool:
    token = parser.peek()
    if token.kind == "command":
        return token.text in (r"\pi", r"\frac", r"\sqrt") or token.text[1:] in GREEK
    return token.kind in ("symbol", "number") and parser.starts_factor(token)


def _rounded(closing: str, name: str) -> Callable[[Parser], Expr]:
    def read(parser: Parser) -> Expr:
        inside = parser.sum()
        parser.expect(closing)
        return Expr("call", (inside,), name)

    return read


def _set(parser: Parser) -> Expr:
    if parser.accept(r"\}"):
        return EMPTY
    if parser.peek().text == r"\begin":
        parser.at += 1
        inside = _matrix(parser)
        if not parser.accept(r"\}"):  # the brace of a system of equations
            return Expr("list", inside.args, ",")
        return Expr("set", inside.args)
    parser.brackets += 1
    saved, parser.braces, parser.bars = (parser.braces, parser.bars), 1, 0
    inside = parser.listing()
    if parser.accept(":", "|"):
        parser.braces = 0
        inside = Expr("builder", (inside, parser.listing()))
    parser.expect(r"\}")
    parser.brackets -= 1
    parser.braces, parser.bars = saved
    if inside.op == "builder":
        return inside
    return Expr("set", inside.args if inside.op == "list" else (inside,))


def times(left: Expr, right: Expr) -> Expr:
    """A product, kept flat so that long ones are not deep."""
    factors = left.args if left.op == "mul" and left.args[-1].value != "degree" else (left,)
    return Expr("mul", (*factors, right))


def _angle_tuple(parser: Parser) -> Expr:
    return bracket(parser, r"\langle")


def _matrix(parser: Parser) -> Expr:
    kind = raw(parser)
    if kind == "array":
        raw(parser)
    if kind in ("cases", "aligned"):
        return _system(parser)
    if kind not in ("pmatrix", "bmatrix", "matrix", "Bmatrix", "smallmatrix", "array", "vmatrix"):
        raise unexpected(Token("command", kind, False))
    rows: list[list[Expr]] = [[]]
    while True:
        if parser.peek().text != r"\end":
            rows[-1].append(parser.relation())
        separator = parser.expect("&", r"\\", r"\end")
        if separator == r"\end":
            break
        if separator == r"\\" and parser.peek().text != r"\end":
            rows.append([])
    raw(parser)
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise unexpected(parser.peek())
    matrix = Expr("matrix", tuple(cell for row in rows for cell in row), (len(rows), len(rows[0])))
    return Expr("call", (matrix,), "det") if kind == "vmatrix" else matrix


def _system(parser: Parser) -> Expr:
    """Equations under one another, as a list."""
    rows = [parser.relation()]
    while parser.expect(r"\\", ",", r"\end") != r"\end":
        if parser.peek().text not in (r"\end", r"\\"):
            rows.append(parser.relation())
    raw(parser)
    return Expr("list", tuple(rows), ",")


def _blackboard(parser: Parser) -> Expr:
    name = raw(parser)
    if name not in SETS:
        raise unexpected(Token("mark", name, False))
    power = parser.accept("^") and raw(parser)
    if power == "+":
        return Expr("tuple", (number(0), INFINITY), "()")
    return Expr("symbol", value=f"set {name}^{power}") if power else SETS[name]


def _currency(unit: Unit) -> Callable[[Parser], Expr]:
    def read(parser: Parser) -> Expr:
        return Expr("quantity", (parser.unary(),), unit)

    return read


def _diagonal(parser: Parser) -> Expr:
    parser.expect("(")
    entries = bracket(parser, "(")
    items = entries.args if entries.op == "tuple" else (entries,)
    size = len(items)
    zero = number(0)
    cells = tuple(items[i] if i == j else zero for i in range(size) for j in range(size))
    return Expr("matrix", cells, (size, size))


def _partial(parser: Parser) -> Expr:
    return _DIFFERENTIALS[1]


def _square_root_of_minus_one(parser: Parser) -> Expr:
    return Expr("constant", value="i")


_COMMANDS: dict[str, Callable[[Parser], Expr]] = {
    **{sign: _currency(unit) for sign, unit in CURRENCIES.items()},
    r"\frac": _fraction, r"\sqrt": _root, r"\binom": _binomial, r"\{": _set,
    r"\lfloor": _rounded(r"\rfloor", "floor"), r"\lceil": _rounded(r"\rceil", "ceil"), r"\|": _rounded(r"\|", "abs"),
    r"\langle": _angle_tuple, r"\angle": _figure, r"\triangle": _figure, r"\begin": _matrix,
    r"\sum": big_operators.big("sum"), r"\prod": big_operators.big("product"),
    r"\bigcup": big_operators.family("union"), r"\bigcap": big_operators.family("intersection"),
    r"\int": big_operators.integral, r"\lim": big_operators.limit, r"\mathbb": _blackboard, r"\diag": _diagonal,
    r"\partial": _partial, r"\imath": _square_root_of_minus_one,
}  # fmt: skip
FACTORS = frozenset([*CONSTANTS, *_COMMANDS, *("\\" + name for name in GREEK | FUNCTIONS | STYLES | ACCENTS)]) - {
    r"\ldots",
    r"\{",
    r"\|",
    r"\emptyset",
    r"\langle",
    r"\bigcup",
    r"\bigcap",
    *CURRENCIES,
}
