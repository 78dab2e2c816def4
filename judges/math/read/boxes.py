r"""The last `\boxed{…}` of a text, and those standing beside it, by walking braces once."""

from __future__ import annotations

import re

from .vocabulary import TURNING

_COMMAND = "\\boxed"
_BRACES = re.compile(r"\\[\\{}]|[{}]")
_BARE = re.compile(r"\s{0,4}(\d+(?:[.,]\d+)*|\\[a-zA-Z]+(?:\s?\{[^{}]{0,200}\}){0,3}|[a-zA-Z](?![a-zA-Z]))")
_MENTION = re.compile(  # `put your answer in \boxed{…}` shows how, and says nothing
    r"[\s.…]*|(?:\\[a-zA-Z]*dots|\\cdot|\\[,;: ]|[{}~\s$_?])*|"
    r"[<\[(]?\s{0,3}(?:\\(?:text|mathrm|textbf)\s?\{)?\s{0,3}(?:(?:the|your|my|insert|put|place)\s)?(?:the\s)?"
    r"(?:final[ _])?(?:numerical\s)?(?:answer|result|solution|content|value)(?:[ _](?:goes )?here)?\.{0,3}\s{0,3}"
    r"\}?\s{0,3}[>\])]?",
    re.IGNORECASE,
)
_LONGEST_MENTION = 50
_DIGIT = re.compile(r"\d")
_AFTER = re.compile(r"[\s$]{0,4}(?:\\?%|\\text\{ ?(?:%|percent) ?\}|(?:pct|percent)\b)|_(?:\{\d{1,2}\}|\d)")
_LONGEST_GAP = 80  # characters between two boxes that still stand side by side
_MOST_BOXES = 64
_WORD = re.compile(r"[A-Za-z]+")
_MARKUP = re.compile(r"\\(?:text|quad|qquad|mathrm|mbox)|[$\\\[\](){}*,;:.&+~|-]|\s")


def last_boxes(text: str) -> list[str] | None:
    r"""Contents of the last box that says something and of its neighbours, in order; None when there is no box.

    A neighbour is separated by signs or a few words such as "and", not by a sentence: `\boxed{1} and \boxed{2}` is
    one answer with two parts, while a box that corrects an earlier one stands alone. A text whose boxes are all
    empty gives an empty list.
    """
    start = text.rfind(_COMMAND)
    if start < 0:
        return None
    found: list[str] = []
    limit = len(text)
    for _ in range(_MOST_BOXES):
        content, end = _content(text, start, limit)
        if found and (content is None or end > limit):
            break
        content = content or ""
        if not _is_mention(content):
            if found and not _side_by_side(text[end:limit]):
                break
            found.append(content + _suffix(text, end))
            limit = start
        start = text.rfind(_COMMAND, 0, start)
        if start < 0 or (found and limit - start > 4000):
            break
    return found[::-1]


def _is_mention(content: str) -> bool:
    """Whether a box only shows where an answer goes; what has a digit says something, which most boxes do."""
    return len(content) <= _LONGEST_MENTION and not _DIGIT.search(content) and bool(_MENTION.fullmatch(content))


def _content(text: str, start: int, limit: int) -> tuple[str | None, int]:
    """What the box at `start` holds and where it ends; a box that is never closed ends with its line."""
    begin = start + len(_COMMAND)
    opening = text.find("{", begin, begin + 4)
    if opening < 0 or text[begin:opening].strip():
        bare = _BARE.match(text, begin)
        return (bare[1], bare.end()) if bare else (None, begin)
    closing = text.find("}", opening, limit)
    inside = text[opening + 1 : closing]
    if closing > 0 and "{" not in inside and "\\" not in inside:
        return inside, closing + 1  # nothing to count, as in most boxes
    depth = 1
    for match in _BRACES.finditer(text, opening + 1, limit):
        if match[0] == "{":
            depth += 1
        elif match[0] == "}":
            depth -= 1
            if not depth:
                return text[opening + 1 : match.start()], match.end()
    if limit < len(text):
        return None, limit + 1  # it encloses the boxes found already
    line = re.split(r"[\n$]", text[opening + 1 : opening + 2000], maxsplit=1)[0]
    return line, opening + 1 + len(line)


def _suffix(text: str, end: int) -> str:
    """A percent sign or a number base that stands behind the box."""
    after = _AFTER.match(text, end)
    if after is None:
        return ""
    return after[0] if after[0].startswith("_") else r"\%"


def _side_by_side(gap: str) -> bool:
    if len(gap) > _LONGEST_GAP:
        return False
    words = [word.lower() for word in _WORD.findall(_MARKUP.sub(" ", gap))]
    if len(words) > 3 or not TURNING.isdisjoint(words):
        return False
    return not words or not re.search(r"[.!?](?:\s|$)", gap)
