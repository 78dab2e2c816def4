"""Is the answer, letter for letter, what was expected?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from .choice import HEDGED, Statement, stated_text, statement
from .judge import Judge
from .options import one_of
from .preflight import skipped
from .sample import Sample
from .thinking import answer_start
from .verdict import Verdict, shorten

FORMS = ("NFC", "NFD", "NFKC", "NFKD")

LONGEST_RUN_OF_MARKS = 30


class ExactJudge(Judge):
    """Scores 1 when the answer equals a gold answer after both were normalised alike.

    >>> ExactJudge(ignore_case=True).verdict("<think>hm</think>  paris ", solution=["Paris", "Paname"])
    Verdict(1.0, 'equal', answer='paris')
    >>> ExactJudge(choices="ABCD").verdict("I think the answer is (B).", solution="B").passed
    True

    The thinking part is left out. With `choices` the answer is the letter that was stated last ("Answer: B",
    ``\\boxed{B}``, "Antwort: B", "so B.", "(B)"); stating two at once is wrong. With `options` an answer that is the
    text of one of the row's options, and no letter, chooses that one ("Paris", "The answer is Paris."), and so does a
    gold; a letter with the text of another option behind it states two.

    Reasons: "equal", "different"; with choices also "no choice", "hedged". "unfinished thinking": there is no
    answer. Abstains with "unusable gold" when the row's gold is missing, empty or none of the choices, and with
    "unusable options".

    Args:
        answer: the column with the gold answer, or a list of them, each of which is right.
        choices: the letters of a multiple-choice question.
        options: the column with each row's options: a list in the order of the letters, texts by their letters, or
            `{"text": […], "label": […]}`.
        ignore_case, ignore_whitespace, ignore_punctuation: what does not count. White space at the ends never
            does; ignoring it means that any run of it equals one space.
        unicode: the normal form both sides are brought to, or None. NFKC also equates full-width and ligature
            forms with the plain ones.
    """

    reads = "text"

    def __init__(
        self,
        answer: str = "solution",
        *,
        choices: str | None = None,
        options: str | None = None,
        ignore_case: bool = False,
        ignore_whitespace: bool = True,
        ignore_punctuation: bool = False,
        unicode: str | None = "NFC",
    ) -> None:
        one_of("unicode", unicode, (None, *FORMS))
        if choices is not None and (len(choices) < 2 or not choices.isalnum() or len(set(choices)) < len(choices)):
            raise ValueError(f"choices are different letters, such as 'ABCD', not {choices!r}")
        if options is not None and choices is None:
            raise ValueError("options need letters: give choices, such as 'ABCD'")
        self.answer = answer
        self.options = options
        self.columns = (answer,) if options is None else (answer, options)
        self.choices = choices
        self.ignore_case = ignore_case
        self.ignore_whitespace = ignore_whitespace
        self.ignore_punctuation = ignore_punctuation
        self.unicode = unicode

    def _judge(self, sample: Sample) -> Verdict:
        try:
            options = self._lettered(sample)
        except (TypeError, ValueError) as error:
            return Verdict(None, "skipped", "unusable options", {"error": str(error)})
        golds = self._golds(sample[self.answer], options)
        if not golds:
            return Verdict(None, "skipped", "unusable gold", {"gold": shorten(sample[self.answer])})
        start = answer_start(sample.text)
        if start is None:
            return Verdict(0.0, reason="unfinished thinking")
        if self.choices is not None:
            return self._choice(sample.text[start:], golds, options)
        answer = self.normalised(sample.text[start:])
        if answer in golds:
            return Verdict(1.0, reason="equal", evidence={"answer": shorten_text(answer)})
        evidence = {"answer": shorten_text(answer), "gold": shorten_text(golds[0])}
        return Verdict(0.0, reason="different", evidence=evidence)

    def _lettered(self, sample: Sample) -> dict[str, str]:
        """The letters of a row's options by their texts; two options that read the same choose nothing.

        Raises:
            ValueError: the column holds neither a list of options nor texts by their letters.
        """
        given = None if self.options is None else sample[self.options]
        pairs = [(_bare(str(text)), letter) for letter, text in _by_letter(given, (self.choices or "").upper())]
        texts = [text for text, _ in pairs]
        return {text: letter for text, letter in pairs if text and texts.count(text) == 1}

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _choice(self, text: str, golds: list[str], options: dict[str, str]) -> Verdict:
        assert self.choices is not None
        letter = options.get(_bare(text)) or _chosen(statement(text, self.choices), options)
        letter = letter or (options.get(_bare(stated_text(text))) if options else None)
        if letter is None:
            return Verdict(0.0, reason="no choice")
        if letter == HEDGED:
            return Verdict(0.0, reason="hedged")
        right = letter in golds
        return Verdict(float(right), reason="equal" if right else "different", evidence={"answer": letter})

    def normalised(self, text: str) -> str:
        """The text as it is compared."""
        if self.unicode is not None:
            text = unicodedata.normalize(self.unicode, _stream_safe(text))  # type: ignore[arg-type]
        if self.ignore_case:
            text = text.casefold()
        if self.ignore_punctuation:
            text = "".join(" " if unicodedata.category(char)[0] == "P" else char for char in text)
        return " ".join(text.split()) if self.ignore_whitespace else text.strip()

    def _golds(self, given: Any, options: dict[str, str]) -> list[str]:
        several = given if isinstance(given, Sequence) and not isinstance(given, str) else [given]
        golds = [str(gold) for gold in several if gold is not None and gold == gold]  # NaN is a missing one too
        if self.choices is None:
            return [gold for gold in map(self.normalised, golds) if gold]  # an empty one would pay for silence
        letters = [options.get(_bare(gold)) or re.sub(r"[\W_]", "", gold).upper() for gold in golds]
        return [letter for letter in letters if letter and letter in self.choices.upper() and len(letter) == 1]


def _chosen(stated: Statement | None, options: dict[str, str]) -> str | None:
    """The letter that was stated; with the text of another option behind it, it is two at once."""
    if stated is None:
        return None
    named = options.get(_bare(stated.rest.lstrip(" .):*_]}-–—,\"'")))
    return HEDGED if named and named != stated.letter else stated.letter


def _by_letter(given: Any, letters: str) -> list[tuple[str, Any]]:
    """Each option of a row with its letter; labels that are no letters of the choices stand for their order."""
    if isinstance(given, Mapping) and {"text", "label"} <= given.keys():
        labels = [str(label).upper() for label in given["label"]]
        if not set(labels) <= set(letters):
            return list(zip(letters, given["text"], strict=False))
        return list(zip(labels, given["text"], strict=False))
    if isinstance(given, Mapping):
        return [(str(letter).upper(), text) for letter, text in given.items() if text is not None]
    if hasattr(given, "tolist"):
        given = given.tolist()
    if given is None:
        return []
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ValueError(f"options are a list of texts, or texts by their letters, not {given!r:.80}")
    return list(zip(letters, given, strict=False))


def shorten_text(text: str, width: int = 200) -> str:
    """The beginning of a long text."""
    return text if len(text) <= width else text[:width] + "…"


def _bare(text: str) -> str:
    """An option's text as it is compared: without case, and white space and full stops around it."""
    return " ".join(text.casefold().split()).strip(" .*`}")


def _stream_safe(text: str) -> str:
    """The text with no more than 30 combining marks on one letter, Unicode's own limit for text in streams.

    Normalization sorts the marks of a letter, in quadratic time: 160 000 of them would take 20 seconds.
    """
    if text.isascii():
        return text
    kept, marks = [], 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks <= LONGEST_RUN_OF_MARKS:
            kept.append(char)
    return "".join(kept)
