"""Which letter a completion chose: the usual ways to state the answer to a multiple-choice question."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from .choice_words import (
    ANSWER_IS,
    BUT,
    CHOOSE,
    MENTION,
    NOT_GOING_ON,
    NOT_INSIDE,
    OR,
    OUTCOME,
    RIGHT,
    RIGHT_THERE,
    SO,
    WRONG,
)
from .visible import visible

HEDGED = "hedged"
_WRAP = r"(?:[\s*_\"'`“”‘’«»$({\[:=→➜⇒>∴】＞]|\\[(\[]){0,12}+"
_COMMAND = r"(?:\\(?:text|textbf|textrm|mathrm|mathbf)\s?\{)?"
_CLOSED = r"(?:[)\]}*_\"'”`$]|\\[)\]]){0,6}+"
_ENDS = rf"(?={_CLOSED}(?:[.!。,;)]|\s*\Z|\n))"
_BOX = r"(?:\\boxed|<(?:final[\s_-]?)?(?:answer|choice|option|result)>)"
_TAGS = re.compile(r"</?(?:b|strong|i|em|u|p|br|mark|code|span|div|center|h[1-6])\b[^<>]{0,40}>|~~[^~\n]{1,40}~~")


_ANNOUNCED_TEXT = re.compile(
    rf"(?:\\boxed\s?\{{{_COMMAND}(?=[^{{}}\n]{{1,400}}+\}})"
    rf"|<answer>\s{{0,4}}+|(?<![</]){ANSWER_IS}[\s*_:=]{{0,8}}+)(?P<text>[^\s<{{}}][^\n<{{}}]{{0,400}}+)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """A letter that was stated, upper-case, or "hedged"; and what follows it on its line."""

    letter: str
    rest: str


def stated_choice(text: str, letters: str) -> str | None:
    r"""The letter stated last, upper-case; "hedged" when it was stated together with another; None if none was.

    The plainest statement counts: a box or an answer tag, then "the answer is (B)" and its like in other languages,
    then "B is correct", a conclusion ("so B."), and at last a mere mention ("option B", bold, "(B)", "B." at the
    beginning of a line). A mention that is taken back ("B is wrong") is none. Characters that nobody sees hide no
    second letter.

    >>> stated_choice("A is tempting, but the answer is (B).", "ABCD"), stated_choice("Answer: A or maybe B", "ABCD")
    ('B', 'hedged')
    """
    found = statement(text, letters)
    return found.letter if found else None


def statement(text: str, letters: str) -> Statement | None:
    """What `stated_choice` finds, with its place."""
    text = _TAGS.sub("", visible(text))
    for pattern in _patterns(letters):
        stated = [match for match in pattern.finditer(text) if not _is_article(match, text)]
        if stated and not _is_list(stated, letters, pattern):
            letter, end = stated[-1]["letter"].upper(), stated[-1].end("letter")
            rest = text[end : end + 400].split("\n", 1)[0]
            beside = _hedge(letters).match(text, end)
            other = beside and (beside["letter"] or beside["to"]).upper()
            return Statement(HEDGED if other and other != letter else letter, rest)
    return None


def stated_text(text: str) -> str:
    """What stands behind the last announcement of an answer, or in the last box or answer tag; else ""."""
    found = [match["text"] for match in _ANNOUNCED_TEXT.finditer(_TAGS.sub("", visible(text)))]
    return found[-1] if found else ""


@functools.cache
def _patterns(letters: str) -> tuple[re.Pattern[str], ...]:
    one = rf"(?P<letter>[{re.escape(letters)}]){NOT_GOING_ON}"
    capital = rf"(?-i:(?P<letter>[{re.escape(letters.upper())}])){NOT_GOING_ON}"
    other = rf"(?:(?:not|不是)\s{{0,4}}+\(?[{re.escape(letters)}]\)?\s{{0,4}}+[,，;]?\s{{0,4}}+{BUT}\s{{0,4}}+)?"
    letter = rf"{_WRAP}{_COMMAND}{_WRAP}{other}(?:{MENTION}\b)?{_WRAP}{one}"
    sure = rf"(?!{_CLOSED}(?:{WRONG}))"
    patterns = (
        rf"{_BOX}{letter}",
        rf"(?:{ANSWER_IS}|{CHOOSE}){letter}{sure}",
        rf"{OUTCOME}{letter}{_ENDS}",
        rf"{NOT_INSIDE}{capital}{_CLOSED}(?:\s(?:is|would be|seems|ist|es|est|è|é|—|-)\s{RIGHT}|\s?{RIGHT_THERE})",
        rf"{NOT_INSIDE}{capital}{_CLOSED}\sis the (?:\w+ )?answer\b",
        rf"{SO}{_WRAP}{capital}{_ENDS}",
        rf"{MENTION}{letter}{sure}",
        rf"\*\*[\s(\[]{{0,4}}+{capital}(?:[).:\]][^*\n]{{0,200}}+|[)\s]*+)\*\*(?!\s+(?:is|was|are|isn|cannot|can|does)\b)",
        rf"(?:\A|\n)[ \t(]{{0,4}}+{capital}[^\n]{{0,200}}?[✓✔✅☑]",
        rf"(?:\A|\n)(?:#{{1,6}}\s|(?:q|question)?\s?\d{{1,3}}[.):]\s){_WRAP}{capital}{_ENDS}",
        rf"(?:\A|\n){_WRAP}{_COMMAND}{one}(?=[\s.):*\]\"'`$}},>、]|\Z){sure}",
        rf"[(\[]{_WRAP}{one}{_WRAP}[)\]]{sure}",
    )
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


@functools.cache
def _hedge(letters: str) -> re.Pattern[str]:
    """Another letter beside the stated one: "or B", ", maybe B", "/B", "→ B", or just " B"."""
    no_word = r"(?!\s+(?:is|was|are)\b)(?!(?<=[aAiI]) (?-i:[a-z]))"
    another = rf"(?P<letter>[{re.escape(letters)}]){NOT_GOING_ON}{no_word}"
    between = rf"[\s*_\"'`$)}}\].(,;?]{{0,8}}{OR}{_WRAP}|{_CLOSED}[ \t]{{1,4}}+[*_(\[]{{0,4}}+(?-i:(?=[A-Z]))"
    arrow = rf"{_CLOSED}[ \t]{{0,4}}+(?:[-–—=]{{1,2}}>?|→|⇒|~|:|\bvs\b\.?)[ \t]{{0,4}}+"
    to = rf"(?P<to>(?-i:[{re.escape(letters.upper())}])){no_word}(?=[\s.,;)]|\Z)"
    return re.compile(rf"(?:{between}){another}|{arrow}{to}", re.IGNORECASE)


def _is_list(stated: list[re.Match[str]], letters: str, pattern: re.Pattern[str]) -> bool:
    """Whether bare letters only repeat the options: A, B and so on, in their order."""
    said = [match["letter"].upper() for match in stated]
    return pattern in _patterns(letters)[-2:] and len(said) > 1 and letters.upper().startswith("".join(said))


def _is_article(match: re.Match[str], text: str) -> bool:
    """Whether the letter is a word of its sentence: "the answer is a prime", "A number is even if", "I think"."""
    end = match.end("letter")
    if match["letter"] not in "aAiI" or not re.match(r" [a-z]", text[end : end + 2]):
        return False
    if match["letter"] == "I":
        return re.match(r" (?:is|was|because|since|and|or|as|but)\b", text[end : end + 9]) is None
    return match["letter"].islower() or not text[match.start() : end - 1].strip()
