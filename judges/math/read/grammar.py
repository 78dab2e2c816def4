"""Tokens to `Expr`: a recursive-descent parser for answers, not for all of LaTeX.

From loosest to tightest: lists, relations, unions, ratios, sums, products, signs, powers, atoms. Length, depth and
number of digits are limited before anything is evaluated; what is outside the grammar raises `ParseError`.
"""

from __future__ import annotations

from ..values.expr import Expr
from . import atoms, commands, numerals, quantities
from .measured import measured
from .tokens import ParseError, Token
from .units import CURRENCIES, divides

MAX_DEPTH = 50  # nested brackets, groups and arguments; ten stack frames each
END = Token("end", "", False)


RELATIONS = {
    "=": "=", "==": "=", ":=": "=", "<": "<", ">": ">", "<=": "<=", ">=": ">=", r"\le": "<=", r"\ge": ">=",
    "!=": "!=", "<>": "!=", r"\ne": "!=", r"\approx": "~", r"\sim": "~", r"\equiv": "=", r"\in": "in",
    r"\notin": "notin", r"\subset": "subset", r"\subseteq": "subset", r"\to": "to", "->": "to",
}  # fmt: skip
_SET_OPERATIONS = {
    r"\bigcup": "union",
    r"\bigcap": "intersection",
    "union": "union",
    r"\cup": "union",
    r"\cap": "intersection",
    r"\setminus": "difference",
    r"\backslash": "difference",
}
_CLOSING = frozenset([")", "]", "}", r"\}", "", "&", r"\\", r"\end", r"\rangle", r"\rfloor", r"\rceil", "|"])
_SEPARATORS = frozenset([",", ";", "and", "or"])


