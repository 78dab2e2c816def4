"""Reading one line of a reply: whether it says a label, and which."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import JuryboxError
from .reply import Labels
from .wording import plain, undecorated, visible

# How a verdict is announced. The list is closed: any other "Word: label" may be about something else.
NOUNS = (
    "verdict|answer|score|grade|rating|results?|judge?ment|decision|label|conclusion|classification|evaluation|assessment|"
    "winner|preference|choice|mark|outcome|response|better|best|overall|total|final|"
    "答案|评分|得分|分数|结论|判定|判断|评级|回答|結論|判定|評価|スコア|点数|採点|최종 ?답|정답|답|점수|판정|평가|"
    "urteil|antwort|bewertung|ergebnis|punktzahl|réponse|note|respuesta|veredicto|puntuación|calificación|"
    "risposta|verdetto|punteggio|resposta|veredito|pontuação|ответ|оценка|вердикт|cevap|sonuç|puan"
)
_LEAD = (
    r"(?:(?:my|the|our|your|this|so|thus|hence|therefore|correct|final|overall|total|endgültige|finale?)\b[\s,]*"
    r"|最终|最終)*"
)
_THING = r"(?:response|answer|assistant|option|candidate|choice|model|output|grade|score|level|category|class)"
_SAYS = r"[:=]+>?|[-–—]+>?|→|\bis\b\s*:?|\bwould be\b\s*:?|\bist\b|\best\b|\bes\b|是|为"
_ANNOUNCED = re.compile(
    rf"\W*?{_LEAD}(?:better |best )?(?:{NOUNS})(?:\s+(?:score|grade|label|rating))?(?:\s*\([^()]{{0,40}}\))?[\"')]*\s*"
    rf"(?:\]\s*[:=]?|{_SAYS})\s*(?P<rest>.+)",
    re.IGNORECASE,
)
_CONCLUDED = re.compile(
    r"\W*(?:therefore|thus|hence|so|in conclusion|fazit|also|donc|因此|所以|it'?s(?: an?)?|it is(?: an?)?)"
    r"\s*[,:，：]?\s+(?P<rest>.+)",
    re.IGNORECASE,
)
_TAG = re.compile(rf"<((?:final[\s_-]?)?(?:{NOUNS}))>([^<>]{{0,200}})</\1>\W*", re.IGNORECASE)
_DOUBLE_BRACKETS = re.compile(r"\[\[([^\[\]]+)\]\]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)")
_FRACTION = re.compile(r"(\d+(?:\.\d+)?)\s*(?:/|\bout of\b|\bof\b|\bvon\b|\bsur\b|\bde\b)\s*(\d+(?:\.\d+)?)")
_UNIT = re.compile(r"(?<=\d)\s*(?:points?|pts?\.?|stars?|punkte|分|点|점)$")
_HEADING = re.compile(r"\s*#{1,6}\s*(?=\S)")
_BULLET = re.compile(r"\s*[-–—*+•◦▪]\s+(?=\S)")
_LISTED = re.compile(r"\W*\d+[.)]\W*")
_SENTENCE = re.compile(
    r"(?<=[.!?。！？])\s+|(?<=[。！？])|\s+(?=\[(?:result|answer|score|verdict)\])|,\s+(?=(?:so|therefore|thus|hence)\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(
    r"\s*[,;:!。，；：！、](?!\d)\s*|\s*\.\s+(?!\d)|\s+(?:[-–—]+|→)\s+|\s*[—–]\s*|\s*(?=[(\[（])|\s+(?=because\b|since\b)",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:but|however|although|though|except|unless|wait|actually|or|maybe|perhaps|possibly|hmm+|rather|instead|unsure|"
    r"not (?:sure|certain)|on second thoughts?|aber|oder|mais|ou|pero)\b|但|不过|或|しかし|または|하지만|또는",
    re.IGNORECASE,
)
_BETTER = re.compile(
    r"\s+(?:wins|(?:is|was)(?:\s+(?:the|clearly|much|slightly|a bit|overall))*"
    r"\s+(?:better|best|winner|stronger|preferred|superior))(?:\s+(?:one|response|answer|overall))*"
    r"(?:\s+than\s+(?:the\s+)?\w+\s+\w+)?\s*[.!]*",
    re.IGNORECASE,
)


class Unreadable(JuryboxError, ValueError):  # noqa: N818 - it is the reply that is so
    """A reply that holds no verdict, or more than one.

    Attributes:
        why: what was found instead, for people; the message is the reason, a stable phrase.
    """

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason)
        self.why = why


@dataclass(frozen=True)
class Scale:
    """The labels in the forms in which they may be written.

    numbers: those that are numbers; a label 4 is also said by "4.0" and, where 5 is the greatest, by "4/5".
    marks: those that also number lists and headings: numbers and single letters.
    """

    labels: Labels
    words: dict[str, str] = field(init=False)
    numbers: dict[float, str] = field(init=False)
    marks: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        words = {plain(label): label for label in self.labels}
        numbers = {float(word): label for word, label in words.items() if _NUMBER.fullmatch(word)}
        marks = {label for word, label in words.items() if len(word) == 1 and word.isascii()} | set(numbers.values())
        for name, value in {"words": words, "numbers": numbers, "marks": frozenset(marks)}.items():
            object.__setattr__(self, name, value)

    def said(self, text: str) -> str | None:
        """The label that a text is, and nothing else.

        Raises:
            Unreadable: "unknown label": a number off the scale, or a fraction of another one.
        """
        word = plain(text)
        if word in self.words:
            return self.words[word]
        if not self.numbers:
            return None
        word = _UNIT.sub("", word)
        if fraction := _FRACTION.fullmatch(word):
            top = max(self.numbers)
            if float(fraction[2]) != top:
                raise Unreadable("unknown label", f"{word!r} is on another scale than 0 to {top:g}")
            return self._number(fraction[1])
        return self._number(word) if _NUMBER.fullmatch(word) else None

    def _number(self, digits: str) -> str:
        value = float(digits) if len(digits) < 40 else math.inf
        if value not in self.numbers:
            raise Unreadable("unknown label", f"{digits:.40} is no label")
        return self.numbers[value]

    def is_mark(self, text: str) -> bool:
        """Whether a text has nothing in it but a label that may as well number a list."""
        return self.words.get(plain(text)) in self.marks

    def others(self, label: str) -> Iterator[str]:
        """The words of the other labels."""
        return (word for word, other in self.words.items() if other != label)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and where it stands.

    Attributes:
        place: "only", "first" or "last" of the lines that are not blank.
        sentences: whether a label may be the beginning of a sentence ("Yes, it is.").
        listed: whether other lines of the reply are numbered, so that a number with a dot is one more.
    """

    text: str
    place: str
    sentences: bool = True
    listed: bool = False

    def label(self, scale: Scale) -> str | None:
        """The label the line says, or None.

        Raises:
            Unreadable: it says one with a doubt, or several.
        """
        text = visible(self.text).strip()
        if text.startswith(">"):
            return None
        if doubled := _DOUBLE_BRACKETS.findall(text):
            return _one({scale.said(found) for found in doubled} - {None})
        text, marked = _unlisted(text)
        if scale.is_mark(text):
            in_list = _LISTED.fullmatch(undecorated(text)) and (self.place == "first" or self.listed)
            return None if marked or in_list else scale.said(text)
        text = _row(undecorated(text))
        text = text[1:-1] if text.startswith("(") and text.find(")") == len(text) - 1 else text
        return self._announced(text, scale) or self._begun(text, scale, marked)

    def _announced(self, text: str, scale: Scale) -> str | None:
        """The label behind "Verdict:", at the beginning of the line or of its last sentence."""
        pieces = [piece for piece in _SENTENCE.split(text) if piece.strip()]
        for piece in dict.fromkeys((text, *pieces[-1:])):
            if tag := _TAG.fullmatch(piece.strip()):
                return scale.said(tag[2])
            found = _ANNOUNCED.match(piece) or _CONCLUDED.match(piece)
            if found is not None:
                label = headed(found["rest"], scale) or _thing(found["rest"], scale)
                if label is not None:
                    return label
        return None

    def _begun(self, text: str, scale: Scale, marked: bool) -> str | None:
        """The label that is the line, or with which it begins."""
        if marked and (_NUMBER.match(text) or scale.is_mark(_TAIL.split(text, maxsplit=1)[0])):
            return None
        label = None if _refuses(text, scale) else scale.said(text)
        if label is not None or not self.sentences:
            return label
        head = _TAIL.split(text, maxsplit=1)[0]
        numbers = self.place != "only" or text[len(head) :].startswith(".")
        if scale.is_mark(head) and numbers:  # "1. The first ..." numbers a list
            return None
        named = None if marked else _thing(text, scale)
        if named is not None:
            return named if self.place != "first" or not text.rstrip().endswith(":") else None
        return headed(text, scale)


