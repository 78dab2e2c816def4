"""Rules about marks: punctuation, brackets, quotation marks, emoji, numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .arguments import as_list, as_whole
from .rule import CountingRule, Finding, Rule
from .sentences import sentences
from .words import has_word, plain

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\d,]*+(?:\.\d++)?+|(?<=\w)\d++(?:\.\d++)?+|\.\d++")
_EMOJI = re.compile(
    "[\u203c\u2049\u231a\u231b\u23e9-\u23fa\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55\U0001f000-\U0001faff]"
)
_BRACKET = re.compile(r"[()\[\]{}]")
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_INTERROBANG = re.compile(r"\?!|!\?|‽")
_QUOTED = re.compile(r"\"([^\"\n]*+)\"|“([^“”\n]*+)”")
_LAST_WORD = re.compile(r".*\w", re.DOTALL)


class Punctuation(Rule):
    """Every one of . , ! ? ; : stands in the answer, and an interrobang (?!) besides, between words."""

    def examine(self, answer: str) -> Finding:
        text = plain(answer)
        missing = [] if _INTERROBANG.search(text) else ["?!"]
        rest = _INTERROBANG.sub("", text, count=1)
        missing += [mark for mark in ".,!?;:" if mark not in rest]
        return Finding(not missing and has_word(text), "every mark: . , ! ? ; : ?!", {"missing": missing})


@dataclass(slots=True)
class _Bracket:
    closing: str
    inside: int = 0  # how deep the brackets inside go
    worded: bool = False


class NestedBrackets(Rule):
    """Round, square and curly brackets stand inside each other `depth` deep, each with a word of its own inside."""

    def __init__(self, depth: int = 5) -> None:
        self.depth = as_whole("depth", depth, 2)

    def examine(self, answer: str) -> Finding:
        deepest = end = 0
        opened: list[_Bracket] = []
        for bracket in _BRACKET.finditer(answer):
            if opened and has_word(answer, end, bracket.start()):
                opened[-1].worded = True
            mark, end = bracket.group(), bracket.end()
            if mark in _BRACKETS:
                opened.append(_Bracket(_BRACKETS[mark]))
            elif opened and opened[-1].closing == mark:
                closed = opened.pop()
                level = closed.inside + closed.worded
                deepest = max(deepest, level)
                if opened:
                    opened[-1].inside = max(opened[-1].inside, level)
            else:
                opened = []
        return Finding(deepest >= self.depth, f"brackets {self.depth} deep", deepest)


class NestedQuotes(Rule):
    """Quotations inside quotations, `depth` deep, double and single marks in turn, with words inside.

    Straight or curly marks; a mark between two letters or behind one without an opened quotation is an apostrophe.
    """

    def __init__(self, depth: int = 3) -> None:
        self.depth = as_whole("depth", depth, 2)

    def examine(self, answer: str) -> Finding:
        deepest = 0
        opened: list[str] = []
        reached = 0  # the depth of the quotation being closed
        text = answer.translate(str.maketrans("“”‘’", "\"\"''"))
        for place, mark in enumerate(text):
            if mark not in "\"'" or _is_apostrophe(text, place):
                continue
            if opened and opened[-1] == mark:
                reached = max(reached, len(opened))
                opened.pop()
                if not opened:
                    deepest, reached = max(deepest, reached), 0
            elif has_word(text, place + 1, place + 2) or text[place + 1 : place + 2] in "\"'":
                opened.append(mark)
        return Finding(deepest >= self.depth, f"quotations {self.depth} deep", deepest)


class QuotesExplained(Rule):
    """Behind every quotation in double marks stand unquoted words before the next one or the end; there is one."""

    def examine(self, answer: str) -> Finding:
        quoted = [match for match in _QUOTED.finditer(answer) if has_word(match.group())]
        ends = [*(match.start() for match in quoted[1:]), len(answer)]
        bare = [m.group()[:60] for m, end in zip(quoted, ends, strict=False) if not has_word(answer, m.end(), end)]
        return Finding(bool(quoted) and not bare, "an explanation behind every quotation", bare[:5])


class Emoji(Rule):
    """Every sentence ends with an emoji, before or behind its mark."""

    def examine(self, answer: str) -> Finding:
        said = sentences(answer)
        without = [sentence[-60:] for sentence in said if not _EMOJI.search(_tail(sentence))]
        return Finding(bool(said) and not without, "an emoji at the end of every sentence", without[:5])


class SentenceKinds(Rule):
    """Sentences that end in . ? and ! are there in the ratio asked for, at least that many of each.

    >>> SentenceKinds(2, 1).verdict("It rains. It pours. Why?").passed
    True

    Args:
        statements, questions, exclamations: the shares; None for a kind that may be there as often as one likes.
    """

    def __init__(self, statements: int, questions: int, exclamations: int | None = None) -> None:
        self.statements = as_whole("statements", statements, 1)
        self.questions = as_whole("questions", questions, 1)
        self.exclamations = None if exclamations is None else as_whole("exclamations", exclamations, 1)

    def examine(self, answer: str) -> Finding:
        ends = [_tail(sentence)[:1] for sentence in sentences(answer)]
        found = {mark: ends.count(mark) for mark in ".?!"}
        shares = {".": self.statements, "?": self.questions, "!": self.exclamations}
        asked = {mark: share for mark, share in shares.items() if share is not None}
        times = found["."] // self.statements
        kept = times > 0 and all(found[mark] == times * share for mark, share in asked.items())
        return Finding(kept, " : ".join(f"{share} {mark}" for mark, share in asked.items()), found)


class Numbers(CountingRule):
    """How many numbers in digits: 3.14 and 1,000 are one each, and so is the 19 of COVID-19."""

    def counted(self, answer: str) -> int:
        return sum(1 for _ in _NUMBER.finditer(plain(answer)))


class NumberList(Rule):
    """The numbers in the answer are exactly `numbers`, in this order."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self.numbers = tuple(as_whole("each of numbers", number) for number in as_list(numbers))

    def examine(self, answer: str) -> Finding:
        found = [int(digits) if len(digits) < 20 else -1 for digits in re.findall(r"\d+", plain(answer))]
        return Finding(tuple(found) == self.numbers, f"the numbers {list(self.numbers)}", found[:50])


def _tail(sentence: str) -> str:
    """What follows the last word of a sentence."""
    worded = _LAST_WORD.match(sentence)
    return sentence[worded.end() :].strip(" \"'”’)]*_") if worded else ""


def _is_apostrophe(text: str, place: int) -> bool:
    before, after = text[place - 1 : place] if place else "", text[place + 1 : place + 2]
    return text[place] == "'" and before.isalnum() and after.isalnum()
