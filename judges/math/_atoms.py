"""The atoms of the grammar: numbers, names, brackets and what each LaTeX command stands for."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from ._expr import EMPTY, INFINITY, ONE, REALS, Expr, number
from ._tokens import FUNCTIONS, Token
from ._units import DOLLAR, EURO, STERLING, Unit, label

if TYPE_CHECKING:
    from ._parser import Parser

CONSTANTS = {
    r"\pi": Expr("constant", value="pi"), r"\infty": INFINITY, r"\emptyset": EMPTY,
    r"\ldots": Expr("ellipsis"), r"\Re": Expr("symbol", value="Re"),
}  # fmt: skip
SETS = {"R": REALS, **{name: Expr("symbol", value=f"set {name}") for name in "ZNQC"}}
_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega "
    "Gamma Delta Theta Lambda Xi Sigma Upsilon Phi Psi Omega ell hbar".split()
)
_STYLES = frozenset(
    "mathbf mathit mathsf mathcal mathfrak boldsymbol bm mathrm displaystyle boxed fbox text mbox textbf textrm textit "
    "operatorname".split())
_ACCENTS = frozenset("overline bar vec hat tilde overrightarrow widehat dot underline".split())
_SAME_FUNCTION = {"arcsin": "asin", "arccos": "acos", "arctan": "atan", "arccot": "acot", "arcsec": "asec",
                  "arccsc": "acsc", "sign": "sgn", "Gamma": "gamma"}  # fmt: skip
_INVERSE = {"sin": "asin", "cos": "acos", "tan": "atan", "cot": "acot", "sec": "asec", "csc": "acsc",
            "sinh": "asinh", "cosh": "acosh", "tanh": "atanh"}  # fmt: skip
_OPENING = {"(": (")", "]"), "[": ("]", ")", "["), "]": ("[", "]"), r"\langle": (r"\rangle",), "<": (">",)}
CURRENCIES = {r"\$": DOLLAR, r"\euro": EURO, r"\pounds": STERLING}
_OPENED, _CLOSED = {"]": "("}, {"[": ")"}  # ]a, b[ is the open interval
_BASES = "two three four five six seven eight nine ten eleven twelve".split()
_OPAQUE = frozenset("fgFG")  # names that are functions when a bracket follows at once


def atom(parser: Parser) -> Expr:
    """One operand, with its subscript or arguments."""
    token = parser.take()
    if token.kind == "number":
        return _number(parser, token)
    if token.kind == "symbol":
        return _symbol(parser, token.text)
    if token.kind == "word":
        return _words(parser, token)
    if token.kind == "command":
        return _command(parser, token.text)
    if token.text in ("(", "[", "]"):
        return _bracket(parser, token.text)
    if token.text == "{":
        return _group(parser)
    if token.text == "|":
        parser.bars += 1
        inside = parser.sum()
        parser.bars -= 1
        parser.expect("|")
        return Expr("call", (inside,), "abs")
    raise _unexpected(token)


def _unexpected(token: Token) -> ValueError:
    from ._parser import ParseError

    return ParseError(f"unexpected {token.text or 'end'}")


def _words(parser: Parser, first: Token) -> Expr:
    words = [first.text]
    while parser.peek().kind in ("word", "symbol") and parser.peek().text.lower() not in ("and", "or"):
        words.append(parser.take().text)
    return Expr("text", value=" ".join(words))


# Numbers.


def _number(parser: Parser, token: Token) -> Expr:
    text = token.text
    if "e" in text.lower():
        mantissa, _, exponent = text.lower().partition("e")
        return Expr("mul", (_literal(mantissa), Expr("pow", (number(10), number(int(exponent))))))
    following = parser.peek()
    if "." in text:
        repeating = _repeating(parser)
        if repeating:
            return _repeated(text, repeating)
    elif following.text == "," and not parser.brackets:
        text = _grouped_thousands(parser, text)
    if following.text == "_" and "." not in text:
        return _in_base(parser, text)
    return _literal(text)


def _literal(text: str) -> Expr:
    whole, dot, decimals = text.partition(".")
    value = Fraction(int(whole + decimals or "0"), 10 ** len(decimals))
    if not dot or not decimals:
        return Expr("number", value=value)
    return Expr("decimal", value=(value, len((whole + decimals).lstrip("0")), len(decimals)))


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
    if opening == "{" and parser.peek().kind == "number":
        return parser.take().text
    if opening == "{":
        parser.accept("{")
    digits = parser.take()
    if digits.kind == "number" and digits.text.isdigit() and parser.accept("}", ")"):
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
    if base.op == "text" and base.value.lower() in _BASES:
        base = number(_BASES.index(base.value.lower()) + 2)
    if base.op != "number" or not 2 <= base.value <= 36 or base.value.denominator != 1:
        raise _unexpected(parser.peek())
    return number(int(text, int(base.value)))


def is_mixed_fraction(parser: Parser) -> bool:
    """Whether `1 1/2` is ahead, the first 1 being read already."""
    ahead = [parser.peek(i) for i in range(3)]
    whole = parser.tokens[parser.at - 1]
    numbers = whole.text.isdigit() and ahead[0].text.isdigit() and ahead[2].text.isdigit()
    return numbers and ahead[0].spaced and ahead[1].text == "/" and int(ahead[0].text) < int(ahead[2].text)


def mixed_number(parser: Parser, whole: Expr) -> Expr | None:
    r"""`1\frac{1}{2}` and `1 1/2` as a sum, `2\frac{x}{3}` as a product; None when no fraction is ahead."""
    if whole.op != "number" or parser.tokens[parser.at - 1].kind != "number" or whole.value.denominator != 1:
        return None
    if parser.peek().kind == "number":
        part = Expr("div", (number(int(parser.take().text)), number(int(parser.peek(1).text))))
        parser.at += 2
        return Expr("add", (whole, part))
    if parser.peek().text == r"\frac":
        part = parser.power()
        if part.op == "div" and all(side.op == "number" for side in part.args) and part.args[0] != part.args[1]:
            return Expr("add", (whole, part))
        return Expr("mul", (whole, part))
    return None


# Names and brackets.


def _symbol(parser: Parser, name: str) -> Expr:
    plain = name
    if parser.accept("_"):
        name += "_" + _raw(parser)
    while parser.peek().text == "'" or (parser.peek().text == "^" and parser.peek(1).text == r"\prime"):
        parser.at += 1 if parser.peek().text == "'" else 2
        name += "'"
    if name == "e" or name == "i":
        return Expr("constant", value=name)
    if plain in _OPAQUE and parser.peek().text == "(" and not parser.peek().spaced:
        parser.at += 1
        inside = _bracket(parser, "(")
        return Expr("apply", inside.args if inside.op == "tuple" else (inside,), name)
    return Expr("symbol", value=name)


def _raw(parser: Parser) -> str:
    """A subscript as written, whatever is in it."""
    if not parser.accept("{"):
        return parser.take().text
    depth, pieces = 1, []
    while depth:
        token = parser.take()
        if token.kind == "end":
            raise _unexpected(token)
        depth += (token.text == "{") - (token.text == "}")
        pieces.append(token.text)
    return "".join(pieces[:-1])


def _bracket(parser: Parser, opening: str) -> Expr:
    """A group, a tuple or an interval: which of the last two, the comparison decides."""
    parser.brackets += 1
    saved, parser.bars, parser.braces = (parser.bars, parser.braces), 0, 0
    inside = parser.listing()
    closing = parser.expect(*_OPENING[opening])
    parser.brackets -= 1
    parser.bars, parser.braces = saved
    if inside.op == "list":
        brackets = "()" if opening in (r"\langle", "<") else _OPENED.get(opening, opening) + _CLOSED.get(closing, closing)
        return Expr("tuple", inside.args, brackets)
    return inside


def _group(parser: Parser) -> Expr:
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
        return _group(parser)
    if token.kind == "number" and len(token.text) > 1 and token.text.isdigit():
        parser.tokens[parser.at] = Token("number", token.text[1:], False)
        return number(int(token.text[0]))
    if token.kind == "number":
        parser.at += 1
        return _literal(token.text)
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
        return Expr("quantity", (expr,), label(f"degree {scale}"))
    return Expr("mul", (expr, Expr("constant", value="degree")))


# Commands.


def _command(parser: Parser, text: str) -> Expr:
    if text in CONSTANTS:
        return CONSTANTS[text]
    name = text[1:]
    if name in _GREEK and not (name in ("zeta", "Gamma") and parser.peek().text == "("):
        return _symbol(parser, name)
    if text in _COMMANDS:
        return _COMMANDS[text](parser)
    if name in FUNCTIONS:
        return _function(parser, name)
    if name in _STYLES:
        return argument(parser) if parser.peek().text == "{" else atom(parser)
    if name in _ACCENTS:
        return Expr("symbol", value=f"{name} {_raw(parser)}")
    raise _unexpected(Token("command", text, False))


def _figure(parser: Parser) -> Expr:
    r"""`\angle ABC`, `\triangle ABC`: one name."""
    letters = []
    while parser.peek().kind == "symbol":
        letters.append(parser.take().text)
    if not letters:
        raise _unexpected(parser.peek())
    return Expr("symbol", value="figure " + "".join(letters))


def _fraction(parser: Parser) -> Expr:
    top = argument(parser)
    return Expr("div", (top, argument(parser)))


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
        pair = _bracket(parser, "(")
        return Expr("call", pair.args, "binomial")
    top = argument(parser)
    return Expr("call", (top, argument(parser)), "binomial")


def _function(parser: Parser, name: str) -> Expr:
    r"""`\sin x`, `\sin^2 x`, `\tan^{-1}(1)`, `\log_2 8`: the argument reaches over products, not over sums."""
    name = _SAME_FUNCTION.get(name, name)
    base = argument(parser) if name in ("log", "ln") and parser.accept("_") else None
    exponent = parser._exponent() if parser.accept("^", "**") else None
    if exponent == Expr("neg", (ONE,)) and name in _INVERSE:
        name, exponent = _INVERSE[name], None
    args = _function_arguments(parser)
    if base is not None:
        args = (*args, base)
    expr = Expr("call", args, name)
    return expr if exponent is None else Expr("pow", (expr, exponent))


def _function_arguments(parser: Parser) -> tuple[Expr, ...]:
    token = parser.peek()
    if token.text in ("(", "["):
        parser.at += 1
        inside = _bracket(parser, token.text)
        return inside.args if inside.op == "tuple" else (inside,)
    if token.text in ("{", "|"):
        parser.at += token.text == "{"
        return (_group(parser) if token.text == "{" else parser.power(),)
    if token.text in ("+", "-"):
        return (parser.unary(),)
    expr = parser.power()
    while _continues_argument(parser):
        expr = times(expr, parser.power())
    return (expr,)


def _continues_argument(parser: Parser) -> bool:
    token = parser.peek()
    if token.kind == "command":
        return token.text in (r"\pi", r"\frac", r"\sqrt") or token.text[1:] in _GREEK
    return token.kind in ("symbol", "number") and parser._starts_factor(token)


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
    return _bracket(parser, r"\langle")


def _matrix(parser: Parser) -> Expr:
    kind = _raw(parser)
    if kind == "array":
        _raw(parser)
    if kind in ("cases", "aligned"):
        return _system(parser)
    if kind not in ("pmatrix", "bmatrix", "matrix", "Bmatrix", "smallmatrix", "array", "vmatrix"):
        raise _unexpected(Token("command", kind, False))
    rows: list[list[Expr]] = [[]]
    while True:
        if parser.peek().text != r"\end":
            rows[-1].append(parser.relation())
        separator = parser.expect("&", r"\\", r"\end")
        if separator == r"\end":
            break
        if separator == r"\\" and parser.peek().text != r"\end":
            rows.append([])
    _raw(parser)
    if len({len(row) for row in rows}) != 1 or not rows[0]:
        raise _unexpected(parser.peek())
    matrix = Expr("matrix", tuple(cell for row in rows for cell in row), (len(rows), len(rows[0])))
    return Expr("call", (matrix,), "det") if kind == "vmatrix" else matrix


def _system(parser: Parser) -> Expr:
    """Equations under one another, as a list."""
    rows = [parser.relation()]
    while parser.expect(r"\\", ",", r"\end") != r"\end":
        if parser.peek().text not in (r"\end", r"\\"):
            rows.append(parser.relation())
    _raw(parser)
    return Expr("list", tuple(rows), ",")


def _big(op: str) -> Callable[[Parser], Expr]:
    """Sums and products with bounds."""

    def read(parser: Parser) -> Expr:
        parser.expect("_")
        start = argument(parser)
        parser.expect("^")
        stop = argument(parser)
        if start.op != "relation" or start.value != ("=",) or start.args[0].op not in ("symbol", "constant"):
            raise _unexpected(parser.peek())
        variable = Expr("symbol", value=start.args[0].value)
        return Expr(op, (_bound(parser._factors(), variable), variable, start.args[1], stop))

    return read


def _bound(body: Expr, variable: Expr) -> Expr:
    """In a sum over i the letter i is the index, not the imaginary unit."""
    from ._expr import rebuild

    constant = Expr("constant", value=variable.value)
    return rebuild(body, lambda node: variable if node == constant else None)


def _integral(parser: Parser) -> Expr:
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


def _limit(parser: Parser) -> Expr:
    parser.expect("_")
    towards = argument(parser)
    if towards.op != "relation" or towards.value != ("to",):
        raise _unexpected(parser.peek())
    return Expr("limit", (parser._factors(), *towards.args))


def _blackboard(parser: Parser) -> Expr:
    name = _raw(parser)
    if name not in SETS:
        raise _unexpected(Token("mark", name, False))
    power = parser.accept("^") and _raw(parser)
    if power == "+":
        return Expr("tuple", (number(0), INFINITY), "()")
    return Expr("symbol", value=f"set {name}^{power}") if power else SETS[name]


def _currency(unit: Unit) -> Callable[[Parser], Expr]:
    def read(parser: Parser) -> Expr:
        return Expr("quantity", (parser.unary(),), unit)

    return read


def _diagonal(parser: Parser) -> Expr:
    parser.expect("(")
    entries = _bracket(parser, "(")
    items = entries.args if entries.op == "tuple" else (entries,)
    size = len(items)
    zero = number(0)
    cells = tuple(items[i] if i == j else zero for i in range(size) for j in range(size))
    return Expr("matrix", cells, (size, size))


def _square_root_of_minus_one(parser: Parser) -> Expr:
    return Expr("constant", value="i")


_COMMANDS: dict[str, Callable[[Parser], Expr]] = {
    **{sign: _currency(unit) for sign, unit in CURRENCIES.items()},
    r"\frac": _fraction, r"\sqrt": _root, r"\binom": _binomial, r"\{": _set,
    r"\lfloor": _rounded(r"\rfloor", "floor"), r"\lceil": _rounded(r"\rceil", "ceil"), r"\|": _rounded(r"\|", "abs"),
    r"\langle": _angle_tuple, r"\angle": _figure, r"\triangle": _figure, r"\begin": _matrix, r"\sum": _big("sum"), r"\prod": _big("product"),
    r"\int": _integral, r"\lim": _limit, r"\mathbb": _blackboard, r"\diag": _diagonal, r"\imath": _square_root_of_minus_one,
}  # fmt: skip
FACTORS = frozenset(
    [*CONSTANTS, *_COMMANDS, *("\\" + name for name in _GREEK | FUNCTIONS | _STYLES | _ACCENTS)]
) - {r"\ldots", r"\{", r"\|", r"\emptyset", r"\langle", *CURRENCIES}

