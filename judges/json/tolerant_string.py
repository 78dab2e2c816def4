"""Strings as models write them: other quotes, raw line breaks, quotes inside that nobody escaped.

Whether a quote ends its string is decided by what follows it: a colon after a key; a closing bracket, or a comma
and then the start of another member, after a value. Everything else is a quote that belongs to the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .blanks import BLANK
from .strict import SURROGATE, unicode_fault

if TYPE_CHECKING:
    from .tolerant import Tolerant

QUOTES = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "’": "’", "`": "`"}  # opening and closing

_SPECIAL = {closer: re.compile(rf"[{closer}\\\x00-\x1f]") for closer in ("'", "’", "`")}
_SPECIAL |= dict.fromkeys('"”', re.compile(r'["”\\\x00-\x1f]'))  # either may close what the other's partner opened
_BLANK = re.compile(rf"{BLANK}*+")
_MEMBER_FOLLOWS = re.compile(r"""[^"”\n:,{}\[\]]{1,200}+["”]\s*:\s*(?:["“{\[\d-]|(?i:true|false|null|none)\b)""")
_COMMA_BEFORE = re.compile(r",\s*\Z")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HEX = re.compile(r"u([0-9a-fA-F]{4})")
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LOW_HALF = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NEXT_KEY = re.compile(
    BLANK + r"""*(?:"[^"\n]{0,200}+"|'[^'\n]{0,200}+'|“[^”\n]{0,200}+”|[^\W\d][\w$-]{0,100}+)\s*[:=]"""
)
_LINE_THEN_KEY = re.compile(r"""\n[ \t]*+"[^"\n]{0,200}+"[ \t]*+:""")
_MEMBER = re.compile(BLANK + r"""*(?:["'“‘}\]/#`]|\.\.\.|[^\W\d][\w$-]{0,100}+\s*[:=]|\Z)""")
_ITEM = re.compile(BLANK + r"""*(?:["'“‘}\]/#`{\[(\d+.-]|true\b|false\b|null\b|True\b|False\b|None\b|\Z)""")


def read_string(parser: Tolerant, role: str, closer: str = "}") -> str:
    """Read the string at the parser's position; `role` is "key", "value" (of a member) or "item" (of an array)."""
    text, start = parser.text, parser.pos
    quote = text[start]
    if quote != '"':
        parser.note("single quotes" if quote == "'" else "typographic quotes")
    if text.startswith(quote * 3, start) and quote in "\"'":
        string = _triple(parser, quote * 3)
    else:
        parser.pos += 1
        string = _Scan(parser, QUOTES[quote], role, closer).read()
    if not string.isascii() and unicode_fault(string):
        parser.refuse(SURROGATE, "a string holds half a surrogate pair", start)
    return string


def _triple(parser: Tolerant, quotes: str) -> str:
    parser.note("triple quotes")
    begin = parser.pos + 3
    end = parser.text.find(quotes, begin, parser.end)
    if end < 0:
        parser.note("truncated", parser.end)
        end = parser.end
    parser.pos = min(end + 3, parser.end)
    return parser.text[begin:end]


class _Scan:
    """One string being read, from after its opening quote."""

    def __init__(self, parser: Tolerant, quote: str, role: str, closer: str) -> None:
        self.parser = parser
        self.quote = quote
        self.role = role
        self.closer = closer
        self.parts: list[str] = []

    def read(self) -> str:
        parser, special = self.parser, _SPECIAL[self.quote]
        while True:
            found = special.search(parser.text, parser.pos, parser.end)
            if found is None:
                self.parts.append(parser.text[parser.pos : parser.end])
                parser.note("truncated", parser.end)
                parser.pos = parser.end
                break
            self.parts.append(parser.text[parser.pos : found.start()])
            parser.pos = found.start()
            if self._ended(found.group()):
                break
        return "".join(self.parts)

    def _ended(self, char: str) -> bool:
        parser = self.parser
        if char == "\\":
            self._escape()
            return False
        if char in '"”' and char != self.quote and self.quote in '"”':
            return self._closed_by_the_other(char)
        if char == self.quote:
            if self._was_never_closed():
                return self._close_before_key()
            parser.pos += 1
            if self._closes(parser.pos):
                return True
            parser.note("unescaped quote", parser.pos - 1)
        elif char == "\n" and self.role == "value" and _LINE_THEN_KEY.match(parser.text, parser.pos, parser.end):
            return self._close_at_line_end()
        else:
            parser.note("raw control character")
            parser.pos += 1
        self.parts.append(char)
        return False

    def _closed_by_the_other(self, char: str) -> bool:
        """A straight quote closes a curly one, or the other way round, where nothing else was opened in between."""
        parser = self.parser
        parser.pos += 1
        opened = sum(part.count("“") - part.count("”") for part in self.parts)
        if opened <= 0 and self._closes(parser.pos):
            parser.note("typographic quotes", parser.pos - 1)
            return True
        self.parts.append(char)
        return False

    def _was_never_closed(self) -> bool:
        """Whether this quote opens the next member's key: `"Rome, "n": 1`."""
        before = (self.parts[-1] if self.parts else "")[-20:]
        after = self.parser.pos + 1
        return (
            self.role == "value"
            and _COMMA_BEFORE.search(before) is not None
            and _MEMBER_FOLLOWS.match(self.parser.text, after, self.parser.end) is not None
        )

    def _close_before_key(self) -> bool:
        self.parser.note("missing quote")
        self.parts[-1] = self.parts[-1].rstrip().removesuffix(",")
        return True

    def _close_at_line_end(self) -> bool:
        """The closing quote was forgotten: the line ends, and the next one begins with a key."""
        self.parser.note("missing quote")
        self.parts[-1] = self.parts[-1].rstrip(" \t\r").removesuffix(",")
        return True

    def _escape(self) -> None:
        parser, begin = self.parser, self.parser.pos
        char = parser.text[begin + 1 : begin + 2]
        code = _HEX.match(parser.text, begin + 1, parser.end)
        if code is not None:
            self._unicode(int(code[1], 16), code.end())
        elif _CUT_ESCAPE.match(parser.text, begin, parser.end):
            parser.pos = parser.end
        elif char in _ESCAPES:
            self.parts.append(_ESCAPES[char])
            parser.pos = begin + 2
        elif char == "'" or char == "\n":  # Python's and JavaScript's: a quote, a continued line
            parser.note("invalid escape", begin)
            self.parts.append("'" if char == "'" else "")
            parser.pos = begin + 2
        else:  # `\d`, `\alpha`: the backslash was meant
            parser.note("invalid escape", begin)
            self.parts.append("\\")
            parser.pos = begin + 1

    def _unicode(self, code: int, end: int) -> None:
        low = _LOW_HALF.match(self.parser.text, end, self.parser.end) if 0xD800 <= code < 0xDC00 else None
        if low is not None:
            code = 0x10000 + ((code - 0xD800) << 10) + (int(low[1], 16) - 0xDC00)
            end = low.end()
        self.parts.append(chr(code))
        self.parser.pos = end

    def _closes(self, after: int) -> bool:
        """Whether a quote that stands before `after` ends this string."""
        text, end = self.parser.text, self.parser.end
        mark = _BLANK.match(text, after, end).end()  # type: ignore[union-attr]
        if mark >= end:
            return True
        following = text[mark]
        if self.role == "key":
            return following in ":=,}" or (mark > after and following in "\"'{[")
        if following in "}]" or following == self.closer or text.startswith(("//", "/*", "#"), mark):
            return True
        if following in ",;":
            return bool((_MEMBER if self.role == "value" else _ITEM).match(text, mark + 1, end))
        return self._comma_is_missing(text, after, mark, end)

    def _comma_is_missing(self, text: str, after: int, mark: int, end: int) -> bool:
        if "\n" in text[after:mark]:
            return True
        if self.role == "value":
            return bool(_NEXT_KEY.match(text, mark, end))
        return mark > after and text[mark] in "\"'“‘{["
