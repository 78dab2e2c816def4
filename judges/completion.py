"""Every form in which a trainer hands over a prompt or a completion, brought to text once, at the edge.

TRL passes strings for standard datasets and lists of messages for conversational ones; a message's content may
be a string, a list of typed blocks, or missing (a tool call), and its reasoning may stand in a field of its own.
Judges see text only, so that a dataset can change its format without a judge noticing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .errors import NotText

MESSAGE = ("role", "content", "tool_calls")  # a message has one of these keys at least


def completion_text(completion: Any) -> str:
    """The text a judge reads.

    A string is itself. Of a list of messages it is the last assistant message: earlier turns and the replies of
    tools are not the model's answer, so a tool that prints ``\\boxed{5}`` has not answered for it. Reasoning kept
    in `reasoning_content` (or `reasoning`) stands in front as ``<think>…</think>``.

    >>> completion_text([{"role": "assistant", "content": "5", "reasoning_content": "2+3"}])
    '<think>\\n2+3\\n</think>\\n5'

    Raises:
        NotText: the completion is neither text nor messages.
    """
    if isinstance(completion, str):
        return completion
    if completion is None:
        return ""
    if isinstance(completion, Mapping):
        if not is_message(completion):
            raise NotText(
                f"a completion that is a mapping must be a message with 'role' and 'content': {completion!r:.80}"
            )
        return _message_text(completion)
    if isinstance(completion, Sequence) and not isinstance(completion, (bytes, bytearray)):
        if not all(map(is_message, completion)):
            raise NotText(f"a completion's messages must be mappings with 'role' and 'content': {completion!r:.80}")
        spoken = [m for m in completion if m.get("role", "assistant") == "assistant"]
        return _message_text(spoken[-1]) if spoken else ""
    raise NotText(f"a completion is a string or a list of messages, not {type(completion).__name__}")


def is_message(value: Any) -> bool:
    """Whether this is a message, and not some other mapping such as a step of an episode."""
    return isinstance(value, Mapping) and not value.keys().isdisjoint(MESSAGE)


def prompt_text(prompt: Any) -> str:
    """The prompt as text: a string is itself; of messages, the contents one after the other, a line between."""
    if isinstance(prompt, str):
        return prompt
    if prompt is None:
        return ""
    messages = [prompt] if isinstance(prompt, Mapping) else prompt
    return "\n".join(content_text(message.get("content")) for message in messages)


def _message_text(message: Mapping[str, Any]) -> str:
    content = content_text(message.get("content"))
    reasoning = content_text(message.get("reasoning_content") or message.get("reasoning"))
    return f"<think>\n{reasoning}\n</think>\n{content}" if reasoning else content


def content_text(content: Any) -> str:
    """The text of a message's content: a string, typed blocks, or nothing."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Mapping):  # one typed block
        return content_text(content.get("text"))
    if isinstance(content, Sequence):
        return "".join(content_text(block) for block in content)
    raise NotText(f"a message's content is text or a list of typed blocks, not {type(content).__name__}")
