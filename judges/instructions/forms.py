"""Rules about the form of the whole answer: lines, lists, tables, templates, dates."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from itertools import pairwise

from .arguments import as_flag, as_text, as_texts, as_whole
from .rule import CountingRule, Finding, Rule
from .sentences import sentences
from .words import has_word, plain, words

_STAR = re.compile(r"\*[ \t]+(?=.*\w)")
_DASH = re.compile(r"-[ \t]+(?=.*\w)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPECIAL = re.compile(r"[^\w\s]")
_SHOWN = 5
_MINOR = frozenset({
    "a", "an", "and", "as", "at", "but", "by", "for", "from", "if", "in", "into", "nor", "of", "off", "on",
    "onto", "or", "over", "per", "so", "than", "the", "to", "up", "via", "with", "yet",
})  # fmt: skip


class WordPerLine(Rule):
    """Every line that has a word has exactly one, and there are at least two."""

    def examine(self, answer: str) -> Finding:
        counts = [len(line.split()) for line in plain(answer).splitlines() if has_word(line)]
        return Finding(len(counts) > 1 and set(counts) == {1}, "one word a line", {"lines": len(counts)})


class Stairs(Rule):
    """Each line is indented more than the one before, blank ones left out, and there are at least two."""

    def examine(self, answer: str) -> Finding:
        indents = [len(line) - len(line.lstrip(" \t")) for line in answer.splitlines() if has_word(line)]
        kept = len(indents) > 1 and all(one < other for one, other in pairwise(indents))
        return Finding(kept, "lines indented more and more", indents[:50])


class MarkedList(CountingRule):
    """How many items: lines that begin with `marker` and go on with a word."""

    def __init__(self, marker: str, count: int = 2, relation: str = "at least") -> None:
        super().__init__(count, relation)  # type: ignore[arg-type]  # checked there
        self.marker = as_text("marker", marker).strip()

    def counted(self, answer: str) -> int:
        lines = (line.strip() for line in answer.splitlines())
        return sum(line.startswith(self.marker) and has_word(line, len(self.marker)) for line in lines)


class SubBullets(Rule):
    """There are bullet points with * and each has at least one with - below it."""

    def examine(self, answer: str) -> Finding:
        below: list[int] = []
        for line in map(str.strip, answer.splitlines()):
            if _STAR.match(line):
                below.append(0)
            elif below and _DASH.match(line):
                below[-1] += 1
        return Finding(bool(below) and all(below), "a sub-bullet below every bullet", below[:50])


class ProseThenBullets(Rule):
    """At least `sentences` sentences that end in a full stop, then at least `bullets` points with * and no more."""

    def __init__(self, sentences: int = 2, bullets: int = 2) -> None:
        self.sentences, self.bullets = as_whole("sentences", sentences, 1), as_whole("bullets", bullets, 1)

    def examine(self, answer: str) -> Finding:
        lines = [line.strip() for line in answer.splitlines() if line.strip()]
        first = next((place for place, line in enumerate(lines) if _STAR.match(line)), len(lines))
        stops = sum(sentence.rstrip("\"'”)").endswith(".") for sentence in sentences("\n".join(lines[:first])))
        items = [bool(_STAR.match(line)) for line in lines[first:]]
        kept = stops >= self.sentences and len(items) >= self.bullets and all(items)
        asked = f"{self.sentences} sentences, then {self.bullets} bullets"
        return Finding(kept, asked, {"sentences": stops, "bullets": sum(items)})


class TitleCase(Rule):
    """Every word begins with a capital; articles, conjunctions and short prepositions behind the first may be small."""

    def examine(self, answer: str) -> Finding:
        said = [word for word in words(answer) if word[0].isalpha() and word.lower() != word.upper()]
        small = [word for place, word in enumerate(said) if word[0].islower() and (place == 0 or word not in _MINOR)]
        majors = [word for word in said if word.casefold() not in _MINOR]
        return Finding(bool(majors) and not small, "title case", small[:_SHOWN])


class NoWhitespace(Rule):
    """No white space stands in the answer, not even one that nobody sees; some letter or digit does."""

    def examine(self, answer: str) -> Finding:
        blanks = sum(char.isspace() or char in "\u200b\u2060\ufeff" for char in answer)
        return Finding(not blanks and has_word(answer), "no white space", blanks)


class Template(Rule):
    """The labels stand in the answer in their order, the first at its beginning, with words behind each of them."""

    def __init__(self, labels: Sequence[str]) -> None:
        self.labels = as_texts("labels", labels)

    def examine(self, answer: str) -> Finding:
        places, start = [], 0
        for label in self.labels:
            found = answer.find(label, start)
            if found < 0:
                return Finding(False, f"the labels {', '.join(self.labels)}", {"missing": label})
            places.append((found, found + len(label)))
            start = found + len(label)
        ends = [*(begin for begin, _ in places[1:]), len(answer)]
        said = [has_word(answer, behind, end) for (_, behind), end in zip(places, ends, strict=True)]
        once = all(answer.count(label) == 1 for label in self.labels)
        kept = all(said) and once and not has_word(answer, 0, places[0][0])
        return Finding(kept, f"the labels {', '.join(self.labels)}", {"said": said})


class Table(Rule):
    """Nothing but a table in CSV: a line of names, then exactly `rows` rows with something in every field.

    Args:
        header: the names of the columns, in their order.
        rows: how many rows follow them.
        delimiter: "," or another character, such as a tab.
        quoted: every field stands in double quotes.
        special: some field in double quotes has a mark in it that is no letter, digit or white space.
    """

    def __init__(
        self, header: Sequence[str], rows: int, *, delimiter: str = ",", quoted: bool = False, special: bool = False
    ) -> None:
        self.header = as_texts("header", header)
        self.rows = as_whole("rows", rows, 1)
        if not isinstance(delimiter, str) or len(delimiter) != 1:
            raise ValueError(f"delimiter is a single character, not {delimiter!r:.60}")
        self.delimiter = delimiter
        mark = re.escape(delimiter)
        self._field = re.compile(rf' *("(?:[^"]|"")*+"|[^"{mark}]*+) *({mark}|\Z)')
        self.quoted, self.special = as_flag("quoted", quoted), as_flag("special", special)

    def examine(self, answer: str) -> Finding:
        asked = f"a table of {', '.join(self.header)} and {self.rows} rows"
        lines = _unfenced(answer).splitlines()
        if len(lines) != self.rows + 1:
            return Finding(False, asked, {"lines": len(lines)})
        table = [self._fields(line) for line in lines]
        wide = all(len(fields) == len(self.header) and all(map(has_word, fields)) for fields in table)
        named = tuple(self._bare(field) for field in table[0]) == self.header
        dressed = not self.quoted or all(_is_quoted(field) for fields in table for field in fields)
        marked = not self.special or any(
            _is_quoted(field) and _SPECIAL.search(field[1:-1]) for fields in table[1:] for field in fields
        )
        found = {"columns": named, "fields": wide, "quoted": dressed, "special": bool(marked)}
        return Finding(all(found.values()), asked, found)

    def _fields(self, line: str) -> list[str]:
        """The fields of a line with their quotes; none where a quote is never closed."""
        fields, place = [], 0
        while field := self._field.match(line, place):
            fields.append(field[1].strip())
            place = field.end()
            if not field[2]:
                return fields
        return []

    def _bare(self, field: str) -> str:
        return field[1:-1] if _is_quoted(field) else field


class Dates(Rule):
    """Nothing but dates that exist, as YYYY-MM-DD with commas between, none twice and none outside of the years.

    Args:
        first, last: the years between which they lie, both included.
        least: how many there are at least.
    """

    def __init__(self, first: int = 1, last: int = 9999, *, least: int = 2) -> None:
        self.first, self.last = as_whole("first", first, 1), as_whole("last", last, 1)
        self.least = as_whole("least", least, 1)

    def examine(self, answer: str) -> Finding:
        items = [item.strip() for item in answer.split(",")]
        wrong = [item[:60] for item in items if not self._is_date(item)]
        kept = not wrong and len(items) >= self.least and len(set(items)) == len(items)
        return Finding(kept, f"dates from {self.first} to {self.last}", {"dates": len(items), "wrong": wrong[:_SHOWN]})

    def _is_date(self, item: str) -> bool:
        if not _DATE.fullmatch(item) or not item.isascii():
            return False
        try:
            return self.first <= datetime.date.fromisoformat(item).year <= self.last
        except ValueError:
            return False


def _is_quoted(field: str) -> bool:
    return len(field) > 1 and field[0] == field[-1] == '"'


def _unfenced(answer: str) -> str:
    """What stands in the fence, when the answer is one fenced block."""
    lines = answer.splitlines()
    fenced = len(lines) > 2 and lines[0].startswith("```") and lines[-1].strip() == "```"
    return "\n".join(lines[1:-1]) if fenced else answer
