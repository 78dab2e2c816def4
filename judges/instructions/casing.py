"""Rules about capital and small letters, and commas."""

from __future__ import annotations

import re
import unicodedata

from .arguments import Relation, as_whole
from .rule import CountingRule, Finding, Rule
from .words import plain, words

_COMMA = re.compile("[,，、،﹐﹑]")
_LETTER = re.compile(r"[^\W\d_]")
_AROUND = 20  # characters shown on both sides of an offence


class Lowercase(Rule):
    """No capital letter stands in the answer, and some letter does. Scripts without capitals keep it; Ⓐ is an A."""

    def examine(self, answer: str) -> Finding:
        answer = plain(answer)
        capital = _first_of(answer, "Lu", "Lt") if answer != answer.lower() else None
        return Finding(_has_letter(answer) and capital is None, "no capital letters", _shown(answer, capital))


class Uppercase(Rule):
    """No small letter stands in the answer, and some letter does. ß, which has no common capital, is allowed."""

    def examine(self, answer: str) -> Finding:
        answer = plain(answer).replace("ß", "ẞ")
        small = _first_of(answer, "Ll") if answer != answer.upper() else None
        return Finding(_has_letter(answer) and small is None, "no small letters", _shown(answer, small))


class CapitalWords(CountingRule):
    """How many words are all in capitals: words of at least `letters` letters, without a small one.

    >>> CapitalWords(2, "exactly").verdict("I told NASA about COVID-19.").passed
    True

    letters: 2 leaves out "I" and "A", which stand in any English text.
    """

    def __init__(self, count: int, relation: Relation = "at least", *, letters: int = 2) -> None:
        super().__init__(count, relation)
        self.letters = as_whole("letters", letters, 1)

    def counted(self, answer: str) -> int:
        return sum(word.isupper() and sum(map(str.isalpha, word)) >= self.letters for word in words(answer))


class NoCommas(Rule):
    """No comma stands in the answer: not the Latin one, nor those of Arabic, Chinese and Japanese."""

    def examine(self, answer: str) -> Finding:
        comma = _COMMA.search(answer)
        return Finding(comma is None, "no commas", _shown(answer, comma and comma.start()))


def _has_letter(text: str) -> bool:
    """Whether there is a letter at all: a bare number is written in no case."""
    return _LETTER.search(text) is not None


def _first_of(text: str, *categories: str) -> int | None:
    """Where the first character of these Unicode categories stands."""
    return next((place for place, char in enumerate(text) if unicodedata.category(char) in categories), None)


def _shown(text: str, place: int | None) -> str | None:
    """What stands around a place."""
    return None if place is None else text[max(0, place - _AROUND) : place + _AROUND + 1]
