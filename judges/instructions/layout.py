"""Rules about the parts of an answer that show: sections, bullets, placeholders, highlights, title, postscript.

All are read from single lines by patterns that never look at a character twice, so no text is slow.
"""

from __future__ import annotations

import re

from .arguments import Relation, as_text
from .rule import CountingRule, Finding, Rule
from .words import has_word

_PLACEHOLDER = re.compile(r"\[([^\[\]\n]*+)\](?!\()")
_HIGHLIGHT = re.compile(r"(?<!\*)(\*{1,3})(?!\*)(?=\S)([^*\n]++)(?<=\S)\1(?!\*)")
_BULLET = re.compile(r"^[ \t]*+[-*+•][ \t]++(?![-*_ \t]*$)\S", re.MULTILINE)
_TITLE = re.compile(r"<<((?:[^<>\n]|<(?!<)|>(?!>))*+)>>")
_DECORATION = r"^[ \t#*_>\"“-]*"  # gives back what the marker begins with


class Sections(CountingRule):
    """How many sections: lines that begin with `marker` and a number, in digits or Roman, each counted once.

    Markdown marks may stand in front ("## Section 1", "**Section 1:**"). The marker's case counts.

    >>> Sections(2, marker="DAY").verdict("DAY 1\\nWork.\\n**DAY 2:** Rest, unlike on DAY 1.").evidence["found"]
    2
    """

    def __init__(self, count: int, relation: Relation = "at least", *, marker: str = "Section") -> None:
        super().__init__(count, relation)
        self.marker = as_text("marker", marker)
        begins = r"\s++".join(map(re.escape, self.marker.split()))
        self.pattern = re.compile(rf"{_DECORATION}{begins}[ \t]*+(\d++|[IVXLC]++\b)", re.MULTILINE)

    def counted(self, answer: str) -> int:
        return len({match[1] for match in self.pattern.finditer(answer)})


class Placeholders(CountingRule):
    """How many placeholders: square brackets on one line around something with a letter or digit, as in [address].

    The text of a Markdown link, which a round bracket follows, is none.
    """

    def counted(self, answer: str) -> int:
        return sum(has_word(match[1]) for match in _PLACEHOLDER.finditer(answer))


class Highlights(CountingRule):
    """How many highlighted pieces: *one*, **two** or ***three*** asterisks on both sides, on one line.

    No white space stands inside next to the asterisks, so the mark of a bullet opens nothing; something with a letter
    or digit is highlighted. Of highlights inside each other the innermost counts.
    """

    def counted(self, answer: str) -> int:
        return sum(has_word(match[2]) for match in _HIGHLIGHT.finditer(answer))


class Bullets(CountingRule):
    """How many bullet points: lines that begin, indented or not, with - * + or • and white space, and go on.

    Rules ("* * *", "---") and numbered items are none.
    """

    def counted(self, answer: str) -> int:
        return sum(1 for _ in _BULLET.finditer(answer))


class Title(Rule):
    """A title in double angular brackets stands in the answer, on one line: <<poem of joy>>."""

    def examine(self, answer: str) -> Finding:
        titles = (match[1].strip() for match in _TITLE.finditer(answer))
        title = next(filter(has_word, titles), None)
        return Finding(title is not None, "a title in << >>", title and title[:200])


class Postscript(Rule):
    """A line begins with `marker` ("P.S."), whatever its case and the spaces in it, and something follows.

    Markdown marks may stand in front. "P.P.S." does not begin with "P.S.".
    """

    def __init__(self, marker: str = "P.S.") -> None:
        self.marker = as_text("marker", marker)
        letters = r"[ \t]?".join(map(re.escape, "".join(self.marker.split())))
        self.pattern = re.compile(rf"{_DECORATION}{letters}(?!\w)", re.MULTILINE | re.IGNORECASE)

    def examine(self, answer: str) -> Finding:
        begun = self.pattern.search(answer)
        kept = begun is not None and has_word(answer, begun.end())
        return Finding(kept, f"a postscript after {self.marker!r}", begun and answer[begun.start() :][:200])
