"""What a sentence adds behind an answer: `72, in total`, `72 (six dozen)`, `2^n for all n`; never a second answer."""

from __future__ import annotations

import re

from .vocabulary import FUNCTIONS

_OPENERS = (
    r"in (?:total|all|fact|other|dollars|particular|simplest)|as\b|so\b|which\b|that is\b|because\b|since\b|altogether"
    r"|all told|overall|total\b|totally|giving\b|making\b|leaving\b|obtained\b|found\b|computed\b|calculated\b|i\.e"
    r"|namely\b|thus\b|hence\b|therefore\b|rounded\b|using\b|counting\b|including\b|for a total\b|respectively\b"
    r"|the\b|by (?:the|using|[a-z]+ing)\b|meaning\b|where(?:as)?\b|\(?given in\b"
)
_TEXT = r"(?:\\text ?\{ ?)?"
_AFTER_COMMA = re.compile(rf"(?:[,;] ?{_TEXT}|{_TEXT}[,;] ?|\\text \{{, )(?:{_OPENERS})", re.IGNORECASE)
_AFTER_COLON = re.compile(rf"(?:: | ?— ?| – ){_TEXT}(?=[^$=]{{0,200}}?[a-z]{{3}})[\dA-Za-z]", re.IGNORECASE)
_QUANTIFIED = re.compile(
    rf",? ?{_TEXT},? ?(?:for|where|with|\\forall) ?(?:\}} ?)?(?:(?:all|any|some|every|each|an arbitrary)\b"
    r"|\$?[nkmjN]\$? ?(?:\\geq?|>) ?\\?[\w{}]{1,12}\}?\$?\.?$"
    r"|(?:\\text \{ ?)?[a-zA-Z] is an? (?:integer|arbitrary|real|natural|constant))",
)
_ALTOGETHER = re.compile(r"(?<=[\d}$]) ?(?:altogether|in total|in all|overall)$")
_ASIDE = re.compile(rf" ?{_TEXT}\((?P<inside>[^()]{{2,120}}(?:\([^()]{{0,60}}\)[^()]{{0,60}})?)\)\.?\}}?$")
_HEDGE = re.compile(
    r"(?<![A-Za-z])(?:or|maybe|perhaps|possibly|probably|alternatively|either|could|might|may|and also|also|but)"
    r"(?![A-Za-z])|或|也许|可能|または|또는"
)
_CASES = re.compile(r"\band\b|;|,.*\bfor\b")
_WORD = re.compile(r"(?<![\\A-Za-z])[A-Za-z]{3,}")
_PART_OF_ANSWER = re.compile(
    r"(?:\\[pb]?mod|\\text ?\{ ?)*(?:mod|in base|base|[ap]\.?m\b|double|mult|deg|rad|sq|cubic|not|twice|square)", re.I
)
_EASTERN = re.compile("[\u3040-\u9fff\uac00-\ud7af]")
_OPEN_END = re.compile(r"(?:[-+*/=<>^_(]|\\[a-zA-Z]+)$")
_NAMES = FUNCTIONS | {"inf", "infty", "infinity"}
LONGEST = 600


def without_tail(text: str) -> str:
    """The answer alone; the whole text where nothing is behind it, or another answer is.

    A head without a digit or a formula sign is left alone: a sentence of words has no tail.
    """
    if len(text) > LONGEST:
        return text
    for pattern in _possible_tails(text):
        found = pattern.search(text)
        if found and _is_cut(text, found.start()) and not _HEDGE.search(text, found.start()):
            if pattern is _AFTER_COLON and _WORD.search(text[: found.start()]):
                continue  # `Center: 2`, `Tom has 5: …`
            if pattern is _QUANTIFIED and _CASES.search(text, found.start()):
                continue  # `0 for x < 0 and 1 for x > 0`
            text = text[: found.start()].rstrip(" ,;:")
    aside = _ASIDE.search(text) if "(" in text else None
    if aside and _is_cut(text, aside.start()) and _explains(aside["inside"]):
        text = text[: aside.start()].rstrip()
    return text


def _possible_tails(text: str) -> list[re.Pattern[str]]:
    """Patterns whose first sign or word is in the text at all: a bare answer has none, and is not searched."""
    possible = []
    if "," in text or ";" in text:
        possible.append(_AFTER_COMMA)
    if ": " in text or "—" in text or "–" in text:
        possible.append(_AFTER_COLON)
    if "for" in text or "where" in text or "with" in text:
        possible.append(_QUANTIFIED)
    if "all" in text or "total" in text or "altogether" in text:
        possible.append(_ALTOGETHER)
    return possible


def _explains(inside: str) -> bool:
    """Words or an equation that are no part of the answer (a unit, a base, a modulus) and no other one."""
    inside = inside.strip(" {}")
    says_something = "=" in inside or not _NAMES.issuperset(_WORD.findall(inside)) or bool(_EASTERN.search(inside))
    return says_something and not (_HEDGE.search(inside) or _PART_OF_ANSWER.match(inside))


def _is_cut(text: str, place: int) -> bool:
    """Whether an answer stands before: brackets closed, a digit or formula in it, no operator at its end."""
    head = text[:place].rstrip()
    if any(head.count(opening) != head.count(closing) for opening, closing in ("()", "[]", "{}")):
        return False
    if head.count("$") % 2 and not head.lstrip().startswith("$"):
        return False
    mathematical = any(map(str.isdigit, head)) or "\\" in head or "=" in head or len(head) == 1
    return mathematical and not _OPEN_END.search(head)