def _refuses(text: str, scale: Scale) -> bool:
    """Whether a text is a bare number that a heading may be: those are no labels unless they are on the scale."""
    number = _NUMBER.fullmatch(plain(text))
    return number is not None and float(number[0] if len(number[0]) < 40 else "inf") not in scale.numbers


def headed(text: str, scale: Scale) -> str | None:
    """The label with which a text begins, when what follows it casts no doubt on it."""
    label = scale.said(text)
    if label is not None:
        return label
    for cut in _TAIL.finditer(text):
        head, tail = text[: cut.start()], text[cut.end() :]
        if len(head) > 80:
            return None
        label = scale.said(head)
        if label is not None:
            _require_sure(label, tail, scale)
            return label
    return None


def _thing(text: str, scale: Scale) -> str | None:
    """The label of "Response 1", "Response 1 is better"; only for labels that number things."""
    found = re.match(rf"\W*(?:the )?{_THING}\s+([\w.]+?)(?=\W*$|\s)", text, re.IGNORECASE)
    if found is None or not scale.is_mark(found[1]):
        return None
    rest = text[found.end() :]
    if not rest.strip(" .:!*)\"'") or _BETTER.fullmatch(rest):
        return scale.said(found[1])
    better = _BETTER.match(rest)
    if better is not None and _TAIL.match(rest, better.end()) and "better" in better.group():
        label = scale.said(found[1])
        _require_sure(str(label), rest[better.end() :], scale)
        return label
    return None


