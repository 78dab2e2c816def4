r"""Typeset units as plain words with powers: `\mathrm{J\,mol^{-1}}`, `J/(mol K)`, `\frac{J}{mol}`, `2 h 30 min`."""

from __future__ import annotations

import re
from itertools import pairwise

from .units import divides, is_unit, lookup

_WRAPPER = r"\\(?:mathrm|text|rm|mbox|operatorname|textrm)\s?"
_WRAPPED = re.compile(r"(?<=[\d}) ])" + _WRAPPER + r"\{((?:[^{}]|\^\s?\{[^{}]{1,4}\}){2,60})\}")
_GROUP = r"\{((?:[^{}]|\{[^{}]{0,30}\}){1,80})\}"
_FRACTION = re.compile(r"(?<=[\d} ])\s?\\frac\s?" + _GROUP + r"\s?" + _GROUP)
_IN_BRACKETS = re.compile(r"(?<=[\d} ])([A-Za-z]{1,6}(?:\s?(?:\\cdot|\*)\s?[A-Za-z]{1,6})?\s?/\s?\([^()]{3,40}\))")
_PIECE = re.compile(
    rf"(?P<word>{_WRAPPER}\{{\s?(?P<inner>[A-Za-z]+)\s?\}}|[A-Za-z]+|\\Omega)(?:\s?\^\s?\{{?\s?(?P<power>-?\s?\d)\s?\}}?)?"
    r"|(?P<divide>/)|(?P<open>\()|(?P<close>\))|(?:\\cdot|\\times|\*|\\[,;: ]|~|\s)+"
)
_MICRO = re.compile(
    rf"(?:(?<=\d)|(?<=[\d}}] ))\\mu\s?{_WRAPPER}\{{\s?([A-Za-z]{{1,3}})\s?\}}"
    rf"|{_WRAPPER}\{{\s?\\mu\s?([A-Za-z]{{1,3}})\s?\}}"
)
_BARE_MICRO = re.compile(r"(-?[\d.]+) ?\\mu ?(m|g|s|A|F|C|L|V|T|H|W|J|N|M|mol|Pa|Hz)")
_OHM = re.compile(
    rf"(?:(?<=\d)|(?<=[\d}}] ))(?:{_WRAPPER}\{{\s?([kKMmG])\s?\}}|([kKMmG]))?\s?\\Omega(?![\w^(])"
    rf"|{_WRAPPER}\{{\s?([kKMmG]?)\s?\\Omega\s?\}}"
)
_PARTS = re.compile(r"(?:(?P<number>\d+(?:\.\d+)?) ?(?P<word>[A-Za-z]+)\.?,? ?(?:and )?){2,4}")
_PART = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)")


def plain_units(text: str) -> str:
    """The text with every typeset unit written as words in a row, each with its power."""
    if "\\" in text:
        if r"\mu" in text:
            text = _BARE_MICRO.sub(r"\1 \\text{u\2}", text) if _BARE_MICRO.fullmatch(text) else text
            text = _MICRO.sub(lambda found: rf" \text{{u{found[1] or found[2]}}}", text)
        if r"\Omega" in text:
            text = _OHM.sub(
                lambda found: rf" \text{{{(found[1] or found[2] or found[3] or '').replace('K', 'k')}ohm}}", text
            )
        text = _WRAPPED.sub(_unwrapped, text)
        text = _FRACTION.sub(_fraction, text)
    if "/" in text:
        text = _IN_BRACKETS.sub(lambda found: _words(found[1]) or found[0], text)
    return _in_parts(text)


def _unwrapped(found: re.Match[str]) -> str:
    return _words(found[1]) or found[0] if re.search(r"[\\^(*]", found[1]) else found[0]


def _fraction(found: re.Match[str]) -> str:
    """A fraction of units behind a number; bare letters on both sides are variables."""
    if len(found[1].strip()) == len(found[2].strip()) == 1:
        return found[0]
    top, bottom = _words(found[1]), _words(found[2], -1)
    return f"{top}{bottom}" if top and bottom else found[0]


def _words(text: str, sign: int = 1) -> str:
    r"""`\text{J} \text{mol}^{-1}` for a product and quotient of units; empty for anything else."""
    found, place, turned, depth = [], 0, 1, 0
    while place < len(text):
        piece = _PIECE.match(text, place)
        if piece is None:
            return ""
        place = piece.end()
        if piece["divide"]:
            turned = -1
        elif piece["open"]:
            depth += 1
        elif piece["close"]:
            depth, turned = depth - 1, 1
        elif piece["word"]:
            name = piece["inner"] or piece["word"].replace("\\Omega", "ohm")
            if not is_unit(name):
                return ""
            power = sign * turned * int((piece["power"] or "1").replace(" ", ""))
            found.append(rf" \text{{{name}}}" + (f"^{{{power}}}" if power != 1 else ""))
            turned = turned if depth else 1
    return "".join(found) if not depth else ""


def _in_parts(text: str) -> str:
    """`2 h 30 min` with its letters as units; an `m` after hours means minutes."""
    if not _PARTS.fullmatch(text):
        return text
    parts = [
        (number, "min" if place and unit == "m" else unit) for place, (number, unit) in enumerate(_PART.findall(text))
    ]
    units = [lookup(unit) for _, unit in parts]
    if not all(a and b and divides(a, b) for a, b in pairwise(units)):
        return text
    return " ".join(rf"{number} \text{{{unit}}}" for number, unit in parts)
