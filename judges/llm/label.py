"""Reading a verdict from what a model wrote: strictly, for a guess would be a reward."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from .line import NOUNS, Line, Scale, Unreadable
from .objects import object_labels
from .reply import Labels
from .speech import speech
from .wording import plain

MAX_CHARS = 100_000
_WRAPPING = re.compile(r"(?:</?[\w:-]+>\s*+)+|[-=*_~`]{3,}+\s*+\w*|[\s\[\]{}(),;]*+")  # a line without words
_TAGGED = re.compile(
    rf"(?:^|(?<=[\n>]))[ \t]*+<((?:final[\s_-]?)?(?:{NOUNS}))>([^<>]{{0,200}})</\1>[.!]?[ \t]*(?=$|[\n<])",
    re.IGNORECASE,
)
_SURE = re.compile(r"\W*(?:confidence|certainty)\b.*", re.IGNORECASE)
_NUMBERED = re.compile(r"\W*\d+[.)](?:\s|$)")


def checked(labels: Labels) -> dict[str, float | None]:
    """The labels, when they can be told apart and their scores are scores.

    Raises:
        ValueError: fewer than two labels, one that is empty or of several lines, two that differ only in case, or a
            score that is neither None nor in [0, 1].
    """
    labels = dict(labels)
    if len({plain(label) for label in labels}) != len(labels) or len(labels) < 2:
        raise ValueError(f"a judge chooses between at least two labels that differ in more than case, not {labels!r}")
    for label, score in labels.items():
        if not plain(label) or "\n" in label:
            raise ValueError(f"a label is one line of text, not {label!r}")
        if score is not None and not 0.0 <= score <= 1.0:
            raise ValueError(f"the score of label {label!r} is in [0, 1], or None to abstain, not {score!r}")
    return {label: None if score is None else float(score) for label, score in labels.items()}


def read_label(text: str, labels: Labels, *, cut_off: bool = False) -> str:
    r"""The one label that the reply says, on its first or last line that is not blank, or in a JSON object.

    On such a line it stands alone, behind an announcement ("Verdict:", "Final answer:", "Rating: [[4]]", "[RESULT] 4",
    "<score>4</score>"), or at the beginning of a sentence that does not take it back. Lines between are not read: what
    stands there may be a draft, or quoted from what is judged. The judge's thinking is left out (see `speech`). Case,
    width, Markdown, LaTeX and quotation marks around a label do not matter; a fraction counts where its denominator is
    the greatest label; a number that numbers a list or a heading is none.

    >>> read_label("<think>yes?</think>The sum is wrong.\n**No**", {"yes": 1.0, "no": 0.0})
    'no'
    >>> read_label('{"why": "the sum is right", "verdict": "yes",}', {"yes": 1.0, "no": 0.0})
    'yes'
    >>> read_label("1. The sum is right.\n\nScore: 2/2", {"1": 0.0, "2": 1.0})
    '2'

    Args:
        cut_off: the model ran out of tokens. Then only a reply that is nothing but a label counts: the verdict may
            have been still to come, and what stands there a quotation.

    Raises:
        Unreadable: "no label", "several labels", "unknown label", "cut off" (its thinking has no end either).
    """
    scale = Scale(labels)
    said = speech(text)
    if said.answer is None:
        raise Unreadable("cut off", "its thinking has no end")
    if cut_off and plain(said.answer) not in scale.words:
        raise Unreadable("cut off", "the model ran out of tokens")
    if len(said.answer) > MAX_CHARS:
        raise Unreadable("no label", f"the reply has more than {MAX_CHARS} characters")
    found = _said(said.answer, scale, sentences=not said.draft)
    if found and said.draft and (begun := _drafted(said.draft, scale)) is not None:
        found[f"what stands before {'the thinking ends'!r}"] = begun
    if not found:
        raise Unreadable("no label", "the reply is empty" if not said.answer.strip() else "")
    if len(set(found.values())) > 1:
        raise Unreadable("several labels", "; ".join(f"{place} says {label!r}" for place, label in found.items()))
    return next(iter(found.values()))


def likeliest(probabilities: Mapping[str, float], labels: Labels) -> str:
    """The label with the greatest probability; of equal ones the better: a tie is no violation.

    Raises:
        ValueError: a probability is not a number.
    """
    if any(math.isnan(p) for p in probabilities.values()):
        raise ValueError(f"the model gave probabilities that are not numbers: {probabilities}")
    return max(probabilities, key=lambda label: (probabilities[label], -1.0 if (s := labels[label]) is None else s))


def _said(answer: str, scale: Scale, *, sentences: bool) -> dict[str, str]:
    """Every place where the answer says a label."""
    in_objects, rest = object_labels(answer, scale)
    found = {f"JSON object {number}": label for number, label in enumerate(sorted(in_objects), 1)}
    lines = _lines(rest)
    listed = sum(_NUMBERED.match(line) is not None for line in lines) > 1
    for place, run in _runs(lines, scale):
        for line in run:
            where = "only" if len(lines) == 1 else place
            label = Line(line, where, sentences, listed).label(scale)
            if label is not None:
                found[f"the {place} line" if line is run[0] else f"the line beside the {place} one, {line!r:.40},"] = (
                    label
                )
    return found


def _lines(text: str) -> list[str]:
    """The lines that say something, tags that announce a verdict on lines of their own."""
    lines = [line for line in _TAGGED.sub(_line_of_its_own, text).splitlines() if not _WRAPPING.fullmatch(line.strip())]
    while len(lines) > 1 and _SURE.fullmatch(lines[-1]):
        lines.pop()
    return lines


def _line_of_its_own(tagged: re.Match[str]) -> str:
    return f"\nVerdict: {tagged[2].strip()}\n"


def _runs(lines: list[str], scale: Scale) -> list[tuple[str, list[str]]]:
    """The first line and the last, each with the bare labels that stand next to it: `no` and below it `yes`."""
    runs = []
    for place, ordered in (("first", lines), ("last", lines[::-1])):
        run = ordered[:1]
        if run and _bare(run[0], scale):
            run += [line for line in ordered[1:2] if _bare(line, scale)]
        runs.append((place, run))
    return runs


def _bare(line: str, scale: Scale) -> bool:
    return plain(line) in scale.words and not line.lstrip().startswith(("#", ">")) and not _NUMBERED.match(line)


def _drafted(draft: str, scale: Scale) -> str | None:
    """The label with which a reply begins whose thinking was only closed: then it may not have been thinking."""
    first = next((line for line in draft.splitlines() if line.strip()), "")
    return scale.words.get(plain(first)) if _bare(first, scale) else None
