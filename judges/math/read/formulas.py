"""Delimited formulas of a text: where they are, which stand in one list, and dollar signs that are money."""

from __future__ import annotations

import re

_DELIMITER = re.compile(r"\\\$|\$\$?|\\[\[\]()]|\\(?:begin|end)\{(?:[a-zA-Z]{0,6}matrix|array|cases)\}")
_CLOSING = {"$": "$", "$$": "$$", "\\[": "\\]", "\\(": "\\)"}


_ATTACHED = re.compile(r"[^\s$:.]*\Z")  # to a matrix without delimiters: its factor, its name


def formulas(text: str) -> list[tuple[int, int]]:
    """Spans of the delimited formulas, delimiters included."""
    spans: list[tuple[int, int]] = []
    closing, start = "", 0  # of the formula that is open
    for match in _DELIMITER.finditer(text):
        delimiter, place = match[0], match.start()
        if closing:
            if delimiter != closing:
                continue
            if delimiter == "$" and _is_money(text, start, place):
                start = place
            else:
                spans.append((start, match.end()))
                closing = ""
        elif delimiter in _CLOSING:
            closing, start = _CLOSING[delimiter], place
        elif delimiter.startswith("\\begin"):
            closing = delimiter.replace("begin", "end", 1)
            start = place - len(_ATTACHED.findall(text[max(0, place - 40) : place])[0])
    return spans


def _is_money(text: str, start: int, stop: int) -> bool:
    """Whether two dollar signs stand before amounts, as in `$12 + $6`, and not around a formula."""
    if text[stop - 1] not in " (+-*/=×÷" or not text[start + 1 : start + 2].isdecimal():
        return False
    return _AMOUNT_BEGINS.match(text, stop + 1) is not None


_AMOUNT_BEGINS = re.compile(r"\d|\.\d|<<")


_BETWEEN = re.compile(r"[\s,;*]{0,6}(?:and|or|,|;)?[\s,;*]{0,6}")
_PERCENT_AFTER = re.compile(r" ?(?:\\?%|percent\b|pct\b)")
_HALF_DAY_AFTER = re.compile(r" ?(?:[AaPp]\.[Mm]\.?|[ap]m\b|[AP]M\b)")
_AMOUNT = r"-?\\?\$?\d[\d,]*(?:\.\d+|/\d+)?"
_LISTED_BEFORE = re.compile(rf"(?:either )?(?:{_AMOUNT} ?(?:, ?(?:and |or )?|and |or ))+", re.IGNORECASE)
_LISTED_AFTER = re.compile(rf"(?: ?, ?(?:and |or )?| and | or )(?:[a-z] ?= ?)?{_AMOUNT}(?=[.,;!?\s]*$|[.,;] )")
_LISTED_BETWEEN = re.compile(rf"(?: ?, ?{_AMOUNT}){{1,20}} ?,? ?(?:and |or )?")
_HEDGED_AFTER = re.compile(rf" ?\((?:or|maybe|perhaps|possibly)(?: maybe| perhaps| possibly)? ({_AMOUNT})\)")
_IN_BASE = re.compile(r" ?\(?(?:in )?base ?")
_MOST_LISTED = 20


def formula_text(text: str, spans: list[tuple[int, int]], stated: bool = False) -> str:
    """The last formula with those listed directly before it, and the plain numbers of the same list."""
    first = len(spans) - 1
    while first and any(
        between.fullmatch(text[spans[first - 1][1] : spans[first][0]])
        for between in (_BETWEEN, _IN_BASE, _LISTED_BETWEEN)
    ):
        first -= 1
    start, stop = spans[first][0], spans[-1][1]
    if stated and _LISTED_BEFORE.fullmatch(text[:start]):
        start = 0
    for _ in range(_MOST_LISTED):
        after = _LISTED_AFTER.match(text, stop)
        if after is None:
            break
        stop = after.end()
    hedge = _HEDGED_AFTER.match(text, stop)
    if hedge:
        return f"{text[start:stop]} or {hedge[1]}"
    half = _HALF_DAY_AFTER.match(text, stop)
    percent = _PERCENT_AFTER.match(text, stop)
    return text[start:stop] + (half[0] if half else r"\%" if percent else "")


CONNECTING = re.compile(r"(?:[\s,;.*]|and|or|\\?%|percent)*")


def without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text around the formulas."""
    pieces, place = [], 0
    for start, stop in spans:
        pieces.append(text[place:start])
        place = stop
    return " ".join([*pieces, text[place:]]).strip()
