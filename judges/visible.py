"""A text as its reader sees it: without characters that show nothing, and with plain letters for styled ones."""

from __future__ import annotations

import unicodedata

_STYLED = ("<wide>", "<narrow>", "<font>", "<circle>")
_JOINERS = "\u200c\u200d"  # stand inside Persian and Indic words


def visible(text: str) -> str:
    """The text without invisible characters, full-width, circled and mathematical letters as plain ones.

    >>> visible("Ａn\\u200bs\\u00adwer: Ⓑ")
    'Answer: B'

    Zero-width joiners stay between letters that are not Latin, to whose spelling they belong. Linear.
    """
    if text.isascii():
        return text
    return "".join(_plain(char, text, place) for place, char in enumerate(text))


def _plain(char: str, text: str, place: int) -> str:
    if char.isascii():
        return char
    if char in _JOINERS:
        return char if place and text[place - 1] > "\u0370" and text[place - 1].isalpha() else ""
    if unicodedata.category(char) == "Cf":
        return ""
    return unicodedata.normalize("NFKC", char) if unicodedata.decomposition(char).startswith(_STYLED) else char
