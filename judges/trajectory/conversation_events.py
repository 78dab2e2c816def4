"""A conversation as a trace of events: what was said, and every call of a tool."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..completion import content_text
from ..conversation import Message, ToolCall, Turn, turns_of
from .events import MAX_EVENTS, BadTrace
from .logic import Formula, Predicate

NUMBERS = ("turn", "calls", "errors", "chars")
WORDS = ("tool", "role")
ARGUMENT = "args."


def conversation_events(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """One event for each message with text and one for each call, in order.

    Every event has `turn` (of the model, from 1 on; 0 before its first message), and how many `calls` and `errors`
    there were so far, this event counted. A message has `role`, its role as a name (`assistant`, `user`), and `chars`.
    A call has `tool`, the tool's own name as a name, `call`, `error` where it failed or got no JSON object, and its
    arguments as `args.…`. What a tool replies is part of its call, and no event of its own.

    Raises:
        BadTrace: there are too many.
    """
    counted = _Counted()
    first = next((place for place, one in enumerate(messages) if _role(one) == "assistant"), len(messages))
    for message in messages[:first]:
        counted.said(message)
    for turn in turns_of(messages[first:]):
        counted.took(turn)
    return counted.events


class _Counted:
    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.so_far = {"turn": 0, "calls": 0, "errors": 0}

    def said(self, message: Message) -> None:
        text, role = content_text(message.get("content")), _role(message)
        if text and role != "tool":
            self._add({role: True}, {"role": role, "chars": len(text)})

    def took(self, turn: Turn) -> None:
        self.so_far["turn"] += 1
        self.said(turn.message)
        for call in turn.tool_calls:
            self._called(call)
        for reply in turn.replies:
            self.said(reply)

    def _called(self, call: ToolCall) -> None:
        self.so_far["calls"] += 1
        self.so_far["errors"] += call.error is not None
        arguments = {ARGUMENT + str(name): value for name, value in (call.arguments or {}).items()}
        self._add({call.name: True}, {**arguments, "tool": call.name, "call": True, "error": call.error is not None})

    def _add(self, named: dict[str, Any], fields: dict[str, Any]) -> None:
        """`named` is what a model may have made up: it takes no field's place."""
        if len(self.events) == MAX_EVENTS:
            raise BadTrace("too many events")
        free = {name: value for name, value in named.items() if not name.startswith(ARGUMENT)}
        self.events.append({**free, **dict.fromkeys(("call", "error"), False), **fields, **self.so_far})


def _role(message: Message) -> str:
    return str(message.get("role", "assistant"))


def require_known(formula: Formula) -> None:
    """Raise ValueError where a formula compares what no event of a conversation has."""
    for part in formula.walk():
        if not isinstance(part, Predicate) or part.event or part.var.startswith(ARGUMENT):
            continue
        known = WORDS if isinstance(part.c, str) else NUMBERS
        if part.var not in known:
            raise ValueError(
                f"the events of a conversation have {', '.join(known)} and args.… to compare, but the formula has "
                f"({part}): give a column, source='completion' or a function of the sample"
            )
