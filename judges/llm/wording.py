"""Words without their dress: case, width, Markdown, quotation marks, invisible characters."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
BLANK = " \t\r\n\u200b\u200c\u200d\u2060\ufeff"  # what may stand before a reply
_EMPHASIS = re.compile(r"\*+|`+|~~|(?<!\w)_+|_+(?!\w)")
_TEX_NAME = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|emph|boxed|fbox)\s*(?=\{)")
_TEX_MARKS = re.compile(r"\\[()\[\]]|\$")
# No minus, for "A-" and "-1" are labels; no ">", for what follows it is quoted; no "?", for it is a doubt.
_EDGES = " \t\r\n#\"'.,:;!。،؛、“”„‟‘’‚‛«»‹›「」『』【】〈〉《》"
_BEGIN = re.compile(rf"\A(?:(?!\.\d)[{re.escape(_EDGES)}])++")  # ".5" is a number
LONGEST = 2_000  # characters of what may be a label in its dress
_PAIRS = {"(": ")", "[": "]", "{": "}", "<": ">"}


def visible(text: str) -> str:
    """The text in its usual width (`ｙｅｓ` is `yes`) and without characters that nobody sees."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)))


def undecorated(line: str) -> str:
    r"""A line without emphasis, code marks and the commands of LaTeX: `**\boxed{4}**` is `{4}`.

    >>> undecorated("**Verdict:** `yes`")
    'Verdict: yes'
    """
    return _EMPHASIS.sub("", _TEX_MARKS.sub("", _TEX_NAME.sub("", line))).strip()


def plain(label: Any) -> str:
    """A label, or what may be one, without case and dress.

    >>> plain("**Yes!**"), plain("[[4]]"), plain("“A-”"), plain("✅ yes")
    ('yes', '4', 'a-', 'yes')
    """
    text = str(label)
    if len(text) > LONGEST:
        return text
    text = undecorated(visible(text))
    while True:
        before, text = text, _unmarked(_BEGIN.sub("", text.rstrip(_EDGES), count=1) if text else "")
        if len(text) > 2 and _PAIRS.get(text[0]) == text[-1]:
            text = text[1:-1]
        if text == before:
            return re.sub(r"[\s_]+", " ", folded(text))


def folded(text: str) -> str:
    """Without case, the dotless i of Turkish included."""
    return text.casefold().replace("i\u0307", "i").replace("ı", "i")


def _unmarked(text: str) -> str:
    """Without the pictures around a word: a tick, a thumb, a star."""
    while len(text) > 1 and unicodedata.category(text[0]) in ("So", "Sk"):
        text = text[1:].lstrip()
    while len(text) > 1 and unicodedata.category(text[-1]) in ("So", "Sk"):
        text = text[:-1].rstrip()
    return text
