"""The program in a completion: the fenced block, behind the reasoning, that defines what is tested.

Lines are read once or twice, without a backtracking expression, and nothing is parsed: a completion of ten million
backticks takes as long as any other, and what compiles is found out in the box.
"""

from __future__ import annotations

import ast
import functools
import re
import textwrap
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .syntax import can_run, definer, labelled

THOUGHT = re.compile(r"\s*<think(?:ing)?>", re.I)
END_OF_THOUGHT = re.compile(r"</think(?:ing)?>", re.I)
MANY = 64  # blocks that are looked into; nobody means the one before the last 64
LOOK = 200  # characters around the end of a thought, to see whether it stands at the edge of a line
INVISIBLE = "\ufeff\u200b\u2060"
ITEM = re.compile(r"(?:[-*+>]|[0-9]{1,3}[.)])[ \t]+(?=```|~~~)")
NOT_CLOSED = "the last fence was not closed"


class Program(NamedTuple):
    """A program and where it stood; `span` counts characters of the completion."""

    code: str
    span: tuple[int, int]
    notes: tuple[str, ...] = ()
    language: str = "python"


class _Block(NamedTuple):
    label: str
    start: int
    end: int
    closed: bool


def extract_program(
    text: str, allow_bare: bool = False, names: Iterable[str] = (), languages: Sequence[str] = ("python",)
) -> Program | None:
    """The last block that defines most of `names`; of several, and without names, the last one that can be run.

    Blocks labelled as one of the languages come before those without a label, which are taken for the first language;
    blocks that are empty, only comments or commands of a shell are none. An unclosed last fence counts to the end of
    the text, and the notes say so. What stands in a thought does not count, nor does anything when the thought never
    ends. With `allow_bare`, text without a fence is a program of the first language; of Python, when it compiles.

    >>> extract_program("Try:\\n```py\\nprint(1)\\n```\\n").code
    'print(1)\\n'
    >>> extract_program("```py\\ndef f(): ...\\n```\\nUsage:\\n```py\\nf()\\n```\\n", names=["f"]).code
    'def f(): ...\\n'
    """
    languages = tuple(languages)
    start, blocks = _answer(text, languages)
    if start is None:
        return None
    known = [(block, language) for block in blocks if (language := labelled(block.label, languages))]
    unknown = [(block, languages[0]) for block in blocks if not block.label]
    if not (known or unknown):
        return _bare(text, start, languages[0]) if allow_bare and not blocks else None
    programs = [_program(text, block, language) for block, language in (known or unknown)[-MANY:]]
    runnable = [program for program in programs if can_run(program.code, program.language)] or programs[-1:]
    names = tuple(names)
    counts = [sum(bool(definer(name, each.language)(each.code)) for name in names) for each in runnable]
    return [program for program, count in zip(runnable, counts, strict=True) if count == max(counts)][-1]


def _program(text: str, block: _Block, language: str) -> Program:
    code = textwrap.dedent(text[block.start : block.end].lstrip(INVISIBLE))
    return Program(code, (block.start, block.end), () if block.closed else (NOT_CLOSED,), language)


# Thoughts.


def _answer(text: str, languages: tuple[str, ...]) -> tuple[int | None, list[_Block]]:
    """Where the answer begins, and its blocks; None for a thought without an end.

    A tag in the middle of a line of a program is a text of the program. Where a later tag is only mentioned, behind the
    program, the last tag with a block behind it counts; never what stands before the first.
    """
    blocks = _blocks(text, 0, languages)
    tags = [tag.end() for tag in END_OF_THOUGHT.finditer(text) if _ends_thought(text, tag, blocks)]
    if not tags:
        return (None, []) if THOUGHT.match(text) else (0, blocks)
    behind = [(tag, _blocks(text, tag, languages)) for tag in tags[-1:]]
    if not behind[0][1] and len(tags) > 1:
        behind.append((tags[0], _blocks(text, tags[0], languages)))
    return next((pair for pair in behind if pair[1]), behind[0])