def _require_sure(label: str, tail: str, scale: Scale) -> None:
    """Raise where what follows a label takes it back or names another one."""
    if doubt := _DOUBT.search(tail):
        raise Unreadable("several labels", f"{label!r} is followed by {doubt.group()!r}")
    for other in scale.others(label):
        named = rf"(?:^|[,.;:(—–-]|\b(?:is|are|be|say|to)\b)\s*{re.escape(other)}\s*(?:$|[,.;:!)—–])"
        if re.search(named, tail.casefold()):
            raise Unreadable("several labels", f"{label!r} is followed by {other!r}")


def _one(labels: set[str | None]) -> str | None:
    if len(labels) > 1:
        raise Unreadable("several labels", f"one line says {', '.join(sorted(map(repr, labels)))}")
    return next(iter(labels), None)


def _unlisted(text: str) -> tuple[str, bool]:
    """The line without the mark of a heading or a list, and whether it had one."""
    for mark in (_HEADING, _BULLET):
        if found := mark.match(text):
            return text[found.end() :], True
    return text, False


def _row(text: str) -> str:
    """A table's row of two cells as "Verdict: yes"."""
    if text.startswith("|") and text.endswith("|") and text.count("|") == 3:
        return ": ".join(cell.strip() for cell in text.strip("|").split("|"))
    return text
