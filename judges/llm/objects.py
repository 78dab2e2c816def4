"""Verdicts in JSON, as models write it: any key of a few, at any depth, slips of form mended."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..json.regions import Region, regions
from ..json.strict import DUPLICATE, Malformed
from .line import Scale, Unreadable
from .wording import folded

# Under which keys a verdict is looked for; a key of a later row counts only where no earlier one is there.
_KEYS: tuple[frozenset[str], ...] = (
    frozenset({"verdict", "finalverdict"}),
    frozenset(
        {"label", "judgment", "judgement", "decision", "grade", "score", "rating", "result", "winner", "evaluation"}
    )
    | frozenset(
        {
            "classification",
            "conclusion",
            "preference",
            "finaldecision",
            "totalscore",
            "评分",
            "得分",
            "分数",
            "判定",
            "结论",
        }
    )
    | frozenset(f"{which}{what}" for which in ("final", "overall") for what in ("score", "grade", "rating")),
    frozenset({"answer", "finalanswer", "choice", "preferred", "better", "bestresponse", "output", "value", "答案"}),
)
_CLOSED = ('"', "'", "”", "’", "`", "}", "]")
_NUMBERED = re.compile(r"\s*(?:response|answer|assistant|option|candidate|choice)\s+(\S+)\s*", re.IGNORECASE)


def object_labels(text: str, scale: Scale) -> tuple[set[str], str]:
    """What the JSON objects in a text say, and the text without them.

    Raises:
        Unreadable: "several labels" (a key stands twice in one object), "unknown label", "no label".
    """
    try:
        found = [region for region in regions(text, 0, len(text)) if "{" in text[region.start : region.end]]
    except Malformed:
        raise Unreadable("no label", "too much broken JSON") from None
    said: set[str] = set()
    for region in found:
        said |= _said(region, text, scale)
    for region in reversed(found):
        if region.readable:
            text = text[: region.start] + text[region.end :]
    return said, text


def _said(region: Region, text: str, scale: Scale) -> set[str]:
    if region.problem is not None and region.problem.problem == DUPLICATE:
        raise Unreadable("several labels", region.problem.detail)
    members = list(_members(region.value)) if region.readable else []
    ranks = [[value for key, value in members if key in keys] for keys in _KEYS]
    if not any(ranks):
        return set()
    if any(repair == "truncated" for repair, _ in region.repairs) and not text.rstrip().endswith(_CLOSED):
        raise Unreadable("no label", "its JSON ends in the middle of a value")
    named = [[label for value in values if (label := _label(value, scale)) is not None] for values in ranks]
    if ranks[0] and len(named[0]) < len(ranks[0]):
        raise Unreadable("unknown label", f"its JSON says {ranks[0][0]!r:.80}")
    labels = next((set(rank) for rank in named if rank), set())
    if not labels and any(ranks[:2]):
        raise Unreadable("unknown label", f"its JSON says {next(filter(None, ranks))[0]!r:.80}")
    return labels


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Every key with a value that is no object, at any depth."""
    waiting = [value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if isinstance(item, dict) or _holds_objects(item):
                    waiting.append(item)
                else:
                    yield re.sub(r"[\W_]+", "", folded(str(key))), item
        elif _holds_objects(value):
            waiting += value


def _holds_objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _label(value: Any, scale: Scale) -> str | None:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return None
    text = repr(value) if isinstance(value, float) else str(value)
    numbered = _NUMBERED.fullmatch(text)
    try:
        return scale.said(numbered[1] if numbered and scale.is_mark(numbered[1]) else text)
    except Unreadable:
        return None
