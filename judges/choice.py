"""Which letter a completion chose: the usual ways to state the answer to a multiple-choice question."""

from __future__ import annotations

import functools
import re

HEDGED = "hedged"
_WRAP = r"[\s*_\"'`$({\[:]{0,8}+"
_COMMAND = r"(?:\\(?:text|textbf|mathrm|mathbf)\{)?"
_STATING = r"(?:\\boxed|\banswer|\bchoose|\bselect|\bpick)"
_IS = r"(?:is|be|would be|option|choice)?"


def stated_choice(text: str, letters: str) -> str | None:
    r"""The letter stated last, upper-case; "hedged" when it was stated together with another; None if none was.

    An explicit statement ("Answer: B", "the answer is (B)", ``\boxed{B}``) counts before a mere mention ("option
    B", "(B)", "B." at the beginning or on the last line).

    >>> stated_choice("A is tempting, but the answer is (B).", "ABCD"), stated_choice("Answer: A or B", "ABCD")
    ('B', 'hedged')
    """
    for pattern in _patterns(letters):
        stated = [match for match in pattern.finditer(text) if not _is_article(match, text)]
        if stated:
            letter = stated[-1]["letter"].upper()
            beside = _hedge(letters).match(text, stated[-1].end("letter"))
            return HEDGED if beside and beside["letter"].upper() != letter else letter
    return None


@functools.cache
def _patterns(letters: str) -> tuple[re.Pattern[str], ...]:
    letter = rf"{_COMMAND}{_WRAP}(?P<letter>[{re.escape(letters)}])(?!['’]?\w)"
    explicit = rf"{_STATING}{_WRAP}{_IS}{_WRAP}(?:option|choice)?{_WRAP}{letter}"
    mentioned = rf"\b(?:option|choice){_WRAP}{letter}"
    alone = rf"(?:\A|\n){letter}(?=[\s.):*\]\"'`$}},]|\Z)"
    wrapped = rf"[(\[]{letter}[)\]]"
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in (explicit, mentioned, alone, wrapped))


@functools.cache
def _hedge(letters: str) -> re.Pattern[str]:
    between = r"[\s*_\"'`$)}\].]{0,8}(?:\b(?:or|and|and/or)\b|[/,&|])"
    return re.compile(
        rf"{between}{_WRAP}(?P<letter>[{re.escape(letters)}])(?!\w)(?!\s+(?:is|was|are)\b)", re.IGNORECASE
    )


def _is_article(match: re.Match[str], text: str) -> bool:
    """Whether the letter is a word of its sentence: "the answer is a prime", "A number is even if"."""
    end = match.end("letter")
    if match["letter"] not in "aAiI" or not re.match(r" [a-z]", text[end : end + 2]):
        return False
    return match["letter"].islower() or not text[match.start() : end - 1].strip()
