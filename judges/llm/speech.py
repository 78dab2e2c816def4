"""What a model says in its reply: behind its thinking, without the tokens by which chat formats mark turns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .wording import BLANK

_TOKEN = re.compile(
    r"<[|｜][^\s<>|｜]{1,40}[|｜]>|<(?:/?s|/?(?:bos|eos|eot|im_start|im_end)|/?(?:start|end)_of_turn|turn\|)>|\[(?:EOS|/?INST)\]",
    re.IGNORECASE,
)
_ROLE = re.compile(r"\s*(?:assistant|model)\s*\n", re.IGNORECASE)
_FINAL = re.compile(r"<\|channel\|>\s*final\b[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>")
_CHANNEL = re.compile(r"\s*(?:<\|start\|>\s*assistant\s*)?<\|channel\|>")
_BARE_CHANNEL = re.compile(r"\s*(?:analysis|commentary)(?=[A-Z\s])")  # the same where the server dropped the tokens
_BARE_FINAL = re.compile(r"assistant\s*final")
# How thinking is opened and closed. What opens with one closes with the same.
_THOUGHTS = (
    *((f"<{name}>", f"</{name}>") for name in ("think", "thinking", "thought", "seed:think", "longcat_think")),
    ("[THINK]", "[/THINK]"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
)
_CLOSED = re.compile("|".join(re.escape(closing) for _, closing in _THOUGHTS), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Speech:
    """The answer in a reply.

    Attributes:
        answer: what follows the thinking; None when that never ends.
        draft: the thinking of a reply that only closes it, because the prompt has opened it already; else empty.
    """

    answer: str | None
    draft: str = ""


def speech(reply: str) -> Speech:
    """What a reply says.

    The thinking with which a reply begins ends at its first closing tag and no further: later ones may be quoted from
    what is judged. A closing tag that nothing has opened ends a thinking that the prompt's template opened. Of channels
    only the final one counts; where there are two, neither does.

    >>> speech("<think>yes?</think>no").answer, speech("yes? No.</think>no").answer
    ('no', 'no')
    """
    text = reply.lstrip(BLANK)  # nowhere else is anything invisible taken out: a quoted tag stays broken
    if _CHANNEL.match(text):
        return Speech(_only(_FINAL, text))
    if _BARE_CHANNEL.match(text) and _BARE_FINAL.search(text):
        return Speech(_only(_BARE_FINAL, text))
    text = _without_opening_tokens(text)
    opened = False
    while opening := _opening(text):
        opened = True
        start, closing = opening
        end = text.lower().find(closing.lower(), start)
        if end < 0:
            return Speech(None)
        text = text[end + len(closing) :]
    closed = None if opened else _CLOSED.search(text)
    if closed is None or _opens(text[: closed.start()], closed.group()):
        return Speech(without_tokens(text))
    return Speech(without_tokens(text[closed.end() :]), without_tokens(text[: closed.start()]))


def without_tokens(text: str) -> str:
    """The text with each token of a chat format as the line break that it is, and without the roles behind it."""
    return "\n".join(_ROLE.sub("", part, count=1) if place else part for place, part in enumerate(_TOKEN.split(text)))


def _only(beginning: re.Pattern[str], text: str) -> str | None:
    """What follows the one place where the final channel begins."""
    found = [match.end() for match in beginning.finditer(text)]
    return without_tokens(text[found[0] :]) if len(found) == 1 else None


def _without_opening_tokens(text: str) -> str:
    while (token := _TOKEN.match(text.lstrip())) and not _opening(text):
        text = _ROLE.sub("", text.lstrip()[token.end() :], count=1)
    return text


def _opening(text: str) -> tuple[int, str] | None:
    """Where the thinking begins that a text begins with, and what will close it."""
    blank = len(text) - len(text.lstrip())
    for opening, closing in _THOUGHTS:
        if text[blank : blank + len(opening)].lower() == opening.lower():
            return blank + len(opening), closing
    return None


def _opens(text: str, closing: str) -> bool:
    opening = next(opening for opening, closed in _THOUGHTS if closed.lower() == closing.lower())
    return opening.lower() in text.lower()
