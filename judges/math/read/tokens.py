"""Cleaned LaTeX to tokens; letters become symbols, function names, units or words here."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...errors import JuryboxError
from .normal import TEXT_COMMANDS
from .units import is_unit
from .vocabulary import EASTERN_CONJUNCTIONS, ENGLISH, FUNCTIONS, MAGNITUDES, PLAIN_GREEK

LONGEST_NUMBER = 4000  # digits; beyond it int() itself would refuse


class ParseError(JuryboxError, ValueError):
    """The text is not in the grammar of answers."""


class Token(NamedTuple):
    """kind is number, symbol, command, word (text in an answer), or mark (everything else)."""

    kind: str
    text: str
    spaced: bool  # whether a blank stands in front


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+(?![\d.]*[a-zA-Z]))?)"
    r"|\\" + TEXT_COMMANDS + r"\s*\{(?P<text>[^{}]*)\}"
    r"|(?P<command>\\(?:[a-zA-Z]+|.))"
    r"|(?P<word>[a-zA-Z]+)"
    r"|(?P<east_asian>[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+)"
    r"|(?P<mark>\*\*|<=|>=|!=|<>|==|=>|->|:=|.)",
    re.DOTALL,
)
_CONSTANT_WORDS = {"pi": r"\pi", "infinity": r"\infty", "inf": r"\infty", "oo": r"\infty", "infty": r"\infty"}
_JOINED_FUNCTION = re.compile(r"(sin|cos|tan|ln|log|sqrt|sec|csc|cot)([a-zA-Z]{1,2})$")
_ARGUMENT = re.compile(r"\s*(?:[a-zA-Z(\[{|^_+-]|\\(?!text|mathrm|cdot|times|,))")  # of `sec x`, not of `5 sec`
_UNIT_POWER = re.compile(r"\s*\^\s*\{?-?\d\}?\s*(?:$|[^a-zA-Z(\\\s])")  # with no argument behind it
_VOWELS = frozenset("aeiouAEIOU")


def tokenize(text: str) -> list[Token]:
    """All tokens of a cleaned answer; raises ParseError on a number too long to be read."""
    tokens: list[Token] = []
    spaced = False
    for match in _TOKEN.finditer(text):
        kind, piece = match.lastgroup or "mark", match[0]
        if kind == "space":
            spaced = True
            continue
        if kind == "text":
            applied = _ARGUMENT.match(text, match.end()) and not _UNIT_POWER.match(text, match.end())
            _add_text(tokens, match["text"], applied=bool(applied))
        elif kind == "east_asian":
            tokens.extend(_eastern_words(piece, spaced))
        elif kind == "word":
            _add_word(tokens, piece, spaced, applied=_ARGUMENT.match(text, match.end()) is not None)
        else:
            if kind == "number" and len(piece) > LONGEST_NUMBER:
                raise ParseError("number too long")
            tokens.append(Token(kind, piece, spaced))
        spaced = False
    return tokens


def _eastern_words(run: str, spaced: bool) -> list[Token]:
    """A word, with the ten thousands in front of it or the conjunction that it is as words of their own."""
    if run in EASTERN_CONJUNCTIONS:
        return [Token("word", EASTERN_CONJUNCTIONS[run], spaced)]
    words = [run[0], run[1:]] if run[0] in MAGNITUDES else [run]
    return [Token("word", word, spaced and not place) for place, word in enumerate(words) if word]


def _add_text(tokens: list[Token], content: str, applied: bool) -> None:
    """Words inside a text wrapper are words; a lone letter is a symbol unless it is a unit after a number."""
    pieces = re.findall(r"[A-Za-z]+|\d+(?:\.\d+)?|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+|\S", content)
    for piece in pieces:
        if piece[0].isdecimal():
            tokens.append(Token("number", piece, True))
        elif not piece.isalpha():
            tokens.append(Token("mark", piece, True))
        elif not piece.isascii():
            tokens.extend(_eastern_words(piece, True))
        elif (piece in FUNCTIONS or piece == "diag") and len(pieces) == 1 and not _measures(tokens, piece, applied):
            tokens.append(Token("command", "\\" + piece, True))
        elif len(piece) == 1 and piece.isascii() and not (_after_measure(tokens) and is_unit(piece)):
            tokens.append(Token("symbol", piece, True))
        else:
            tokens.append(Token("word", piece, True))


def _measures(tokens: list[Token], function: str, applied: bool) -> bool:
    """Whether `min` or `sec` is a unit: after a number, before nothing it could be applied to."""
    return not applied and _after_measure(tokens) and is_unit(function)


def _after_measure(tokens: list[Token]) -> bool:
    """Whether a unit may follow: a number, a closing bracket, another unit."""
    if not tokens:
        return False
    last = tokens[-1]
    if last.kind == "word":
        return last.text.lower() not in ("and", "or")
    return last.kind == "number" or last.text in (")", "}", "/", "*", r"\cdot", r"\pi")


def _add_word(tokens: list[Token], word: str, spaced: bool, applied: bool) -> None:
    """A run of letters outside any wrapper: a name, a unit, an English word, or a product of variables."""
    joined = _JOINED_FUNCTION.match(word)
    if word in FUNCTIONS:
        kind = ("word", word) if _measures(tokens, word, applied) else ("command", "\\" + word)
        tokens.append(Token(*kind, spaced))
    elif word.lower() in _CONSTANT_WORDS:
        tokens.append(Token("command", _CONSTANT_WORDS[word.lower()], spaced))
    elif word in PLAIN_GREEK:
        tokens.append(Token("command", "\\" + word, spaced))
    elif len(word) > 1 and (word.lower() in ENGLISH or _is_word(word) or _follows_number(tokens, word)):
        tokens.append(Token("word", word, spaced))
    elif joined and joined[0] not in ("second", "cost"):
        tokens.append(Token("command", "\\" + joined[1], spaced))
        _add_word(tokens, joined[2], False, applied)
    else:
        tokens.extend(Token("symbol", letter, spaced and not place) for place, letter in enumerate(word))


def _is_word(word: str) -> bool:
    return len(word) > 3 and not word.isupper() and not _VOWELS.isdisjoint(word)


def _follows_number(tokens: list[Token], word: str) -> bool:
    """`5 cm` is a length, `ab` after nothing is a product."""
    if not tokens or tokens[-1].kind == "symbol" or tokens[-1].text in "([{,=+-^_":
        return False
    return is_unit(word) and not (tokens[-1].text == r"\pi" and word == "hr")  # an area, 2 \pi hr
