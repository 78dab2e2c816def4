"""Reading one reply about all criteria of a rubric."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ..json.regions import regions
from ..json.strict import DUPLICATE, Malformed
from ..llm.label import MAX_CHARS
from ..llm.line import Scale, Unreadable, headed
from ..llm.objects import object_labels
from ..llm.reply import Reply
from ..llm.speech import speech
from ..llm.wording import plain, undecorated, visible
from .criteria import Criterion, Rubric


def read_grades(reply: Reply, rubric: Rubric) -> tuple[str, ...]:
    """The label of every criterion, in order: from JSON objects with their names, else from lines "name: label".

    >>> rubric = Rubric([Criterion("right", "Is it?"), Criterion("rude", "Is it?")])
    >>> read_grades(Reply('{"right": "yes", "rude": {"reason": "not at all", "verdict": "No"},}'), rubric)
    ('yes', 'no')

    Raises:
        Unreadable: see `read_label`; a criterion without a label is "no label".
    """
    answer = speech(reply).answer
    if answer is None or reply.cut_off:
        raise Unreadable("cut off", "the model ran out of tokens, or its thinking has no end")
    if len(answer) > MAX_CHARS:
        raise Unreadable("no label", f"the reply has more than {MAX_CHARS} characters")
    members = list(_members(answer))
    lines = [undecorated(visible(line)) for line in answer.splitlines() if not line.lstrip().startswith(">")]
    return tuple(_label(criterion, members, lines) for criterion in rubric)


def _label(criterion: Criterion, members: list[tuple[str, Any]], lines: list[str]) -> str:
    scale = Scale(criterion.labels)
    name = plain(criterion.name)
    said = {_said(value, scale, criterion.name) for key, value in members if key == name}
    if not said:
        named = re.compile(rf"[\W\d_]*{re.escape(criterion.name)}\W*?\s*(?::|=|[-–—]+>?|→)\s*(.+)", re.IGNORECASE)
        found = [match[1] for line in lines if (match := named.match(line))]
        said = {label for rest in found if (label := headed(rest, scale)) is not None}
    if len(said) != 1:
        raise Unreadable("several labels" if said else "no label", f"about {criterion.name!r}: {sorted(said)}")
    return said.pop()


def _said(value: Any, scale: Scale, name: str) -> str:
    label: str | None
    if isinstance(value, dict):
        labels, _ = object_labels(json.dumps(value), scale)
        label = labels.pop() if len(labels) == 1 else None
    elif isinstance(value, list):
        label = None
    else:
        label = scale.said(str(value)) or headed(str(value), scale)
    if label is None:
        raise Unreadable("unknown label", f"about {name!r}: {value!r:.80}")
    return label


def _members(text: str) -> Iterator[tuple[str, Any]]:
    """The members of all objects in a text, at any depth."""
    try:
        found = regions(text, 0, len(text))
    except Malformed:
        raise Unreadable("no label", "too much broken JSON") from None
    for region in found:
        if region.problem is not None and region.problem.problem == DUPLICATE:
            raise Unreadable("several labels", region.problem.detail)
    waiting = [region.value for region in found if region.readable]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            yield from ((plain(key), item) for key, item in value.items())
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
            yield from _named(value)


def _named(entries: list[Any]) -> Iterator[tuple[str, Any]]:
    """The members of a list of objects that hold the name of a criterion beside what is said of it."""
    for entry in entries:
        if isinstance(entry, dict):
            names = [entry[key] for key in ("criterion", "name") if isinstance(entry.get(key), str)]
            yield from ((plain(name), entry) for name in names[:1])
