"""Strings as models write them: other quotes, raw line breaks, quotes inside that nobody escaped.

Whether a quote ends its string is decided by what follows it: a colon after a key; a closing bracket, or a comma
and then the start of another member, after a value. Everything else is a quote that belongs to the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .blanks import BLANK, QUOTE_MARKS, WIDE
from .strict import SURROGATE, TWO_VALUES, Malformed, decode, unicode_fault

if TYPE_CHECKING:
    from .tolerant import Tolerant

QUOTES = dict(zip("\"'“”‘’`„«＂", "\"'””’’`“»＂", strict=True))  # closing by opening

_SPECIAL = {closer: re.compile(rf"[{closer}\\\x00-\x1f]") for closer in "'’`“»＂"}
_SPECIAL |= dict.fromkeys('"”', re.compile(r'["”\\\x00-\x1f]'))  # either may close what the other's partner opened
_BLANK = re.compile(rf"{BLANK}*+")
_MEMBER_FOLLOWS = re.compile(r"""[^"”\n:,{}\[\]]{1,200}+["”]\s*[:：]\s*(?:["“{\[\d-]|(?i:true|false|null|none)\b)""")
_COMMA_BEFORE = re.compile(r",\s*\Z")
_ITEM_FOLLOWS = re.compile(r"""[^"\n]{1,200}+"\s*(?:\]|,\s*["\d{\[-])""")
_OPENED = {"}": "{", "]": "["}
_KEY_THEN_COLON = re.compile(r"[\w $-]{1,100}+:\s*+")  # `{"a: "x"}`: what stands before the quote that opens the value
_KEY_THEN_VALUE = re.compile(r"[\w $-]{1,100}+:\s*+(?:-?\d[\d.]*+|(?i:true|false|null|none))\s*+,\s*+")
# Behind a quote: another string up to the member's end, or a colon and what begins a value.
_SECOND_VALUE = re.compile(rf'{BLANK}+"[^"\n]*+"{BLANK}*+[,}}\]]|{BLANK}*+:{BLANK}*+(?:["{{\[]|-?\d)')
_QUOTED_JSON = re.compile(r'[{\[]\s*["{\[]')
_STRING_ENDS = re.compile(rf'"{BLANK}*+[,}}\]]')
TRIES = 100  # strings of one text that are tried as JSON without backslashes
_BACKSLASH = re.compile(rf"\\++(?={BLANK}*+[,}}\]])")
_PLUS = re.compile(rf"{BLANK}*+\+{BLANK}*+(?=([\"'])(?:[^\"'\\\n]|\\.)*+\1{BLANK}*+(?:[,}}\]+]|\Z))")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "/": "/"}
_HEX = re.compile(r"u([0-9a-fA-F]{4})")
_CUT_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_LOW_HALF = re.compile(r"\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_NAME = r"[^\W\d][\w$-]{0,100}+"
_QUOTED = "|".join(rf"{opening}[^{closing}\n]{{0,200}}+{closing}" for opening, closing in QUOTES.items())
_NEXT_KEY = re.compile(rf"{BLANK}*(?:{_QUOTED}|{_NAME}|\d++)\s*[:=：]")
_LINE_THEN_KEY = re.compile(r"""\n[ \t]*+"[^"\n]{0,200}+"[ \t]*+:""")
_MEMBER = re.compile(rf"{BLANK}*(?:[{QUOTE_MARKS}}}\]/#`]|\.\.\.|{_NAME}[\"”]?\s*[:=]|\d++\s*:|\Z)")
_WORD = "|".join(("true", "false", "null", "True", "False", "None"))
_ITEM = re.compile(rf"{BLANK}*(?:[{QUOTE_MARKS}}}\]/#`{{\[(\d+.-]|(?:{_WORD})\b|\Z)")


def read_string(parser: Tolerant, role: str, closer: str = "}") -> str:
    """Read the string at the parser's position; `role` is "key", "value" (of a member) or "item" (of an array)."""
    text, start = parser.text, parser.pos
    quote = text[start]
    if quote != '"':
        parser.note("single quotes" if quote == "'" else "typographic quotes")
    if text.startswith(quote * 3, start) and quote in "\"'":
        string = _triple(parser, quote * 3)
    elif (quoted := _quoted_json(parser, quote)) is not None:
        string = quoted
    else:
        parser.pos += 1
        string = _Scan(parser, QUOTES[quote], role, closer).read() + "".join(_joined(parser, role, closer))
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


def _quoted_json(parser: Tolerant, quote: str) -> str | None:
    """The JSON that a string holds as its text, without the backslashes: `"{"x": 1}"`."""
    text, start = parser.text, parser.pos + 1
    if quote != '"' or parser.tries >= TRIES or not _QUOTED_JSON.match(text, start, parser.end):
        return None
    parser.tries += 1
    try:
        _, end = decode(text, start)
    except Malformed:
        return None
    if not _STRING_ENDS.match(text, end, parser.end):
        return None
    parser.note("unescaped quote", start)
    parser.pos = end + 1
    return text[start:end]


def _joined(parser: Tolerant, role: str, closer: str) -> Iterator[str]:
    """The strings that a plus joins to the one before: `"a" + "b"`."""
    while role != "key" and (plus := _PLUS.match(parser.text, parser.pos, parser.end)):
        parser.note("joined strings", plus.start())
        parser.pos = plus.end() + 1
        yield _Scan(parser, QUOTES[parser.text[plus.end()]], role, closer).read()


class _Scan:
    """One string being read, from after its opening quote."""

    def __init__(self, parser: Tolerant, quote: str, role: str, closer: str) -> None:
        self.parser = parser
        self.quote = quote
        self.role = role
        self.closer = closer
        self.parts: list[str] = []
        self.quoting = False  # whether a quote that belongs to the text was met

    def read(self) -> str:
        parser, special = self.parser, _SPECIAL[self.quote]
        while True:
            found = special.search(parser.text, parser.pos, parser.end)
            if found is None:
                self._cut_off()
                break
            self.parts.append(parser.text[parser.pos : found.start()])
            parser.pos = found.start()
            if self._ended(found.group()):
                break
        return "".join(self.parts)

    def _cut_off(self) -> None:
        """The text ends inside the string: it was cut off, or only its quote is missing before the last brackets."""
        parser = self.parser
        rest = body = parser.text[parser.pos : parser.end]
        closers = parser.closers()
        for closer in closers:
            body = body.rstrip().removesuffix(closer)
        said = "".join(self.parts) + body
        bare = closers and "".join(rest[len(body) :].split()) == closers[::-1]
        if bare and all(said.count(_OPENED[closer]) <= said.count(closer) for closer in closers):
            parser.note("missing quote")
            self.parts = [said.rstrip()]
            parser.pos += len(body)
            return
        self.parts.append(rest)
        parser.note("truncated", parser.end)
        parser.pos = parser.end

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
            if self.role == "key" and len(self.parts) == 1 and self._key_was_never_closed():
                return self._close_before_colon()
            parser.pos += 1
            if self._closes(parser.pos):
                return True
            parser.note("unescaped quote", parser.pos - 1)
            if self.role == "value" and not self.quoting and self._second_value_follows():
                parser.refuse(TWO_VALUES, "a second value follows the first", parser.pos)
            self.quoting = True
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
        follows = {"value": _MEMBER_FOLLOWS, "item": _ITEM_FOLLOWS}.get(self.role)
        if follows is None or self.quoting or _COMMA_BEFORE.search(before) is None:
            return False
        return follows.match(self.parser.text, self.parser.pos + 1, self.parser.end) is not None

    def _close_before_key(self) -> bool:
        self.parser.note("missing quote")
        self.parts[-1] = self.parts[-1].rstrip().removesuffix(",")
        return True

    def _second_value_follows(self) -> bool:
        """Whether what stands behind this quote is no text: `"a": "x" "y"`, `"a": "x": 1`; in quoted JSON it is."""
        bare = not any("{" in part for part in self.parts)
        return bare and _SECOND_VALUE.match(self.parser.text, self.parser.pos, self.parser.end) is not None

    def _key_was_never_closed(self) -> bool:
        """Whether this quote opens the key's value, or the next member's key: `"a: "x"`, `"a: 1, "b": 2`."""
        text, after = self.parser.text, self.parser.pos + 1
        before = self.parts[0]
        if _KEY_THEN_COLON.fullmatch(before):
            return re.match(r"\s*[:=]", text[after : after + 20]) is None
        return bool(_KEY_THEN_VALUE.fullmatch(before) and _MEMBER_FOLLOWS.match(text, after, self.parser.end))

    def _close_before_colon(self) -> bool:
        self.parser.note("missing quote")
        before = self.parts[0]
        key = before[: before.index(":")]
        self.parser.pos -= len(before) - len(key)
        self.parts = [key.rstrip()]
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
        if backslash := _BACKSLASH.match(text, mark, end):
            mark = _BLANK.match(text, backslash.end(), end).end()  # type: ignore[union-attr]
        if mark >= end:
            return True
        following = WIDE.get(text[mark], text[mark])
        if self.role == "key":
            return following in ":=,}" or (mark > after and following in "\"'{[")
        if following in "}]" or following == self.closer or text.startswith(("//", "/*", "#"), mark):
            return True
        if following in ",;":
            return bool((_MEMBER if self.role == "value" else _ITEM).match(text, mark + 1, end))
        if following == "+":
            return not self.quoting and _PLUS.match(text, after, end) is not None
        return self._comma_is_missing(text, after, mark, end)

    def _comma_is_missing(self, text: str, after: int, mark: int, end: int) -> bool:
        if "\n" in text[after:mark]:
            return True
        if self.role == "value":
            return bool(_NEXT_KEY.match(text, mark, end))
        return mark > after and text[mark] in "\"'“‘{["
