"""What a word is, in any script that marks its words.

A word is a run of letters, digits and the marks that belong to letters. Apostrophes and hyphens inside it are part of
it ("don't", "well-known"), and so are the points and commas inside a number ("3.14", "1,000"); every other character,
the underscore too, ends it. Han characters and kana, which are written without spaces, are a word each. Scripts that
write neither spaces nor one word a character (Thai, Lao, Khmer) give one word for each run.
"""

from __future__ import annotations

import functools
import re
import sys
import unicodedata

from ..visible import visible

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ＇", "'"))
_ONE_EACH = (
    r"\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9d"
    r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_LETTER = rf"[^\W_{_ONE_EACH}]"
_SPACED = re.compile(_LETTER)
_PIECE = re.compile(r"[^\W_]\w*+")
_ANY = re.compile(r"[^\W_]")
_JOINERS = "\u200c\u200d"  # stand inside Persian and Indic words
_MARKS_END = 0x1F000  # behind it only emoji, tags and variation selectors


def words(text: str) -> list[str]:
    """The words of a text, in order.

    >>> words("It's a well-known 3.14… 日本")
    ["It's", 'a', 'well-known', '3.14', '日', '本']
    """
    return _word().findall(plain(text))


def pieces(text: str) -> list[str]:
    """The runs of letters, digits and underscores: "don't" and "well-known" are two each."""
    return _PIECE.findall(plain(text))


def plain(text: str) -> str:
    """The text as words are looked for in it: what nobody sees is gone, styled letters and apostrophes are plain."""
    return visible(text).translate(_APOSTROPHES)


def has_word(text: str, start: int = 0, end: int = sys.maxsize) -> bool:
    """Whether a letter or a digit stands in this part of the text."""
    return _ANY.search(text, start, end) is not None


def occurrences(phrase: str, *, whole_words: bool = True) -> re.Pattern[str]:
    """A pattern that finds a phrase, whatever its case and the white space between its words.

    whole_words: not inside a longer word, so that "art" is not found in "start". Where the phrase begins or ends with
    a Han character or kana, its neighbours are words of their own and may be anything.
    """
    pieces = plain(phrase).split()
    first, *others = (re.escape(char) for char in pieces[0])
    pattern = r"\s++".join(["".join(others), *map(re.escape, pieces[1:])])
    if whole_words and _SPACED.match(pieces[0]):  # looking back comes second, where it is seldom reached
        pattern = rf"(?<!{_LETTER}{first})(?<![{_marks()}]{first})" + pattern
    if whole_words and _SPACED.match(pieces[-1][-1]):
        pattern += rf"(?!{_LETTER}|[{_marks()}])"
    return re.compile(first + pattern, re.IGNORECASE)


@functools.cache
def _word() -> re.Pattern[str]:
    run = rf"{_LETTER}(?:{_LETTER}|[{_marks()}])*+"
    inside = r"(?:['’\-‐‑]|(?<=\d)[.,](?=\d))"
    return re.compile(rf"[{_ONE_EACH}]|{run}(?:{inside}{run})*+")


@functools.cache
def _marks() -> str:
    """The combining marks as the inside of a character class; `re` knows no categories."""
    ranges: list[list[int]] = []
    for code in range(0x300, _MARKS_END):
        if unicodedata.category(chr(code))[0] == "M":
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return _JOINERS + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
