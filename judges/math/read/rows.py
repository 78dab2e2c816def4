r"""Matrices as they come out of JSON and other notations: one backslash between rows, `\cr`, `[1, 2; 3, 4]`."""

from __future__ import annotations

import re

_ENVIRONMENT = re.compile(
    r"(\\begin\{(?P<kind>[a-zA-Z]{0,6}matrix|array|cases|aligned)\*?\})(.*?)(\\end\{(?P=kind)\*?\})", re.DOTALL
)
_DOUBLED_BEGIN = re.compile(r"(?<!\\)\\\\begin\{")
_MANY_BREAKS = re.compile(r"(?:\\\\\s*){2,}|\\(?:cr|newline|tabularnewline)(?![a-zA-Z])")
_LONE_DIGIT = re.compile(r"(?<!\\)\\(?=\d)")
_LONE = re.compile(r"(?<!\\)\\(?=[\s.+-])")
_SEMICOLONS = re.compile(r"((?:\\?[a-zA-Z]+ ?= ?)?)\[([^\[\]();]{1,200}(?:;[^\[\]();]{1,200}){1,12})\]")


def whole_rows(text: str) -> str:
    """The text with every row of a matrix or system ended by two backslashes."""
    if r"\begin" in text:
        if _DOUBLED_BEGIN.search(text):
            text = text.replace("\\\\", "\\")
        return _ENVIRONMENT.sub(_mended, text)
    return _SEMICOLONS.sub(_from_semicolons, text) if ";" in text else text


def _mended(found: re.Match[str]) -> str:
    inside = _LONE_DIGIT.sub(r"\\\\", _MANY_BREAKS.sub(r"\\\\ ", found[3]))
    if "\\\\" not in inside:
        inside = _LONE.sub(r"\\\\", inside)
    return found[1] + inside + found[4]


def _from_semicolons(found: re.Match[str]) -> str:
    """`[1, 2; 3, 4]` and `[1 2; 3 4]`; rows of one item may be an interval."""
    rows = [[cell for cell in re.split(r"[,\s]+", row.strip()) if cell] for row in found[2].split(";")]
    if len({len(row) for row in rows}) != 1 or len(rows[0]) < 2:
        return found[0]
    cells = r"\\".join("&".join(row) for row in rows)
    return rf"{found[1]}\begin{{bmatrix}}{cells}\end{{bmatrix}}"
