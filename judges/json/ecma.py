"""Patterns of JSON Schema are JavaScript's regular expressions; here they become Python's."""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

_TOKEN = re.compile(
    r"\\(?P<property>[pP])\{(?P<name>[^}]*)\}|\\u\{(?P<code>[0-9a-fA-F]+)\}|\\c(?P<control>[A-Za-z])"
    r"|\\(?P<escaped>.)|(?P<group>\(\?<(?![=!]))|(?P<empty>\[\]|\[\^\])|(?P<plain>.)",
    re.DOTALL,
)
_OPTIONAL_RUN = re.compile(
    r"\(\?:(\\[^bBAZ\d]|\[(?:\\.|[^\]\\])+\]|[^\\\[\](){}*+?|.^$])\?\)\{(\d+)(?:,(\d+))?\}(?![?+])"
)
# JavaScript's \d and \w know ASCII only, and its $ is never before a final line break.
_OUTSIDE = {"d": "[0-9]", "D": "[^0-9]", "w": "[A-Za-z0-9_]", "W": "[^A-Za-z0-9_]", "/": "/"}
_INSIDE = {"d": "0-9", "w": "A-Za-z0-9_", "/": "/"}
_LONG_NAMES = {
    "Letter": "L", "Uppercase_Letter": "Lu", "Lowercase_Letter": "Ll", "Titlecase_Letter": "Lt",
    "Modifier_Letter": "Lm", "Other_Letter": "Lo", "Mark": "M", "Number": "N", "Decimal_Number": "Nd",
    "Letter_Number": "Nl", "Other_Number": "No", "digit": "Nd", "punct": "P", "Punctuation": "P", "Symbol": "S",
    "Math_Symbol": "Sm", "Currency_Symbol": "Sc", "Separator": "Z", "Space_Separator": "Zs", "Other": "C",
    "Control": "Cc", "cntrl": "Cc",
}  # fmt: skip
_CATEGORY = re.compile(r"[LMNPSZC][a-z]?")


def to_python(pattern: str) -> str:
    r"""The same regular expression in Python's notation.

    >>> to_python(r"^\d+$")
    '^[0-9]+\\Z'

    Raises:
        ValueError: the pattern names a property of characters that the standard library does not know.
    """
    parts: list[str] = []
    inside = False
    for token in _TOKEN.finditer(pattern):
        parts.append(_translated(token, inside))
        if token["plain"] == "[":
            inside = True
        elif token["plain"] == "]":
            inside = False
    return "".join(parts)


def without_optional_runs(pattern: str) -> str:
    r"""The same expression with `X{0,n}` for `(?:X?){n}`: what is one repeat need not be tried in 2 to the n ways.

    >>> without_optional_runs("^(?:a?){28}a{28}")
    '^a{0,28}a{28}'
    """
    return _OPTIONAL_RUN.sub(lambda run: f"{run[1]}{{0,{run[3] or run[2]}}}", pattern)


def _translated(token: re.Match[str], inside: bool) -> str:
    if token["property"]:
        ranges = category_ranges(_category(token["name"]), token["property"] == "P")
        return ranges if inside else f"[{ranges}]"
    if token["code"] or token["control"]:
        code = int(token["code"], 16) if token["code"] else ord(token["control"]) % 32
        return re.escape(chr(code))
    if token["escaped"]:
        return (_INSIDE if inside else _OUTSIDE).get(token["escaped"], token.group())
    if token["group"]:
        return token.group() if inside else "(?P<"
    if token["empty"] and not inside:
        return "(?!)" if token["empty"] == "[]" else r"[\s\S]"
    if inside:
        return r"\[" if token.group() == "[" else token.group()
    return r"\Z" if token.group() == "$" else token.group()


def _category(name: str) -> str:
    short = name.removeprefix("General_Category=").removeprefix("gc=")
    short = _LONG_NAMES.get(short, short)
    if not _CATEGORY.fullmatch(short):
        raise ValueError(f"the pattern uses \\p{{{name}}}, which needs jsonschema-rs: pip install 'jurybox[fast]'")
    return short


@functools.lru_cache(maxsize=32)
def category_ranges(category: str, inverted: bool = False) -> str:
    """The characters of a Unicode category (or all others) as the inside of a character class."""
    ranges: list[list[int]] = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)).startswith(category) != inverted:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(rf"\U{first:08x}-\U{last:08x}" for first, last in ranges)
