"""The stretches of a text that are JSON, or were meant to be.

One walk from left to right. Where a bracket could begin JSON, the strict parser tries; where it fails, the tolerant
one says how far the attempt reaches. So a small object inside a broken large one is never mistaken for the answer.
Every attempt resumes behind the last, which keeps the walk linear.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from .blanks import BLANK, QUOTE_MARKS, WIDE
from .strict import SYNTAX, TOO_DEEP, TOO_LONG, TWO_VALUES, Malformed, decode
from .tolerant import REOPENED, Tolerant

MAX_BROKEN = 100_000  # the tolerant parser reads some 200 000 characters a second
_QUOTE = rf"[{QUOTE_MARKS}`]"
_OPENING = re.compile(
    rf"[{{｛]{BLANK}*+(?:{_QUOTE}|\}}|\\+[\"n]|//|/\*|\#|[^\W\d][\w$-]*+[\"”]?\s*+[:=：]|\d++\s*+:)"
    rf"|[\[［]{BLANK}*+(?:{_QUOTE}|[\[{{\]\d｛［]|\\+[\"n]|//|/\*|[-+.]\.?\d|(?i:true|false|null|none|nil|undefined|nan|infinity)\b)"
)
_ESCAPED = re.compile(r"[{\[]\s*+\\+[\"n]")
_BODY = re.compile(r'(?:[^"\\]++|\\.)*+', re.DOTALL)
_PLACEHOLDER = re.compile(r"\{\s*\}|\[\s*\d*\s*\]")
_BRACKET = re.compile(r"[{}\[\]｛｝［］]")
_BETWEEN = " \t\r\n,;"
Repairs = tuple[tuple[str, int], ...]  # what was mended, and where first


@dataclass(slots=True)
class Region:
    """A stretch of text: its value if it has one, the repairs that gave it, and why it is not plain JSON."""

    start: int
    end: int
    value: Any = None
    repairs: Repairs = ()  # empty also when nothing could be mended
    problem: Malformed | None = None  # why it is not plain JSON

    @property
    def readable(self) -> bool:
        """Whether the value may be taken, repairs allowed."""
        return self.problem is None or bool(self.repairs)


def regions(text: str, start: int, end: int) -> list[Region]:
    """All stretches of JSON between `start` and `end`, none inside another, in order."""
    return list(_Walk(text, start, end).regions())


def chosen(text: str, found: list[Region], prefer: str | None = None) -> Region | None:
    """The last region that can be the answer; `prefer` is "array" when an array is asked for.

    Objects, and arrays that hold objects, come before other arrays.

    Raises:
        Malformed: another value stands right beside it, so which is the answer cannot be told.
    """

    def holds(region: Region, bracket: str) -> bool:
        return text.find(bracket, region.start, region.end) >= 0

    likely = [i for i, region in enumerate(found) if prefer == "array" and text[region.start] == "["]
    likely = likely or [i for i, region in enumerate(found) if holds(region, "{")] or list(range(len(found)))
    if not likely:
        return None
    place = likely[-1]
    beside = found[max(place - 1, 0) : place + 2]
    for left, right in pairwise(beside):
        if not text[left.end : right.start].strip(_BETWEEN):
            raise Malformed(TWO_VALUES, "a second value follows the first", right.start)
    return found[place]


def without_placeholders(text: str, found: list[Region], prefer: str | None = None) -> list[Region]:
    """The regions without what is prose and only looks like JSON: a footnote `[1]`, a format's `{}`."""
    return [
        region
        for region in found
        if (prefer == "array" and text[region.start] == "[")
        or not _PLACEHOLDER.fullmatch(text, region.start, region.end)
    ]


class _Walk:
    def __init__(self, text: str, start: int, end: int) -> None:
        self.text = text
        self.start = start
        self.end = end
        self.broken = 0  # characters that the tolerant parser has read

    def regions(self) -> Iterator[Region]:
        pos = self.start
        while opening := _OPENING.search(self.text, pos, self.end):
            outcome = self.attempt(opening.start())
            if isinstance(outcome, Region):
                yield outcome
                pos = max(outcome.end, opening.start() + 1)
            else:
                pos = max(outcome, opening.start() + 1)

    def attempt(self, start: int) -> Region | int:
        """The region that begins at `start`, or where to look on when that was no JSON."""
        try:
            value, stop = decode(self.text, start)
            if stop <= self.end:
                return self.reopened(start, stop) or Region(start, stop, value)
            refused = Malformed(SYNTAX, "the text ends inside a value", self.end)
        except Malformed as error:
            refused = error
        if _ESCAPED.match(self.text, start, self.end):
            return self.unescaped(start, refused)
        return self.mended(start, refused)

    def reopened(self, start: int, stop: int) -> Region | None:
        """An object that was closed too early, with the members that follow: `{"a": 1}, "b": 2}`."""
        if self.text[start] != "{" or self.broken > MAX_BROKEN or not REOPENED.match(self.text, stop, self.end):
            return None
        salvage = Tolerant(self.text, start, self.end, reopens=True).read()
        self.broken += salvage.end - start
        if not salvage.recovered or salvage.problem or "truncated" in dict(salvage.repairs):
            return None
        refused = Malformed(SYNTAX, "members follow the object's end", stop)
        return Region(start, salvage.end, salvage.value, tuple(salvage.repairs), refused)

    def mended(self, start: int, refused: Malformed) -> Region | int:
        if self.broken > MAX_BROKEN:
            raise Malformed(TOO_LONG, f"more than {MAX_BROKEN} characters of broken JSON", start)
        salvage = Tolerant(self.text, start, self.end).read()
        self.broken += salvage.end - start
        problem = salvage.problem if salvage.problem and salvage.problem.problem != SYNTAX else refused
        if salvage.recovered:
            repairs = tuple(salvage.repairs) if problem.problem == SYNTAX else ()
            return Region(start, salvage.end, salvage.value, repairs, problem)
        if problem.problem == TOO_DEEP:
            return Region(start, max(salvage.end, self.closing.get(start, self.end)), problem=problem)
        if salvage.committed and start in self.closing:
            return Region(start, max(salvage.end, self.closing[start]), problem=problem)
        return salvage.end

    def unescaped(self, start: int, refused: Malformed) -> Region | int:
        """JSON that was written as the content of a JSON string: `{\\"a\\": 1}`."""
        body = _BODY.match(self.text, start, self.end)
        assert body is not None
        try:
            inner = json.loads(f'"{body.group()}"', strict=False)
        except ValueError:
            return body.end()
        found = next(_Walk(inner, 0, len(inner)).regions(), None)
        if found is None or found.start or not found.readable:
            return body.end()
        repairs = (("escaped as a string", start), *((name, start) for name, _ in found.repairs))
        return Region(start, body.end(), found.value, repairs, refused)

    @cached_property
    def closing(self) -> dict[int, int]:
        """From each opening bracket to behind its partner, quotes ignored: in broken JSON they cannot be trusted."""
        partners: dict[int, int] = {}
        waiting: dict[str, list[int]] = {"}": [], "]": []}
        for bracket in _BRACKET.finditer(self.text, self.start, self.end):
            mark = WIDE.get(bracket.group(), bracket.group())
            if mark in "{[":
                waiting["}" if mark == "{" else "]"].append(bracket.start())
            elif waiting[mark]:
                partners[waiting[mark].pop()] = bracket.end()
        return partners
