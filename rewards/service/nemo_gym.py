"""The items of a Responses API conversation as the messages that judges read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

OWN = ("response", "responses_create_params", "completion", "prompt")  # of a request; the rest are columns
_METADATA = "verifier_metadata"  # where data sets keep what a verifier reads


def columns_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """What else a request holds; the fields of its verifier_metadata are columns too."""
    columns = {name: value for name, value in request.items() if name not in OWN}
    metadata = columns.get(_METADATA)
    return {**metadata, **columns} if isinstance(metadata, dict) else columns


def messages_of(given: Any) -> Any:
    """The input of a request: a text, or its items as messages."""
    return [message for item in given for message in _messages(item)] if isinstance(given, list) else given


def answer_of(output: Sequence[Any]) -> Any:
    """What the model did: its text when it only spoke, else messages with the calls of tools and what came back."""
    messages = [message for item in output for message in _messages(item)]
    if all(message["role"] == "assistant" and "tool_calls" not in message for message in messages):
        return "\n".join(message["content"] for message in messages)
    return messages


def _messages(item: Any) -> list[dict[str, Any]]:
    """An item as a message; reasoning, and what is not known, is none."""
    if not isinstance(item, dict):
        return []
    kind = item.get("type", "message")
    if kind == "message":
        return [{"role": str(item.get("role", "assistant")), "content": _text(item.get("content"))}]
    if kind == "function_call":
        function = {"name": str(item.get("name", "")), "arguments": _arguments(item.get("arguments"))}
        call = {"id": str(item.get("call_id", "")), "type": "function", "function": function}
        return [{"role": "assistant", "content": "", "tool_calls": [call]}]
    if kind == "function_call_output":
        return [{"role": "tool", "tool_call_id": str(item.get("call_id", "")), "content": _text(item.get("output"))}]
    return []


def _text(content: Any) -> str:
    if isinstance(content, list):
        texts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _arguments(given: Any) -> Any:
    """Of a function call, as an object where they are the text of one."""
    try:
        return json.loads(given) if isinstance(given, str) else given
    except (ValueError, RecursionError):
        return given
