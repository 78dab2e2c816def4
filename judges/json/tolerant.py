"""A parser for JSON as models write it when they slip: it mends form and notes every repair.

It never adds a value. What it may do is read a value that stands there in another notation (`True`, `0x10`, 'single
quotes'), add punctuation, and drop what was cut off in the middle. Where a value is missing it gives up.

One pass, an explicit stack instead of recursion, linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import Any

from ..errors import JuryboxError
from .blanks import BLANK, QUOTE_MARKS, WIDE
from .salvage import Frame, Salvage
from .strict import DUPLICATE, MAX_DEPTH, NOT_FINITE, SURROGATE, SYNTAX, TOO_DEEP, TOO_MANY_DIGITS, Malformed
from .strict import unicode_fault as _unicode_fault
from .tolerant_number import number
from .tolerant_string import QUOTES, read_string
from .tolerant_word import FOREIGN_WORDS, INFINITE, WORDS, bare_word, phrase

_BLANK = re.compile(rf"{BLANK}*+")
_ODD = re.compile(r"[^ \t\r\n>]")
_COMMENT = re.compile(r"//[^\n]*+|#[^\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL)
_NAME = re.compile(r"[^\W\d][\w$-]*+|\$[\w$-]++|\d++(?=\s*:)")
_COLON = re.compile(r"[:：]|=>?")
_HALF_QUOTED = re.compile(rf"[\"”](?={BLANK}*+[:：])")
_STRAY_BACKSLASH = re.compile(rf"\\++(?={BLANK}*+(?:[,:}}\]]|\Z))")
_NUMBER_START = re.compile(r"[-+]?\.?\d|[-+]\Z")
_PROSE = re.compile(r"[^\"{}\[\]]*+\Z")
_VALUE_START = re.compile(rf"[{QUOTE_MARKS}{{\[]|-?\d")
_MORE = re.compile(rf",{BLANK}*+[{QUOTE_MARKS}{{\[\d-]")
REOPENED = re.compile(rf""",{BLANK}*+"[^"\n]{{1,200}}+"{BLANK}*+:{BLANK}*+(?:["{{\[\d-]|true|false|null)""")
_ELLIPSIS = re.compile(r"\.\.\.|…")
_CLOSER = {"{": "}", "[": "]", "(": ")"}
_MISSING = object()


class _Unrecoverable(JuryboxError):  # noqa: N818
    pass


class Tolerant:
    """Reads one object or array that begins at `start`, looking no further than `end`.

    reopens: members behind the bracket that closes the outermost object belong to it: that bracket came too early.

    >>> Tolerant("{'a': [1, 2,], }", 0, 16).read().value
    {'a': [1, 2]}
    """

    def __init__(self, text: str, start: int, end: int, *, reopens: bool = False) -> None:
        self.text = text
        self.start = self.pos = start
        self.turn = start  # where the last step began
        self.end = end
        self.reopens = reopens
        self.stack: list[Frame] = []
        self.repairs: dict[str, int] = {}
        self.problem: Malformed | None = None
        self.committed = False
        self.scalars = 0
        self.tries = 0  # of reading a string as JSON without backslashes
        self.root: Any = None

    def read(self) -> Salvage:
        try:
            self._open()
            while self.stack:
                self._step()
        except _Unrecoverable as error:
            if self._prose_follows():
                self._end_before_prose()
                return Salvage(self.pos, True, self.root, list(self.repairs.items()), self.problem, True)
            problem = self.problem or Malformed(SYNTAX, str(error), self.pos)
            return Salvage(self.pos, False, problem=problem, committed=self.committed)
        recovered = self.scalars > 0 or "truncated" not in self.repairs  # `[[` cut off holds nothing
        return Salvage(self.pos, recovered, self.root, list(self.repairs.items()), self.problem, self.committed)

    def _prose_follows(self) -> bool:
        """Whether reading failed where a new line begins that is prose, as is all after it."""
        if not (self.stack and self.scalars) or self.stack[-1].key is not None or self.problem:
            return False
        line = self.text.rfind("\n", self.start, self.turn) + 1
        return (
            line > 0 and not self.text[line : self.turn].strip() and bool(_PROSE.match(self.text, self.turn, self.end))
        )

    def _end_before_prose(self) -> None:
        if self.repairs.get("missing comma") == self.turn:
            del self.repairs["missing comma"]
        self.note("missing bracket", self.turn)
        self.pos = self.turn
        while self.stack:
            self._finish()

    # What `tolerant_string` and the steps below use.

    def note(self, repair: str, offset: int | None = None) -> None:
        """Remember a repair and where it was first made."""
        self.repairs.setdefault(repair, self.pos if offset is None else offset)

    def refuse(self, problem: str, detail: str, offset: int) -> None:
        """Remember that the value must not be trusted; reading goes on to find its end."""
        self.problem = self.problem or Malformed(problem, detail, offset)

    def closers(self) -> str:
        """What closes all that is open, the outermost first; empty where that is nested deep or in parentheses."""
        closers = "".join(frame.closer for frame in self.stack[:20])
        return "" if len(self.stack) > 20 or ")" in closers else closers

    # The steps.

    def _step(self) -> None:
        self._skip()
        self.turn = self.pos
        frame = self.stack[-1]
        if self.pos >= self.end:
            self._cut_off()
            return
        char = self._narrow(self.text[self.pos])
        if char in "}])":
            self._close(char)
        elif char in ",;":
            self._separator(frame, char)
        elif ellipsis := _ELLIPSIS.match(self.text, self.pos):
            self.note("ellipsis")
            self.pos = ellipsis.end()
        else:
            if frame.full:
                self.note("missing comma")
                frame.full = False
            if frame.closer == "}" and frame.key is None:
                self._key(frame, char)
            else:
                self._value(frame, char)

    def _skip(self) -> None:
        while True:
            blank = min(_BLANK.match(self.text, self.pos, self.end).end(), self.end)  # type: ignore[union-attr]
            if odd := _ODD.search(self.text, self.pos, blank):
                self.note("odd blank", odd.start())
            if (quoted := self.text.find(">", self.pos, blank)) >= 0:
                self.note("quoted lines", quoted)
            self.pos = blank
            if comment := _COMMENT.match(self.text, self.pos, self.end):
                self.note("comment")
            elif comment := _STRAY_BACKSLASH.match(self.text, self.pos, self.end):
                self.note("stray backslash")
            else:
                return
            self.pos = comment.end()

    def _narrow(self, char: str) -> str:
        if char in WIDE:
            self.note("full-width punctuation")
        return WIDE.get(char, char)

    def _open(self) -> None:
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(TOO_DEEP, f"nested more than {MAX_DEPTH} deep", self.pos)
            raise _Unrecoverable("too deep")
        opener = self._narrow(self.text[self.pos])
        if opener == "(":
            self.note("parentheses")
        self.stack.append(Frame({} if opener == "{" else [], _CLOSER[opener]))
        self.pos += 1

    def _separator(self, frame: Frame, char: str) -> None:
        if frame.key is not None:
            raise _Unrecoverable("a key without a value")
        if char == ";":
            self.note("semicolon")
        if not frame.full:
            self.note("stray comma")
        elif frame.closer != "}":
            self.committed = True
        frame.full, frame.comma = False, True
        self.pos += 1

    def _close(self, char: str) -> None:
        frame = self.stack[-1]
        if frame.key is not None:
            raise _Unrecoverable("a key without a value")
        if frame.closer != char:
            if not any(outer.closer == char for outer in self.stack):
                if char == ")":  # the interval [0, 1)
                    raise _Unrecoverable("expected another bracket")
                if self._goes_on(frame):
                    self.note("extra bracket")
                    self.pos += 1
                    return
                self.note("wrong bracket")
            elif len(self.stack) == 2 and char == "}" and REOPENED.match(self.text, self.pos + 1, self.end):
                self.note("wrong bracket")  # more members follow, so it does not close the object around
            else:
                self.note("missing bracket")
                self._finish()
                return  # the same character is looked at again, for the container around
        if self.reopens and len(self.stack) == 1 and char == "}" and REOPENED.match(self.text, self.pos + 1, self.end):
            self.note("extra bracket")
            self.pos += 1
            return
        if frame.comma and not frame.full:
            self.note("trailing comma")
        self.pos += 1
        self._finish()

    def _goes_on(self, frame: Frame) -> bool:
        """Whether the container goes on, or ends, behind a bracket that closes nothing: there is one too many."""
        following = _BLANK.match(self.text, self.pos + 1, self.end).end()  # type: ignore[union-attr]
        doubled = self.text[max(self.start, self.pos - 100) : self.pos].rstrip()[-1:] == self.text[self.pos]
        if not frame.full or following >= self.end or not (doubled or len(self.stack) == 1):
            return False
        return self.text[following] == frame.closer or bool(_MORE.match(self.text, following, self.end))

    def _finish(self) -> None:
        value = self.stack.pop().container
        if self.stack:
            self._place(self.stack[-1], value)
        else:
            self.root = value

    def _cut_off(self) -> None:
        self.note("truncated", self.end)
        self.stack[-1].key = None  # its value never came
        while self.stack:
            self._finish()

    def _key(self, frame: Frame, char: str) -> None:
        start = self.pos
        if char in QUOTES:
            key = read_string(self, "key")
            frame.quoted = True
        else:
            name = _NAME.match(self.text, self.pos, self.end)
            if name is None:
                raise _Unrecoverable("expected a key")
            key, self.pos, frame.quoted = name.group(), name.end(), False
            if half := _HALF_QUOTED.match(self.text, self.pos, self.end):
                self.note("missing quote", start)
                self.pos, frame.quoted = half.end(), True
        self._skip()
        if self.pos >= self.end:
            return  # a key cut off before its value is left out
        colon = _COLON.match(self.text, self.pos)
        if colon is not None:
            if self._narrow(colon.group()) != ":":
                self.note("equals sign")
            self.pos = colon.end()
            self.committed = True
        elif frame.quoted and _VALUE_START.match(self.text, self.pos):
            self.note("missing colon")
        else:
            raise _Unrecoverable("expected a colon")
        if not frame.quoted:
            self.note("unquoted key", start)
        if key in frame.container:
            self.refuse(DUPLICATE, f"the key {key!r:.60} stands twice in one object", start)
        frame.key = key

    def _value(self, frame: Frame, char: str) -> None:
        if char in "{[(":
            self.committed = self.committed or char == "{"
            self._open()
            return
        if char in QUOTES:
            value = read_string(self, "value" if frame.closer == "}" else "item", frame.closer)
        elif _NUMBER_START.match(self.text, self.pos, self.end):
            value = self._number(frame)
        else:
            value = self._word(frame)
        if value is _MISSING:
            frame.key = None
        else:
            self.scalars += 1
            self._place(frame, value)

    def _place(self, frame: Frame, value: Any) -> None:
        if isinstance(frame.container, dict):
            assert frame.key is not None
            frame.container[frame.key] = value
            frame.key = None
        else:
            frame.container.append(value)
        frame.full, frame.comma = True, False

    def _number(self, frame: Frame) -> Any:
        read = number(self.text, self.pos, self.end, in_object=frame.closer == "}")
        if read is None:
            return self._word(frame)
        if read.problem == NOT_FINITE:
            self.refuse(NOT_FINITE, "a number is beyond the largest number", self.pos)
        elif read.problem == TOO_MANY_DIGITS:
            self.refuse(TOO_MANY_DIGITS, "a number has too many digits", self.pos)
        for repair in read.repairs:
            self.note(repair)
        self.pos = read.end
        return read.value

    def _word(self, frame: Frame) -> Any:
        word = bare_word(self.text, self.pos, self.end)
        if not word:
            raise _Unrecoverable("expected a value")
        after = self.pos + len(word)
        if word in INFINITE:
            self.refuse(NOT_FINITE, f"{word} is not JSON", self.pos)
        if word.lower() in FOREIGN_WORDS or word in INFINITE:
            if word not in WORDS and word not in INFINITE:
                self.note("python literal" if word in ("True", "False", "None") else "foreign literal")
            self.pos = after
            return FOREIGN_WORDS.get(word.lower())
        if after == self.end:  # cut off: `tru`, `1e`, `-`
            self.pos = self.end
            return _MISSING
        return self._bare_string(frame)

    def _bare_string(self, frame: Frame) -> str:
        # Only after a quoted key: `{x: y}` stands in too much prose to be taken for data.
        said = phrase(self.text, self.pos, self.end) if frame.closer == "}" and frame.quoted else None
        if said is None:
            raise _Unrecoverable("expected a value")
        if _unicode_fault(said.text):
            self.refuse(SURROGATE, "a string holds half a surrogate pair", self.pos)
        self.note(said.repair)
        self.pos = said.end
        return said.text
