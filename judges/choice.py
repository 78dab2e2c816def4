"""Which letter a completion chose: the usual ways to state the answer to a multiple-choice question."""

from __future__ import annotations

import functools
import re

from .choice_words import ANSWER_IS, CHOOSE, NOT_GOING_ON, NOT_INSIDE, OR, RIGHT, SO
from .visible import visible

HEDGED = "hedged"
_WRAP = r"[\s*_\"'`“”‘’«»$({\[:=→➜⇒>]{0,12}+"
_COMMAND = r"(?:\\(?:text|textbf|textrm|mathrm|mathbf)\s?\{)?"
_CLOSED = r"[)\]}*_\"'”`$]{0,6}+"


def stated_choice(text: str, letters: str) -> str | None:
    r"""The letter stated last, upper-case; "hedged" when it was stated together with another; None if none was.

    The plainest statement counts: a box or an answer tag, then "the answer is (B)" and its like in other languages,
    then "B is correct", a conclusion ("so B."), and at last a mere mention ("option B", bold, "(B)", "B." at the
    beginning of a line). Characters that nobody sees hide no second letter.

    >>> stated_choice("A is tempting, but the answer is (B).", "ABCD"), stated_choice("Answer: A or maybe B", "ABCD")
    ('B', 'hedged')
    """
    text = visible(text)
    for pattern in _patterns(letters):
        stated = [match for match in pattern.finditer(text) if not _is_article(match, text)]
        if stated:
            letter = stated[-1]["letter"].upper()
            beside = _hedge(letters).match(text, stated[-1].end("letter"))
            return HEDGED if beside and beside["letter"].upper() != letter else letter
    return None


@functools.cache
def _patterns(letters: str) -> tuple[re.Pattern[str], ...]:
    one = rf"(?P<letter>[{re.escape(letters)}]){NOT_GOING_ON}"
    capital = rf"(?-i:(?P<letter>[{re.escape(letters.upper())}])){NOT_GOING_ON}"
    letter = rf"{_WRAP}{_COMMAND}{_WRAP}(?:(?:option|choice|letter|选项|選項)\b)?{_WRAP}{one}"
    patterns = (
        rf"(?:\\boxed|<answer>){letter}",
        rf"(?:{ANSWER_IS}|{CHOOSE}){letter}",
        rf"{NOT_INSIDE}{capital}{_CLOSED}\s(?:is|ist|es|est|è|é|—|-)\s{RIGHT}",
        rf"{SO}{_WRAP}{capital}(?={_CLOSED}(?:[.!。,;]|\s*\Z|\n))",
        rf"\b(?:option|choice){letter}",
        rf"\*\*[\s(\[]{{0,4}}+{capital}(?:[).:\]][^*\n]{{0,200}}+|[)\s]*+)\*\*(?!\s+(?:is|was|are|isn|cannot|can|does)\b)",
        rf"(?:\A|\n){_WRAP}{_COMMAND}{one}(?=[\s.):*\]\"'`$}},]|\Z)",
        rf"[(\[]{_WRAP}{one}{_WRAP}[)\]]",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


@functools.cache
def _hedge(letters: str) -> re.Pattern[str]:
    """Another letter beside the stated one: "or B", ", maybe B", "/B", or just " B"."""
    another = rf"(?P<letter>[{re.escape(letters)}]){NOT_GOING_ON}(?!\s+(?:is|was|are)\b)"
    between = rf"[\s*_\"'`$)}}\].(,;?]{{0,8}}{OR}{_WRAP}|{_CLOSED}[ \t]{{1,4}}+[*_(\[]{{0,4}}+(?-i:(?=[A-Z]))"
    return re.compile(rf"(?:{between}){another}", re.IGNORECASE)


def _is_article(match: re.Match[str], text: str) -> bool:
    """Whether the letter is a word of its sentence: "the answer is a prime", "A number is even if"."""
    end = match.end("letter")
    if match["letter"] not in "aAiI" or not re.match(r" [a-z]", text[end : end + 2]):
        return False
    return match["letter"].islower() or not text[match.start() : end - 1].strip()
