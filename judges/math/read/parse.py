"""A cleaned answer to its tree: limits first, phrases and words that are no formula, then the grammar."""

from __future__ import annotations

import re

from ..values.expr import EMPTY, INFINITY, REALS, Expr, has, is_deeper, walk
from .bases import in_base
from .clock import clock
from .commands import SETS
from .grammar import Parser
from .normal import clean
from .number_words import spoken_number
from .parameters import declared
from .sexagesimal import sexagesimal
from .tails import without_tail
from .tokens import ParseError, tokenize

MAX_TREE_DEPTH = 150  # of nodes; every walk that follows needs a few stack frames for each
MAX_LENGTH = 3000  # characters of an answer; a longer one is compared as text only
_PHRASES = {
    "no solution": EMPTY, "no solutions": EMPTY, "no real solution": EMPTY, "no real solutions": EMPTY,
    "empty set": EMPTY, "the empty set": EMPTY, "all real numbers": REALS, "all reals": REALS,
    "all integers": SETS["Z"], "any real number": REALS, "all real": REALS, "infinity": INFINITY,
}  # fmt: skip
LONGEST_SPOKEN = 250  # characters of a whole answer in words


def parse(text: str) -> Expr:
    """The tree of a cleaned answer; words that are no mathematics become a `text` node.

    Raises:
        ParseError: too long, too deep, or outside the grammar.
    """
    if len(text) > MAX_LENGTH:
        raise ParseError("too long")
    text = without_tail(declared(text))
    written = unwrapped(text)
    words = written.strip(_FINAL)
    if len(words) <= LONGEST_SPOKEN:
        spoken = _spoken(written, words)
        if spoken is not None:
            return spoken
    if words.lower() in _PHRASES:
        return _PHRASES[words.lower()]
    try:
        expr = Parser(tokenize(drop_redundant_brackets(text))).answer()
    except RecursionError:
        raise ParseError("too deep") from None
    except ParseError:
        if _is_prose(text):
            return Expr("text", value=words)
        raise
    if is_deeper(expr, MAX_TREE_DEPTH):
        raise ParseError("too deep")
    return Expr("text", value=words) if _mixes_words(expr) else expr


def _spoken(written: str, words: str) -> Expr | None:
    """An angle, or a time or number in plain words, in which no command stands."""
    angle = sexagesimal(written)  # whose last sign may be a prime
    if angle is not None or "\\" in words:
        return angle
    return clock(words) or in_base(words) or spoken_number(words)


def _mixes_words(expr: Expr) -> bool:
    """Words are names on one side of a relation or items of a list; anywhere else they make the answer prose."""
    return has(expr, "text") and (
        expr.op == "quantity"
        or any(
            child.op == "text"
            for node in walk(expr)
            if node.op not in ("relation", "list", "set")
            for child in node.args
        )
    )


def _is_prose(text: str) -> bool:
    return "\\" not in _WRAPPER.sub("", text) and any(map(str.isalpha, text))


_WRAPPER = re.compile(r"\\(?:text|mbox|mathrm|textbf|operatorname)\b")
_WRAPPED = re.compile(r"\\(?:text(?:bf|it|rm)?|mbox|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}")
_FINAL = " .,;:!\"'"


def unwrapped(text: str) -> str:
    """The words of a text answer without wrappers."""
    if "{" in text or "}" in text:
        text = _WRAPPED.sub(r" \1 ", text).replace("{", " ").replace("}", " ")
    return " ".join(text.split())


def drop_redundant_brackets(text: str) -> str:
    """`((((5))))` as `(5)`, in one pass, so that depth is spent on real nesting only."""
    if "((" not in text:
        return text
    partner: dict[int, int] = {}
    stack: list[int] = []
    for place, char in enumerate(text):
        if char == "(":
            stack.append(place)
        elif char == ")" and stack:
            partner[stack.pop()] = place
    dropped = {
        place for left, right in partner.items() if partner.get(left + 1) == right - 1 for place in (left, right)
    }
    return "".join(char for place, char in enumerate(text) if place not in dropped)


def parse_answer(text: str) -> Expr:
    """`parse` of text that was not cleaned yet."""
    return parse(clean(text))
