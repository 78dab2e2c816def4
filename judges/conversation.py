"""What an agent did: the messages of a completion, its turns, and its calls of tools with what came of them.

Written for the messages of TRL and of the OpenAI interface, whose differences end here: a call with or without an
`id`, its arguments as a mapping or as JSON text, its name inside `function` or beside it.
"""

from __future__ import annotations

import ast
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .completion import content_text, is_message
from .errors import NotText

Message = Mapping[str, Any]
LONGEST_FAILURE = 100_000  # characters of a tool's reply that are parsed to see whether it tells an error


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a tool.

    Attributes:
        name: of the tool; empty when the message names none.
        arguments: as a mapping; None when what the model wrote is no JSON object.
        result: what the tool replied, as text; None when nothing came back.
        error: why the call failed, or None. It is what the tool (or the trainer in its place) replied as an error, or
            says that the arguments cannot be read.
        id: the message's own name for the call, or "".
    """

    name: str
    arguments: dict[str, Any] | None
    result: str | None = None
    error: str | None = None
    id: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the model, with everything that was said to it before the next.

    Attributes:
        message: the assistant's message as it is.
        tool_calls: the calls it makes, with the results among the replies.
        replies: the messages behind it: of tools, of a user.
    """

    message: Message
    tool_calls: tuple[ToolCall, ...]
    replies: tuple[Message, ...]

    @property
    def text(self) -> str:
        """What the model says in this turn, without its reasoning; empty where it only calls tools."""
        return content_text(self.message.get("content"))


def messages_of(completion: Any) -> list[Message]:
    """The completion as a list of messages: a string is one of the assistant, a single message a list of one.

    Raises:
        NotText: it is neither text nor messages.
    """
    if completion is None:
        return []
    if isinstance(completion, str):
        return [{"role": "assistant", "content": completion}]
    if is_message(completion):
        return [completion]
    if isinstance(completion, Sequence) and not isinstance(completion, (bytes, bytearray)):
        if all(map(is_message, completion)):
            return list(completion)
        raise NotText(f"a completion's messages must be mappings with 'role' and 'content': {completion!r:.80}")
    raise NotText(f"a completion's messages are a list of them, or text, not {type(completion).__name__}")


def turns_of(messages: Sequence[Message]) -> list[Turn]:
    """The turns of a conversation; what stands before the model's first message belongs to none."""
    starts = [place for place, message in enumerate(messages) if message.get("role", "assistant") == "assistant"]
    turns = []
    for start, end in zip(starts, [*starts[1:], len(messages)], strict=True):
        replies = tuple(messages[start + 1 : end])
        turns.append(Turn(messages[start], _calls(messages[start], replies), replies))
    return turns


def _calls(message: Message, replies: Sequence[Message]) -> tuple[ToolCall, ...]:
    """The calls of a message; a reply belongs to the call whose id it names, else to the next one without a reply."""
    written = message.get("tool_calls") or ()
    calls = [call for call in written if isinstance(call, Mapping)] if isinstance(written, (list, tuple)) else []
    waiting = deque(range(len(calls)))
    by_id: dict[str, deque[int]] = {}
    for place, call in enumerate(calls):
        by_id.setdefault(str(call.get("id") or ""), deque()).append(place)
    answered: dict[int, Message] = {}
    for reply in (reply for reply in replies if reply.get("role") == "tool"):
        queue = by_id.get(str(reply.get("tool_call_id") or ""), waiting) if reply.get("tool_call_id") else waiting
        while queue and queue[0] in answered:
            queue.popleft()
        if queue:
            answered[queue.popleft()] = reply
    return tuple(_call(call, answered.get(place)) for place, call in enumerate(calls))


def _call(call: Mapping[str, Any], reply: Message | None) -> ToolCall:
    function = call.get("function")
    inner = function if isinstance(function, Mapping) else call
    arguments = _arguments(inner.get("arguments"))
    error = "the arguments are no JSON object" if arguments is None else None
    result = None
    if reply is not None:
        result = content_text(reply.get("content"))
        error = _failure(reply, result) or error
    return ToolCall(str(inner.get("name") or ""), arguments, result, error, str(call.get("id") or ""))


def _arguments(written: Any) -> dict[str, Any] | None:
    """A mapping of arguments, or None for what a model wrote that is none; nothing at all is no argument."""
    if isinstance(written, str) and written.strip():
        try:
            written = json.loads(written)
        except (ValueError, RecursionError):
            return None
    if isinstance(written, Mapping):
        return dict(written)
    return {} if written is None or written == "" else None


def _failure(reply: Message, result: str) -> str | None:
    """The error that a tool's reply tells: marked as one, or a mapping with `error` first, as JSON or as Python."""
    if reply.get("is_error") or reply.get("status") == "error":
        return result or "error"
    said = result.strip()
    if not said.startswith("{") or not said[1:].lstrip().startswith(("'error'", '"error"')):
        return None
    error = _mapping(said).get("error")
    return None if error is None or error is False or error == "" else str(error)


def _mapping(text: str) -> Mapping[str, Any]:
    if len(text) > LONGEST_FAILURE:
        return {"error": text[:LONGEST_FAILURE]}
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(value, Mapping):
            return value
    return {}
