"""The program in a completion: the last fenced Python block after the reasoning.

One pass over the lines, no backtracking expression: a completion of ten million backticks takes as long as any other.
"""

from __future__ import annotations

import ast
import textwrap
from typing import NamedTuple

PYTHON_LABELS = frozenset({"python", "py", "python3"})
END_OF_REASONING = "</think>"


class Program(NamedTuple):
    """A program and where it stood; `span` counts characters of the completion."""

    code: str
    span: tuple[int, int]
    notes: tuple[str, ...] = ()


class _Block(NamedTuple):
    label: str
    start: int
    end: int
    closed: bool


def extract_program(text: str, allow_bare: bool = False) -> Program | None:
    """The last block labelled as Python, else the last unlabelled one; None when there is none.

    An unclosed last fence counts to the end of the text, and the notes say so. With `allow_bare`, text without a
    fence is a program when it compiles.

    >>> extract_program("Try:\\n```py\\nprint(1)\\n```\\n").code
    'print(1)\\n'
    """
    start = text.rfind(END_OF_REASONING)
    start = 0 if start < 0 else start + len(END_OF_REASONING)
    blocks = list(_blocks(text, start))
    labelled = [block for block in blocks if block.label in PYTHON_LABELS]
    unlabelled = [block for block in blocks if not block.label]
    if not (labelled or unlabelled):
        return _bare(text, start) if allow_bare and not blocks else None
    block = (labelled or unlabelled)[-1]
    notes = () if block.closed else ("the last fence was not closed",)
    return Program(textwrap.dedent(text[block.start : block.end]), (block.start, block.end), notes)


def _blocks(text: str, position: int) -> list[_Block]:
    blocks: list[_Block] = []
    fence, label, start = "", "", 0
    while position < len(text):
        newline = text.find("\n", position)
        end = len(text) if newline < 0 else newline + 1
        line = text[position:end].strip()
        if not fence and line.startswith(("```", "~~~")):
            fence = line[: len(line) - len(line.lstrip(line[0]))]
            label, start = _label(line[len(fence) :]), end
        elif fence and line.startswith(fence) and not line.strip(fence[0]):
            blocks.append(_Block(label, start, position, closed=True))
            fence = ""
        position = end
    if fence and start < len(text):
        blocks.append(_Block(label, start, len(text), closed=False))
    return blocks


def _label(rest: str) -> str:
    """The first word after a fence, as in "```python title=x" or "```{python}"."""
    word = rest.strip().strip("{}").split(maxsplit=1)[:1]
    return word[0].lower().lstrip(".") if word else ""


def _bare(text: str, start: int) -> Program | None:
    code = text[start:]
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Program(code, (start, len(text)), ("no fence",)) if tree.body else None
