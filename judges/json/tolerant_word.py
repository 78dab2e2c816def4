"""Values that stand there without quotes: literals of other languages, and words whose quotes were forgotten."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .blanks import BLANK

WORDS = {"true": True, "false": False, "null": None}
FOREIGN_WORDS = WORDS | {"none": None, "nil": None, "undefined": None}  # in whatever case
INFINITE = {"NaN", "nan", "Infinity", "inf", "Inf", "-Infinity", "-inf", "+Infinity", "-NaN"}

_BARE = re.compile(r"[^\s\ufeff\u200b-\u200d\u2060,;{}\[\]()\"'`:｛｝［］：，；]++")
_ENDS = rf"(?={BLANK}*+(?:[;}}\]｝/#]|\Z)|[ \t]*+\r?\n"
_WORDLIKE = re.compile(r"[\w$@/.~]")  # no `--1`, no `?`
_ONE = re.compile(rf"{_ENDS}|{BLANK}*+[,，])")
_SEVERAL = re.compile(
    rf"[^\W\d_][\w.&-]*+(?: [\w.&-]++){{1,20}}+(?={BLANK}*+[}}\]｝]|[ \t]*+(?:[,，]{BLANK}*+|\r?\n\s*+)[\"“}}])"
)
_UNOPENED = re.compile(rf"([^\W\d_][\w .&-]{{0,200}}+)[\"”](?={BLANK}*+(?:[}}\]｝]|\Z|[,，]{BLANK}*+[\"“}}]))")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A string without its quotes, where it ends, and what had to be mended."""

    text: str
    end: int
    repair: str


def bare_word(text: str, start: int, end: int) -> str:
    """The word at `start`, up to a blank, a bracket, a quote or a separator; empty when there is none."""
    bare = _BARE.match(text, start, end)
    return bare.group() if bare else ""


def phrase(text: str, start: int, end: int) -> Phrase | None:
    """The string that was meant at `start`: one word, several up to the next member, or one that only lacks its
    opening quote. None where it could end elsewhere: `Paris, France`, or words of which one is a literal.

    >>> phrase('New York, "age": 30}', 0, 20)
    Phrase(text='New York', end=8, repair='unquoted string')
    """
    if unopened := _UNOPENED.match(text, start, end):
        return Phrase(unopened[1], unopened.end(), "missing quote")
    word = bare_word(text, start, end)
    if not _WORDLIKE.match(word):
        return None
    if _ONE.match(text, start + len(word), end):
        return Phrase(word, start + len(word), "unquoted string")
    several = _SEVERAL.match(text, start, end)
    if several is None or FOREIGN_WORDS.keys() & set(several.group().lower().split()):
        return None
    return Phrase(several.group(), several.end(), "unquoted string")
