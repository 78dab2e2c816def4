"""Where the answer of a completion is, in one linear pass; every pattern here has bounded repetition.

In this order: an `<answer>` tag, the last box, the text after "####", the words "the answer is", the last formula, a
conclusion, the last number, a choice letter. The thinking part is never read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .boxes import last_boxes
from .decoration import without_bold
from .escapes import restored_boxes
from .formulas import CONNECTING, formula_text, formulas, without
from .normal import clean
from .parse import parse
from .tails import without_tail
from .tokens import ParseError
from .units import is_unit
from .vocabulary import FUNCTIONS, MAGNITUDES, MATHEMATICAL

WHERE = ("anywhere", "explicit", "box")
LONGEST_TAIL = 100_000  # characters from the end in which an answer outside a box is looked for
LONGEST_CLAUSE = 400


class Extract(NamedTuple):
    """An answer as written, and where it stood; no text means that there is none, `where` then says why."""

    text: str
    where: str


NOTHING = Extract("", "no answer")
_THINKING = ("think", "thinking", "reasoning", "thought")
_STOPS = ("<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|end|>")


def visible(text: str) -> str | None:
    """The text after the thinking part and before any chat markup; None when the thinking never ends."""
    if "<" not in text:
        return text
    if "think" in text or "reasoning>" in text or "thought>" in text:
        for tag in _THINKING:
            _, closing, tail = text.rpartition(f"</{tag}>")
            if closing:
                text = tail
            if f"<{tag}>" in text:
                return None
    if "<|" in text:
        for stop in _STOPS:
            text = text.partition(stop)[0]
    return text


def extract(completion: str, where: str = "anywhere", boxes: str = "list") -> Extract:
    """The answer of a completion; `where` limits the places that count."""
    text = visible(completion)
    if text is None:
        return Extract("", "unfinished thinking")
    if "<answer>" in text and where != "box":
        tagged = text.rpartition("<answer>")[2].partition("</answer>")[0].strip()
        if tagged and "\\boxed" not in tagged:
            return Extract(_from_sentence(tagged), "answer tag")
    text = restored_boxes(text)
    found = last_boxes(text)
    if found:
        return Extract(joined(found if boxes == "list" else found[-1:]), "box")
    if where == "box":
        return Extract("", "no box" if found is None else "empty box")
    if found is None:
        return outside_boxes(text, where)
    elsewhere = outside_boxes(_EMPTY_BOX.sub(" ", text), where)
    return elsewhere if elsewhere.text else Extract("", "empty box")


_EMPTY_BOX = re.compile(r"\\boxed ?(?:\{[^{}]{0,40}(?:\{[^{}]{0,40}\})?[^{}]{0,10}\})?")


_DENIED = re.compile(r"[^\d$\\]{0,60}(?:\bnot|n't|\bbetween|\bneither)\b", re.IGNORECASE)  # It is not 42.


def _from_sentence(text: str) -> str:
    """The answer of a tag with a sentence in it; a tag with nothing but an answer, words or a letter, as it is."""
    spoken = bool(_COPULA.search(text)) and re.match(r"\W{0,3}[A-Za-z]{2}", text)
    if not (spoken or any(map(str.isdigit, text))) or re.match(r"\(?[A-H][).:]", text):
        return text
    if _whole(text) or _whole(text.strip(" .*")) or _DENIED.match(text):
        return text
    found = outside_boxes(text, "anywhere").text
    if found or not spoken:
        return found or text
    *_, last = _COPULA.finditer(text)
    said = text[last.end() :].strip(" .*_")  # The day is Monday.
    return said if said and len(said.split()) < 4 else text


def joined(boxes: list[str]) -> str:
    if len(boxes) == 1:
        box = boxes[0]
        said = stated(_WRAPPED.sub(r"\1", box)) if _speaks_of_answer(box) and PHRASE.search(box) else ""
        return said or (LEAD_IN.sub("", box) if "\\" in box else box)
    return ", ".join(dict.fromkeys(box.strip() for box in boxes))


_WRAPPED = re.compile(r"\\(?:text|mbox|textbf|mathrm)\s?\{([^{}]{0,200})\}")
LEAD_IN = re.compile(r"\s{0,9}\\(?:text|mbox|textbf)\s?\{[^{}]{0,60}(?:\bis|\bare|:|=)\s{0,9}\}")


def outside_boxes(text: str, where: str) -> Extract:
    text = text[-LONGEST_TAIL:].strip()
    hashes = text.rfind("####")
    if hashes >= 0 and (line := text[hashes:].lstrip("# ").partition("\n")[0].strip()):
        return Extract(line, "####")
    text = without_bold(_CALCULATION.sub("", _ONE_LINE.sub(" ", text)))
    said = stated(text)
    if said:
        return Extract(said, "answer phrase")
    if where == "explicit" or not text:
        return NOTHING
    for place, rule in _FALLBACKS:
        found = rule(text)
        if found:
            return Extract(found, place)
    return NOTHING


_ONE_LINE = re.compile(r" [ \t\0\u00a0]+|[\t\0\u00a0][ \t\0\u00a0]*")  # a blank alone, as most are, stays untouched
_CALCULATION = re.compile(r"<<[^<>\n]{0,120}>>")  # GSM8K's calls of a calculator: 9 * 2 = $<<9*2=18>>18
PHRASE = re.compile(
    r"(?:answers?|答案|答え|정답|답)[*_]{0,2} ?(?:\([^()\n]{0,20}\) ?)?"
    r"(?:is|are|was|=|:|：|should be|must be|would be|equals|是|为|為|は|은|는)[ :：*_]{0,4}",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|[。；]|\n")
_LEADING_ADVERB = re.compile(r"(?:approximately|about|exactly|simply|just|roughly|therefore|thus|indeed) ")
_ASIDE = re.compile(
    r",? \(?(?:not|because|since|which|where|but|so|as|after|when|if|rather|of an?|of the)\b|, (?:and|or) not\b"
)
_COPULA = re.compile(
    r"(?: is| are| equals?| be| by| get| becomes)(?: therefore| thus| then| exactly| just| simply)?:? |[=:] "
    r"|(?<=[\u3040-\u9fff])(?:是|为|為|は)[:： ]?|："
)


def stated(text: str) -> str:
    """What follows the last "the answer is", as far as it is an answer."""
    last = None
    for match in PHRASE.finditer(text) if _speaks_of_answer(text) else ():
        last = match
    if last is None:
        return ""
    clause = text[last.end() : last.end() + LONGEST_CLAUSE].lstrip()
    return _from_clause(clause)


def _speaks_of_answer(text: str) -> bool:
    """Whether a word that `PHRASE` begins with is in the text at all, which is found out much faster."""
    return "answer" in text.casefold() or "答" in text or "답" in text


def _from_clause(clause: str) -> str:
    """The answer in a clause such as "The largest $n$ is 34. I hope so"."""
    spans = formulas(clause)
    end = _end_of_sentence(clause, spans)
    end = min(end, len(without_tail(clause[:end])))
    spans = [span for span in spans if span[0] < end]
    sentence = clause[:end]
    copulas = [m for m in _COPULA.finditer(sentence) if not any(a <= m.start() < b for a, b in spans)]
    if copulas and (re.match(r"[A-Za-z]{2}", sentence) or _PAID.search(sentence)):
        start = copulas[-1].end()
        spans = [(a - start, b - start) for a, b in spans if a >= start]
        sentence = sentence[start:]
    if spans:
        return formula_text(sentence, spans, stated=True)
    aside = _ASIDE.search(sentence)
    sentence = sentence[: aside.start()] if aside else sentence
    return _tidy(sentence)


_PAID = re.compile(r"= ?\$ ?\d[\d,]*(?:\.\d+)?$")  # $9/egg * 2 eggs = $18


def _end_of_sentence(clause: str, spans: list[tuple[int, int]]) -> int:
    for match in _SENTENCE_END.finditer(clause):
        if not any(a <= match.start() < b for a, b in spans):
            return match.start()
    return len(clause)


def _tidy(sentence: str) -> str:
    sentence = _LEADING_ADVERB.sub("", sentence.strip(" *_`\"'“”"), count=1)
    if len(sentence.split()) > 4 and not _is_math(sentence):
        numbers = _NUMBER.findall(sentence)
        return numbers[-1] if numbers else sentence
    return sentence


def _is_math(text: str) -> bool:
    try:
        return parse(clean(text)).op != "text"
    except ParseError:
        return False


# Formulas.


def _last_formula(text: str) -> str:
    """The last formula, unless it is a bare name or a conclusion with a number follows it."""
    spans = formulas(text)
    if not spans:
        return ""
    found = formula_text(text, spans)
    rest = text[spans[-1][1] :]
    concluded = CONCLUSION.search(rest)
    if _NUMBER.search(rest) and (concluded or not any(map(str.isdigit, found))):
        return "" if concluded or len(found.strip("$")) <= 2 else found
    return found


CONCLUSION = re.compile(r"\b(?:therefore|thus|hence|so|answer|total|result|conclude)\b", re.IGNORECASE)


# Plain text.

_NUMBER = re.compile(
    r"(?<![0-9A-Za-z_\u00c0-\u04ff.\\^])"
    r"\d{1,2}:[0-5]\d(?::[0-5]\d)?(?![\d:])(?: ?[AaPp]\.?[Mm]\b\.?)?"  # a time of day, or a ratio
    r"|(?<![0-9A-Za-z_\u00c0-\u04ff.\\^])"
    r"(?:-|\+)?(?:[$€£] ?)?(?:\d[\d,]*(?:\.\d+)?|\.\d+)(?: ?/ ?\d+)?(?: ?(?:\\?%|percent\b|pct\b))?"
)


_UNIT_AFTER = re.compile(r" ?([A-Za-z]{2,20})\b(?:/[A-Za-z]{1,20}\b)?")


def _whole(text: str) -> str:
    """A text that is nothing but the answer."""
    if len(text) > 200 or "\n" in text:
        return ""
    spans = formulas(text)
    if spans and not CONNECTING.fullmatch(without(text, spans)):
        return ""
    return text if _is_math(text) and not _has_prose(text) else ""


_LONE_WORD = re.compile(r"(?<![\\A-Za-z{])[A-Za-z]{2,}")


_SPOKEN_EAST = re.compile(r"(?<![0-9０-９A-Za-z\u3040-\u9fff])[\u3040-\u9fff]{2}|[\u3040-\u9fff]{6}|：")


def _has_prose(text: str) -> bool:
    """Whether there are words that are no function, unit, constant or geometric name."""
    if _SPOKEN_EAST.search(text):
        return True
    words = [word for word in _LONE_WORD.findall(text) if not (word.isupper() or is_unit(word) or word in FUNCTIONS)]
    return " " in text.strip() and any(word.lower() not in MATHEMATICAL for word in words)


def _conclusion(text: str) -> str:
    """What the last sentence says something is, if it is mathematics."""
    sentence = text.rstrip(" .!\n。").rpartition("\n")[2][-LONGEST_CLAUSE:]
    start = max((m.end() for m in _SENTENCE_END.finditer(sentence)), default=0)
    sentence = sentence[start:].strip()
    copulas = list(_COPULA.finditer(sentence))
    if not copulas:
        return ""
    found = sentence[copulas[-1].end() :].strip(" *_")
    return found if _is_math(found) and not _has_prose(found) else ""


def _last_number(text: str) -> str:
    last = None
    for match in _NUMBER.finditer(text):
        last = match
    if last is None:
        return ""
    unit = _UNIT_AFTER.match(text, last.end())
    measured = unit is not None and unit[1] != "in" and (is_unit(unit[1]) or unit[1] in MAGNITUDES)  # 5 in total
    return last[0].rstrip(",").lstrip("+") + (unit[0] if unit and measured else "")


_CHOICE = re.compile(r"(?<![A-Za-z0-9_'])\(?([A-H])\)?(?![A-Za-z0-9_']|\s[a-z]{2})")


def _choice(text: str) -> str:
    """`A. Because …` answers A; else the last capital letter that stands alone."""
    start = re.match(r"\(?([A-H])[.):]", text)
    if start:
        return start[1]
    letters = _CHOICE.findall(text[-LONGEST_CLAUSE:]) or re.findall(r"(?<![\w'])([B-H])(?![\w'])", text)
    return letters[-1] if letters else ""


_FALLBACKS = (
    ("whole text", _whole),
    ("last formula", _last_formula),
    ("conclusion", _conclusion),
    ("last number", _last_number),
    ("choice", _choice),
)