class Parser:
    """One pass over the tokens of one answer."""

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.brackets = 0  # inside them a comma never groups thousands
        self.bars = 0  # open absolute values
        self.braces = 0  # open sets, where a colon or bar starts the condition
        self.differentials = 0  # open integrals, which `dx` ends

    # Reading tokens.

    def peek(self, ahead: int = 0) -> Token:
        place = self.at + ahead
        return self.tokens[place] if place < len(self.tokens) else END

    def take(self) -> Token:
        token = self.peek()
        self.at += 1
        return token

    def accept(self, *texts: str) -> bool:
        if self.peek().text in texts and self.peek().kind != "end":
            self.at += 1
            return True
        return False

    def expect(self, *texts: str) -> str:
        token = self.take()
        if token.text not in texts:
            raise ParseError(f"expected {' or '.join(texts)}, found {token.text or 'the end'}")
        return token.text

    # Lists and relations.

    def answer(self) -> Expr:
        """The whole text; of a derivation `a => b` the last part."""
        last_arrow = max((i for i, t in enumerate(self.tokens) if t.text in (r"\Rightarrow", "=>")), default=-1)
        self.at = last_arrow + 1
        while self.accept("=", r"\approx", ":", r"\therefore"):
            pass
        expr = atoms.over(self, self.listing())
        if self.peek() is not END:
            raise ParseError(f"unexpected {self.peek().text}")
        return expr

    def listing(self) -> Expr:
        """Items between commas, semicolons, `and`, `or`; a single item stands for itself."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ParseError("too deep")
        groups: list[list[Expr]] = [[self.relation()]]
        separators: set[str] = set()
        while separator := self._separator():
            if self.peek().text in _CLOSING and self.peek().kind != "word":
                break
            separators.add(separator)
            if separator == ";":
                groups.append([])
            groups[-1].append(self.relation())
        self.depth -= 1
        if len(groups) > 1 and any(len(group) > 1 for group in groups):
            return Expr("list", tuple(_listed(group, ",") for group in groups), ";")
        items = [item for group in groups for item in group]
        return _listed(items, "or" if "or" in separators else "and" if "and" in separators else ",")

    def _separator(self) -> str:
        found = ""
        while self.peek().kind in ("mark", "word") and self.peek().text.lower() in _SEPARATORS:
            text = self.take().text.lower()
            found = found if found and text == "," else text
        return found

    def relation(self) -> Expr:
        sides, operators = [self.union()], []
        while (operator := RELATIONS.get(self.peek().text)) and self.peek().kind != "word":
            self.at += 1
            operators.append(operator)
            sides.append(self.union())
        modulus = self._modulus()
        if modulus is not None:
            sides[-1] = Expr("congruence", (sides[-1], modulus))
        return Expr("relation", tuple(sides), tuple(operators)) if operators else sides[0]

    def _modulus(self) -> Expr | None:
        bracket = self.peek().text == "(" and self.peek(1).text in ("mod", r"\mod", r"\bmod")
        self.at += bracket
        if not (self.accept(r"\pmod", r"\bmod", r"\mod") or (self.peek().text == "mod" and self.take())):
            return None
        modulus = atoms.argument(self) if self.peek().text == "{" else self.sum()
        if bracket:
            self.expect(")")
        return modulus

    def union(self) -> Expr:
        expr = self.ratio()
        while True:
            token = self.peek()
            if token.text in _SET_OPERATIONS:
                operation = _SET_OPERATIONS[token.text]
            elif token.text == "U" and self.peek(1).text in ("(", "[", r"\{") and expr.op == "tuple":
                operation = "union"
            else:
                return expr
            self.at += 1
            expr = Expr(operation, (expr, self.ratio()))

    def ratio(self) -> Expr:
        parts = [self.sum()]
        while not self.braces and self.accept(":", "to"):
            parts.append(self.sum())
        return Expr("ratio", tuple(parts)) if len(parts) > 1 else parts[0]

    # Arithmetic.

    def sum(self) -> Expr:
        terms = [self.product()]
        while (sign := self.peek().text) in ("+", "-", r"\pm", r"\mp"):
            self.at += 1
            terms.append(_signed(sign, self.product()))
        return Expr("add", tuple(terms)) if len(terms) > 1 else terms[0]

    def product(self) -> Expr:
        sign = ""
        if self.peek().text in ("+", "-", r"\pm", r"\mp"):
            sign = self.take().text
        expr = self.factors()
        return _signed(sign, expr) if sign else expr

    def factors(self) -> Expr:
        expr = self.unary()
        while True:
            token = self.peek()
            if token.text in ("*", r"\cdot", r"\times", r"\ast"):
                self.at += 1
                expr = commands.times(expr, self.unary())
            elif token.text == "/" and self.peek(1).kind == "word" and (whole := measured(expr, bare=True)):
                expr = quantities.with_unit(self, whole)  # $5/hour, 1 g/cm^3
            elif token.text in ("/", r"\div") and token.kind != "word":
                self.at += 1
                expr = _quotient(expr, self.unary())
            elif token.kind == "word":
                if token.text.lower() in ("and", "or", "mod", "to", "union"):
                    return expr
                expr = quantities.magnified(self, expr) or quantities.with_unit(self, expr)
            elif token.kind == "number" and expr.op in ("quantity", "add") and self.tokens[self.at - 1].kind == "word":
                expr = quantities.with_smaller_unit(self, expr)
            elif self.starts_factor(token):
                mixed = numerals.mixed_number(self, expr)
                expr = mixed or commands.times(expr, self.power())
            else:
                return expr

    def starts_factor(self, token: Token) -> bool:
        """Whether the token begins a factor that is multiplied without a sign."""
        if token.kind == "symbol":
            at_differential = self.differentials and token.text == "d" and self.peek(1).kind in ("symbol", "command")
            at_union = (
                token.text == "U" and self.peek(1).text in ("(", "[", r"\{") and self.tokens[self.at - 1].text in ")]"
            )
            return not (at_differential or at_union)
        if token.text == "|":
            return not (self.bars or self.braces)
        if token.text == "(":
            return self.peek(1).text not in ("mod", r"\mod", r"\bmod")
        if token.text == "[":
            return self.peek(1).text == r"\begin"
        if token.kind == "number":
            previous = self.tokens[self.at - 1]
            after_power = token.spaced and self.tokens[self.at - 2].text in ("^", "**")  # 2^4 7^2
            if previous.kind == "number" and not after_power:
                if numerals.is_mixed_fraction(self):
                    return True
                raise ParseError("two numbers side by side")
            return True
        return token.text == "{" or (token.kind == "command" and token.text in commands.FACTORS)

    def unary(self) -> Expr:
        sign = self.peek().text
        if sign in ("+", "-", r"\pm", r"\mp"):
            self.at += 1
            self.depth += 1
            if self.depth > MAX_DEPTH:
                raise ParseError("too deep")
            expr = _signed(sign, self.unary())
            self.depth -= 1
            return expr
        return self.power()

    def power(self) -> Expr:
        return self.postfix(atoms.atom(self))

    def postfix(self, expr: Expr) -> Expr:
        """`expr` with the powers, factorials, percent and degree signs behind it."""
        for _ in range(MAX_DEPTH):
            token = self.peek()
            if token.text in ("^", "**"):
                self.at += 1
                expr = atoms.degrees(self, expr) or _raised(expr, self.exponent())
            elif token.text == "!" and not token.spaced:
                self.at += 1
                double = self.accept("!")
                expr = Expr("call", (expr,), "factorial2" if double else "factorial")
            elif token.text == "!=" and not token.spaced and self.tokens[self.at - 1].kind == "number":
                self.tokens[self.at] = Token("mark", "=", False)  # 5!=120
                return Expr("call", (expr,), "factorial")
            elif token.text in (r"\%", "%") or token.text.lower() in ("percent", "pct"):
                self.at += 1
                expr = Expr("percent", (expr,))
            elif token.text in CURRENCIES:
                self.at += 1
                expr = Expr("quantity", (expr,), CURRENCIES[token.text])
            elif token.text == r"\degree" or (token.text == r"\circ" and expr.op == "number"):
                self.at += 1
                expr = Expr("mul", (expr, Expr("constant", value="degree")))
            else:
                return expr
        raise ParseError("too deep")

    def number(self, token: Token) -> Expr:
        """The number that begins with this token."""
        return numerals.number_atom(self, token)

    def command(self, text: str) -> Expr:
        """What a command and its arguments stand for."""
        return commands.command(self, text)

    def exponent(self) -> Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ParseError("too deep")
        sign = self.take().text if self.peek().text in ("+", "-") else ""
        expr = atoms.atom(self)
        if self.accept("^", "**"):
            expr = Expr("pow", (expr, self.exponent()))
        self.depth -= 1
        return _signed(sign, expr) if sign else expr


def _signed(sign: str, expr: Expr) -> Expr:
    if sign == "+":
        return expr
    if sign == "-":
        return Expr("neg", (expr,))
    return Expr("pm", (expr,), 1 if sign == r"\pm" else -1)


def _raised(base: Expr, exponent: Expr) -> Expr:
    """A power; of a tuple with a T on it, the column."""
    if base.op == "tuple" and exponent in (Expr("symbol", value="T"), Expr("symbol", value="top")):
        return Expr("matrix", base.args, (len(base.args), 1))
    return Expr("pow", (base, exponent))


def _quotient(top: Expr, bottom: Expr) -> Expr:
    """`1/2 %` is half a percent."""
    if bottom.op == "percent" and top.op == "number":
        return Expr("percent", (Expr("div", (top, bottom.args[0])),))
    return Expr("div", (top, bottom))


def _listed(items: list[Expr], separator: str) -> Expr:
    if separator == "and" and all(item.op == "quantity" for item in items):
        units = [item.value for item in items]
        if all(map(divides, units, units[1:])):  # 5 feet and 6 inches
            return Expr("add", tuple(items)) if len(items) > 1 else items[0]
    return items[0] if len(items) == 1 else Expr("list", tuple(items), separator)
