"""Formulas as people write them: `F[0,5] (tool == 'search') & G (cost < 3)`.

From what binds most to what binds least: `not` (`!`, `~`), `F` (`eventually`) and `G` (`always`), each with an optional
window; `U` (`until`), from the right; `and` (`&`, `&&`); `or` (`|`, `||`); `implies` (`->`, `=>`), from the right. A
window is `[a,b]`, `[a:b]` or `_[a,b]`; `[a,]` has no end. A name alone is an event; one that is no plain word stands in
quotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .data import MAX_DEPTH
from .formula import NAME, Always, And, Eventually, Formula, Implies, Not, Or, Predicate, Truth, Until

_TOKEN = re.compile(
    rf"""\s*(?:
      (?P<window>_?\[\s*(?P<a>\d+)\s*[,:]\s*(?P<b>\d+|inf|)\s*\])
    | (?P<op>->|=>|&&?|\|\|?|[()]|[!~](?!=))
    | (?P<cmp>[<>]=?|==?|!=)
    | (?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)
    | (?P<timed>[FGU](?=_?\[)|(?:eventually|always|until)(?=_?\[))
    | (?P<name>{NAME.pattern})
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    )""",
    re.VERBOSE | re.DOTALL,
)
_SAME = {
    "eventually": "F", "always": "G", "until": "U", "!": "not", "~": "not", "&": "and", "&&": "and", "|": "or",
    "||": "or", "->": "implies", "=>": "implies", "=": "==",
}  # fmt: skip
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_WORDS = ("F", "G", "U", "not", "and", "or", "implies", "true", "false")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "word", "name", "string", "number", "cmp", "window", "(" , ")" or "end"
    text: str
    place: int
    window: tuple[int, int | None] = (0, None)


def parse(text: str) -> Formula:
    """The formula that is written there.

    >>> print(parse("G (search implies F_[0,2] cite)"))
    G (search -> (F[0,2] cite))

    Raises:
        ValueError: it is no formula; the message shows where it ceases to be one.
    """
    reader = _Reader(text)
    formula = reader.implication(MAX_DEPTH)
    reader.expect("end")
    return formula


class _Reader:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = _tokens(text)
        self.place = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.place]

    def take(self, kind: str, text: str | None = None) -> _Token | None:
        token = self.token
        if token.kind != kind or (text is not None and token.text != text):
            return None
        self.place += 1
        return token

    def expect(self, kind: str) -> _Token:
        token = self.take(kind)
        if token is None:
            raise _error(self.text, self.token.place, f"expected {_called(kind)}")
        return token

    def implication(self, depth: int) -> Formula:
        left = self.disjunction(self._deeper(depth))
        return Implies(left, self.implication(self._deeper(depth))) if self.take("word", "implies") else left

    def disjunction(self, depth: int) -> Formula:
        args = [self.conjunction(depth)]
        while self.take("word", "or"):
            args.append(self.conjunction(depth))
        return Or(tuple(args)) if len(args) > 1 else args[0]

    def conjunction(self, depth: int) -> Formula:
        args = [self.until(depth)]
        while self.take("word", "and"):
            args.append(self.until(depth))
        return And(tuple(args)) if len(args) > 1 else args[0]

    def until(self, depth: int) -> Formula:
        left = self.unary(depth)
        if not self.take("word", "U"):
            return left
        a, b = self.window()
        return Until(a, b, left, self.until(self._deeper(depth)))

    def unary(self, depth: int) -> Formula:
        if self.take("word", "not"):
            return Not(self.unary(self._deeper(depth)))
        for word, kind in (("F", Eventually), ("G", Always)):
            if self.take("word", word):
                a, b = self.window()
                return kind(a, b, self.unary(self._deeper(depth)))
        if self.take("("):
            inside = self.implication(depth)
            self.expect(")")
            return inside
        if self.take("word", "true"):
            return Truth()
        if self.take("word", "false"):
            return Not(Truth())
        return self.atom()

    def window(self) -> tuple[int, int | None]:
        token = self.take("window")
        return (0, None) if token is None else token.window

    def atom(self) -> Formula:
        place = self.token.place
        number = self.take("number")
        if number is not None:
            cmp = _FLIPPED[self.expect("cmp").text]
            return self._made(self.name(), cmp, float(number.text), place)
        name = self.name()
        compared = self.take("cmp")
        if compared is None:
            return self._made(name, ">", 0, place)
        word = self.take("string")
        if word is not None:
            return self._made(name, compared.text, _unquoted(word.text), place)
        return self._made(name, compared.text, float(self.expect("number").text), place)

    def name(self) -> str:
        token = self.take("string") or self.expect("name")
        return _unquoted(token.text) if token.kind == "string" else token.text

    def _made(self, name: str, cmp: str, c: float | str, place: int) -> Formula:
        try:
            if isinstance(c, str) or cmp not in ("==", "!="):
                return Predicate(name, cmp, c)
            if cmp == "==":
                return And((Predicate(name, ">=", c), Predicate(name, "<=", c)))
            return Or((Predicate(name, ">", c), Predicate(name, "<", c)))
        except ValueError as error:
            raise _error(self.text, place, str(error)) from None

    def _deeper(self, depth: int) -> int:
        if depth == 0:
            raise ValueError(f"a formula is nested at most {MAX_DEPTH} deep")
        return depth - 1


def _tokens(text: str) -> list[_Token]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise _error(text, place + len(text[place:]) - len(text[place:].lstrip()), "expected a name or an operator")
        start, place = match.start(match.lastgroup or 0), match.end()
        found.append(_token(match, start))
    return [*found, _Token("end", "", end)]


def _token(match: re.Match[str], start: int) -> _Token:
    if match["window"]:
        b = match["b"]
        return _Token("window", match["window"], start, (int(match["a"]), int(b) if b.isdecimal() else None))
    kind = next(kind for kind in ("op", "cmp", "number", "timed", "name", "string") if match[kind] is not None)
    text = _SAME.get(match[kind], match[kind]) if kind != "string" else match[kind]
    if text in ("(", ")"):
        return _Token(text, text, match.start(kind))
    if kind in ("op", "timed") or (kind == "name" and text in _WORDS):
        kind = "word"
    return _Token(kind, text, match.end() - len(match[0].lstrip()))


def _unquoted(string: str) -> str:
    return re.sub(r"\\(.)", r"\1", string[1:-1], flags=re.DOTALL)


def _called(kind: str) -> str:
    return {"end": "an operator or the end", "cmp": "a comparison", "name": "a name"}.get(kind, f"a {kind}")


def _error(text: str, place: int, what: str) -> ValueError:
    return ValueError(f"{what} at {text[place : place + 20]!r} of the formula {text!r:.200}")
