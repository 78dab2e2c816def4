"""Two answer texts to an outcome: text first, then trees, then the question for a worker."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ..read.golds import gold_text
from ..read.normal import clean, normal_form
from ..read.parse import MAX_LENGTH, parse, unwrapped
from ..read.tokens import ParseError
from ..read.vocabulary import PROSE
from ..values.effort import limited
from ..values.expr import Expr, TooLarge, Undecidable, Undefined, literal
from ..values.rational import exact
from .answers import compare
from .scalars import Finding, Settings

LONGEST_FOR_WORKER = 600  # characters; sympy gets slow long before


class Outcome(NamedTuple):
    """What is remembered about a pair of answers. equal: None asks for the worker."""

    equal: bool | None
    rule: str
    gold_form: str
    form: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer text on its way: cleaned, as a normal form, and as a tree when it can be parsed."""

    cleaned: str
    form: str
    expr: Expr | None = field(default=None)
    problem: str = ""
    whole: str = ""  # of a gold answer: the normal form of the column as it stands, worked solution and all


def read(text: str, known: tuple[str, ...] = ()) -> Reading:
    """All forms of an answer text, without the tree where the normal form is one of those `known` to be right.

    A text too long to be an answer is not cleaned but for its blanks.
    """
    if text.isdecimal() and text.isascii() and len(text) <= MAX_LENGTH:
        return Reading(text, text, literal(text))  # there is nothing to read in a whole number
    if len(text) > MAX_LENGTH and len(text := " ".join(text.split())) > MAX_LENGTH:
        return Reading(text, text, None, "too long")
    cleaned = clean(text)
    form = normal_form(cleaned)
    if form in known:
        return Reading(cleaned, form)
    try:
        return Reading(cleaned, form, parse(cleaned))
    except ParseError as error:
        return Reading(cleaned, form, None, str(error))


def read_gold(solution: str) -> Reading:
    """All forms of the answer that a gold column holds, and of the column itself: whoever repeats it is right."""
    answer = gold_text(solution)
    reading = read(answer)
    if reading.expr is not None and _is_remark(reading.expr):
        reading = replace(reading, expr=Expr("text", value=unwrapped(reading.cleaned)))
    if answer == solution or not reading.form:
        return reading
    return replace(reading, whole=read(solution).form)


def _is_remark(expr: Expr) -> bool:
    """`The domain is all x except x = 2`: a sentence that ends in an equation, whose right side is no answer."""
    if expr.op != "relation" or expr.args[0].op != "text":
        return False
    words = str(expr.args[0].value).split()
    return len(words) > 2 and (len(words[-1]) == 1 or not PROSE.isdisjoint(word.lower() for word in words))


def decide(gold: Reading, answer: Reading, settings: Settings) -> Outcome:
    """The outcome without a worker."""
    equal, rule = _finding(gold, answer, settings)
    return Outcome(equal, rule, gold.form, answer.form)


def _finding(gold: Reading, answer: Reading, settings: Settings) -> Finding:
    if not answer.form:
        return Finding(False, "no answer")
    if answer.form in (gold.form, gold.whole):
        return Finding(True, "text")
    if gold.expr is None or answer.expr is None:
        return _unparsed(gold, answer)
    if _is_choice(gold, answer):
        return Finding(True, "choice")
    finding = _compared(gold.expr, answer.expr, settings)
    if finding.equal is False and (_comma_decimal(gold, answer) or _comma_decimal(answer, gold)):
        return Finding(True, "decimal comma")
    return finding


def _compared(gold: Expr, answer: Expr, settings: Settings) -> Finding:
    try:
        with limited():
            return compare(gold, answer, settings)
    except TooLarge:
        return Finding(False, "too large to compare")
    except Undefined:
        return Finding(False, "undefined")
    except Undecidable:
        return Finding(None, "undecided")
    except RecursionError:
        return Finding(False, "too deep")


def _unparsed(gold: Reading, answer: Reading) -> Finding:
    """What our grammar lacks may still be LaTeX that sympy's parser knows, never prose or code."""
    for reading in (gold, answer):
        if reading.problem in ("too long", "too deep", "number too long"):
            return Finding(False, reading.problem)
        if reading.expr is None and ("\\" not in reading.cleaned or len(reading.cleaned) > LONGEST_FOR_WORKER):
            return Finding(False, "not parsed")
        if reading.expr is not None and reading.expr.op == "text":
            return Finding(False, "not parsed")
    if gold.form.casefold() == answer.form.casefold():
        return Finding(True, "text")
    if any(len(_WORD.findall(_COMMAND.sub(" ", reading.cleaned))) > 2 for reading in (gold, answer)):
        return Finding(False, "text")  # a sentence, which is right as it stands or not
    return Finding(None, "undecided")


_COMMAND = re.compile(r"\\[a-zA-Z]+(?:\{(?:[a-z]?matrix|array|cases|aligned)\*?\})?")
_WORD = re.compile(r"(?!otherwise|and\b|for\b|when\b|where\b|const)[A-Za-z]{3,}")  # but for those of cases


_CHOICE = re.compile(r"\(?([A-Za-z])(?:[).:]|\)?\s*$)")


def _is_choice(gold: Reading, answer: Reading) -> bool:
    r"""`B` or `(B)` against `B) 12` or `\text{(b)}`."""
    picked = [_CHOICE.match(reading.form) for reading in (gold, answer)]
    if picked[0] is None or picked[1] is None or len(gold.form.strip("()")) > 1:
        return False
    same_case = picked[0][1] == picked[1][1]
    if _AT_ONCE.match(answer.form, picked[1].end()) or _ANOTHER.search(answer.form, picked[1].end()):
        return False
    lettered = len(answer.form.strip("().: ")) == 1
    return same_case or (
        lettered and r"\text" in gold.cleaned + answer.cleaned and picked[0][1].upper() == picked[1][1].upper()
    )


# What follows a letter and names another one is a hedge: `B. or D, not A`, `B, C`, `B) C)`; not `B. A = 5`.
_ANOTHER = re.compile(
    r"(?:[,;/&]|(?<![A-Za-z])(?:or|and|not|nor|but|maybe|perhaps|possibly|either|also))[\W_]*[A-J](?![\w=])"
)
_AT_ONCE = re.compile(r"[\W_]*[A-J](?:[).:,;]|$)")


_COMMA = re.compile(r"(-?\d+),(\d{1,2}|\d{4,})")


def _comma_decimal(written: Reading, other: Reading) -> bool:
    """`1,22` for 1.22, when the other side is one decimal number."""
    match = _COMMA.fullmatch(written.cleaned)
    if match is None or other.expr is None or other.expr.op not in ("decimal", "neg"):
        return False
    try:
        return exact(parse(f"{match[1]}.{match[2]}")) == exact(other.expr)
    except (ParseError, ArithmeticError):
        return False
