r"""What only dresses an answer up: bold, colour, boxes in boxes, quotes, tick marks, a line break behind it."""

from __future__ import annotations

import re

_FRAMES = re.compile(
    r"\\(?:framebox|fbox|Boxed|bbox(?:\[[^\]]{0,60}\])?|colorbox\{[^{}]{0,40}\}|fcolorbox\{[^{}]{0,40}\}\{[^{}]{0,40}\}"
    r"|underbrace|overbrace|underline|uline|mathtt|texttt|mathnormal|textsl|textsf|textsc|textnormal|mathstrut)(?=\s?\{)"
)
_SIZES = re.compile(r"\\(?:[Hh]uge|LARGE|[Ll]arge|normalsize|small|footnotesize|scriptsize|tiny|bfseries)(?![a-zA-Z])")
_TICKS = re.compile("[✓✔✅☑❗❌🎉⭐]\ufe0f?")
_QUOTED = re.compile(r"\s*(`{1,3}|\"|'|“|‘)([^`\"'“”‘’]+)(?:`{1,3}|\"|'|”|’)\s*")
_BOLD = re.compile(r"(?<![\w)\]}*])(\*\*|__)(?=\S)([^*_\n]{1,300})(?<=\S)\1(?![\w*])")
_LINE_END = re.compile(r"(?:(?<!\\)\s|(?<!\\)\\\\|\\newline(?![a-zA-Z])|\\par(?![a-zA-Z]))+$")


def undecorated(text: str) -> str:
    """An answer without its dress."""
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        text = quoted[2]
    if not text.isascii():
        text = _TICKS.sub("", text)
    if "\\" in text:
        text = _SIZES.sub("", _FRAMES.sub("", text))
        if text[-1:].isspace() or text.endswith(("\\", "newline", "par")):  # else the pattern looks everywhere in vain
            text = _LINE_END.sub("", text)
        if text.endswith(r"\}") and r"\{" not in text and text.count("{") == text.count("}") - 1:
            text = text[:-2]  # the brace of the box, escaped
    return without_bold(text)


def without_bold(text: str) -> str:
    """A text without the marks of Markdown's bold, which are no powers of Python."""
    return _BOLD.sub(r"\2", text) if "**" in text or "__" in text else text