def _ends_thought(text: str, tag: re.Match[str], blocks: list[_Block]) -> bool:
    """Whether the tag is at the edge of a line, or outside of all blocks."""
    before, behind = text[max(0, tag.start() - LOOK) : tag.start()], text[tag.end() : tag.end() + LOOK]
    if not before.rpartition("\n")[2].strip() or not behind.partition("\n")[0].strip():
        return True
    low, high = 0, len(blocks)
    while low < high:  # the last block that begins before the tag
        middle = (low + high) // 2
        low, high = (middle + 1, high) if blocks[middle].start <= tag.start() else (low, middle)
    return not (low and tag.start() <= blocks[low - 1].end)


# Fences.


def _blocks(text: str, position: int, languages: tuple[str, ...]) -> list[_Block]:
    """The fenced blocks from there on. A fence within a docstring belongs to the program, if the docstring ends."""
    blocks = _scan(text, position, languages, docstrings="python" in languages)
    return blocks if not blocks or blocks[-1].closed else _scan(text, position, languages, docstrings=False)


def _scan(text: str, position: int, languages: tuple[str, ...], docstrings: bool) -> list[_Block]:
    blocks: list[_Block] = []
    fence, label, start, quotes = "", "", 0, ""
    while position < len(text):
        newline = text.find("\n", position)
        end = len(text) if newline < 0 else newline + 1
        line = text[position:end].strip()
        if not fence:
            opening = line[found.end() :] if (found := ITEM.match(line)) else line
            if opening.startswith(("```", "~~~")):
                fence = _fence(opening)
                label, start, quotes = _label(opening[len(fence) :]), end, ""
        elif docstrings and quotes:
            quotes = _open_quotes(line, quotes)
        elif line.startswith(fence) and not line.strip(fence[0]):
            blocks.append(_Block(label, start, position, closed=True))
            fence = ""
        elif _fence(line) == fence and labelled(_label(line[len(fence) :]), languages):  # this one opens another
            blocks.append(_Block(label, start, position, closed=False))
            label, start = _label(line[len(fence) :]), end
        elif _closes_behind_code(line, fence):
            blocks.append(_Block(label, start, position + text[position:end].rfind(fence), closed=True))
            fence = ""
        else:
            quotes = _open_quotes(line, "") if docstrings and labelled(label or "python", ("python",)) else ""
        position = end
    if fence and start < len(text):
        blocks.append(_Block(label, start, len(text), closed=False))
    return blocks


def _fence(line: str) -> str:
    return line[: len(line) - len(line.lstrip(line[0]))] if line.startswith(("```", "~~~")) else ""


def _closes_behind_code(line: str, fence: str) -> bool:
    """Whether a line of code ends in the closing fence."""
    before = line[: -len(fence)]
    return line.endswith(fence) and bool(before) and "`" not in before and "~" not in before and before[0] != "#"


def _open_quotes(line: str, quotes: str) -> str:
    """The triple quotes that are open behind a line, of those that were open before it."""
    place = 0
    while True:
        found = [(line.find(mark, place), mark) for mark in ([quotes] if quotes else ['"""', "'''"])]
        found = [(at, mark) for at, mark in found if at >= 0]
        if not found:
            return quotes
        at, mark = min(found)
        quotes, place = ("" if quotes else mark), at + 3


@functools.lru_cache(256)
def _label(rest: str) -> str:
    """The first word after a fence, as in "```python title=x", "```python,editable" or "```{python}"."""
    word = re.split(r"[\s,{}]+", rest.strip().strip("{}" + INVISIBLE), maxsplit=1)[0]
    return word.lower().lstrip(".").strip(INVISIBLE)


def _bare(text: str, start: int, language: str) -> Program | None:
    code = text[start:]
    if language == "python":
        try:
            if not ast.parse(code).body:
                return None
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
    return Program(code, (start, len(text)), ("no fence",), language)
