"""Where the answer begins in a completion that thinks first."""

from __future__ import annotations

import re

_CLOSED = re.compile(r"</think(?:ing)?>", re.IGNORECASE)
_OPENED = re.compile(r"^[ \t]*<think(?:ing)?>", re.IGNORECASE | re.MULTILINE)


def answer_start(text: str) -> int | None:
    """The offset behind the last closing tag of thinking, 0 when there is none.

    None when thinking was begun and never ended: whatever stands there is not the answer.

    >>> answer_start("<think>no</think>yes"), answer_start("<think>yes")
    (17, None)
    """
    if "<" not in text:
        return 0
    start = 0
    for closed in _CLOSED.finditer(text):
        start = closed.end()
    return start if _OPENED.search(text, start) is None else None
