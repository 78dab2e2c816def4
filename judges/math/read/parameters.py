r"""How answers declare a parameter: `for any integer k`, `where k is an integer`, `\text{for } k \in \mathbb{Z}`."""

from __future__ import annotations

import re

_WORDS = r",? ?(?:\\text ?\{{ ?)?,? ?(?:{words}) ?(?:\}} ?)?"
_BEFORE_IN = re.compile(
    _WORDS.format(words=r"(?:for|where|with|and)(?: (?:all|any|every|some|each|integers?|real))*")
    + r"(?=\$?[a-zA-Z]\$? ?\\in ?\\mathbb ?\{? ?[ZN])"
)
_IS_INTEGER = re.compile(
    _WORDS.format(words="where|with|for|and|if")
    + r"\$?(?P<name>[a-zA-Z])\$? ?(?:\\text ?\{ ?)?is (?:an|any|an arbitrary) integer\.? ?\}?"
)
_INTEGER_NAMED = re.compile(
    r",? ?(?:\\text ?\{ ?)?,? ?(?:for|where|with) (?:(?:all|any|every|some|each) )?(?:an )?integers? ?"
    r"(?:values of ?)?(?:\} ?)?\$?(?P<name>[a-zA-Z])(?![a-zA-Z])\$?\}?"
)


def declared(text: str) -> str:
    r"""The text with the integers it speaks of declared as items of a list: `x = 2k, k \in \mathbb{Z}`."""
    if "integer" in text:
        text = _INTEGER_NAMED.sub(r", \g<name> \\in \\mathbb{Z}", _IS_INTEGER.sub(r", \g<name> \\in \\mathbb{Z}", text))
    return _BEFORE_IN.sub(", ", text) if r"\in" in text else text
