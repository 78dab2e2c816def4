"""Where the answer begins in a completion that thinks first."""

from __future__ import annotations

import re

# An opening tag in the middle of a line may be a mention: it opens, but does not leave the thinking unfinished. A
# closing tag counts by itself where it is the first or the last thing on its line.
_TAG = re.compile(
    r"^[ \t]*+(?:(?P<opens><think(?:ing)?>)|(?P<first></think(?:ing)?>))"
    r"|(?P<mentions><think(?:ing)?>)|</think(?:ing)?>(?P<last>[ \t]*+$)?",
    re.IGNORECASE | re.MULTILINE,
)


def answer_start(text: str) -> int | None:
    """The offset behind the thinking, 0 when there is none.

    None when thinking was begun and never ended: whatever stands there is not the answer.

    >>> answer_start("<think>no</think>yes"), answer_start("<think>yes")
    (17, None)

    A prompt may have opened the thinking, so a closing tag that nobody opened ends it too, when it stands at the
    beginning or the end of a line. Once the thinking has ended a stray closing tag ends nothing: it hides no part of
    the answer.
    """
    if "<" not in text:
        return 0
    start = 0
    opened = mentioned = ended = False
    for tag in _TAG.finditer(text):
        if tag["opens"] or tag["mentions"]:
            opened, mentioned = opened or bool(tag["opens"]), True
        elif mentioned or (not ended and (tag["first"] or tag["last"] is not None)):
            start, ended = tag.end() - len(tag["last"] or ""), True
            opened = mentioned = False
    return None if opened else start
