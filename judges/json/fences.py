"""In which fenced block of a completion the answer stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

_RUNS = {"```": re.compile(r"````*"), "~~~": re.compile(r"~~~~*")}  # literal beginnings, which are found fast
_INFO = re.compile(r"[ \t]*([\w+.-]*)[ \t]*(\n|\r\n|\Z)?")
_LINE_END = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_JSON_TAG = re.compile(r"json", re.IGNORECASE)
_CONTAINER = re.compile(r"\s*[{\[]")


@dataclass(slots=True)
class Fence:
    """A fenced block: its language tag and where its content stands."""

    tag: str
    start: int
    end: int
    mark: str  # the run of marks that opened it
    inline: bool  # content on the line of the opening marks


def answer_fence(text: str, start: int) -> Fence | None:
    """The last fenced block that holds JSON: by its tag, else by a content that begins with a bracket."""
    blocks = [fence for fence in fences(text, start) if text[fence.start : fence.end].strip()]
    tagged = [fence for fence in blocks if _JSON_TAG.match(fence.tag)]
    likely = tagged or [fence for fence in blocks if _CONTAINER.match(text, fence.start, fence.end)]
    return likely[-1] if likely else None


def fences(text: str, start: int = 0) -> list[Fence]:
    """All fenced blocks, in order; one that is never closed reaches to the end of the text.

    Models close a block at the end of its last line as often as on a line of its own, and open the next one
    without closing the last; both are understood.
    """
    found: list[Fence] = []
    block: Fence | None = None
    runs = [run for mark, pattern in _RUNS.items() if mark in text for run in pattern.finditer(text, start)]
    for run in sorted(runs, key=re.Match.start):
        if block is not None and _closes(block, run, text):
            block.end = run.start()
            found.append(block)
            block = None
        elif block is None or _opens_anew(block, run, text):
            if block is not None:
                block.end = run.start()
                found.append(block)
            block = _opened(run, text)
    return found if block is None else [*found, block]


def _opened(run: re.Match[str], text: str) -> Fence:
    info = _INFO.match(text, run.end())
    assert info is not None
    tag, inline = info[1], info[2] is None
    start = info.end(1) if _JSON_TAG.fullmatch(tag) or not inline else run.end()
    return Fence(tag, start, len(text), run.group(), inline)


def _closes(block: Fence, run: re.Match[str], text: str) -> bool:
    same = run.group()[0] == block.mark[0] and len(run.group()) >= len(block.mark)
    return same and (block.inline or _LINE_END.match(text, run.end()) is not None)


def _opens_anew(block: Fence, run: re.Match[str], text: str) -> bool:
    at_line_start = text.rfind("\n", block.start, run.start()) + 1 or block.start
    return not text[at_line_start : run.start()].strip() and run.group()[0] == block.mark[0]
