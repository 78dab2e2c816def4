"""Reading a verdict from what a model wrote: strictly, for a guess would be a reward."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .reply import Labels

MAX_CHARS = 100_000
MAX_OBJECTS = 1_000
_DECORATION = " \t\r*_`#\"'."  # no minus, for "A-" and "-1" are labels; no ">", for what follows it is quoted
_OBJECT = re.compile(r"\{")
_THINKING = re.compile(r"\s*<(think(?:ing)?)>", re.IGNORECASE)


class Unreadable(ValueError):  # noqa: N818 - it is the reply that is so
    """A reply that holds no verdict, or more than one; the message is the reason."""


def checked(labels: Labels) -> dict[str, float | None]:
    """The labels, when they can be told apart and their scores are scores.

    Raises:
        ValueError: fewer than two labels, one that is empty or of several lines, two that differ only in case, or a
            score that is neither None nor in [0, 1].
    """
    labels = dict(labels)
    if len({_plain(label) for label in labels}) != len(labels) or len(labels) < 2:
        raise ValueError(f"a judge chooses between at least two labels that differ in more than case, not {labels!r}")
    for label, score in labels.items():
        if not _plain(label) or "\n" in label:
            raise ValueError(f"a label is one line of text, not {label!r}")
        if score is not None and not 0.0 <= score <= 1.0:
            raise ValueError(f"the score of label {label!r} is in [0, 1], or None to abstain, not {score!r}")
    return {label: None if score is None else float(score) for label, score in labels.items()}


def read_label(text: str, labels: Labels, *, cut_off: bool = False) -> str:
    r"""The one label that the reply says: in a JSON object under "verdict", or on a line of its own.

    The judge's own thinking, with which its reply begins, is left out: to its first closing tag and no further, for
    later ones may be quoted from the completion. Case and Markdown around a label do not matter.

    >>> read_label("<think>yes?</think>The sum is wrong.\n**No**", {"yes": 1.0, "no": 0.0})
    'no'
    >>> read_label('{"why": "the sum is right", "verdict": "yes"}', {"yes": 1.0, "no": 0.0})
    'yes'

    Args:
        cut_off: the model ran out of tokens. Then only a reply that is nothing but a label counts: the verdict may
            have been still to come, and what stands there a quotation.

    Raises:
        Unreadable: "no label", "several labels", "unknown label", "cut off" (its thinking has no end either).
    """
    answer = _behind_thinking(text)
    allowed = {_plain(label): label for label in labels}
    if answer is None or (cut_off and _plain(answer) not in allowed):
        raise Unreadable("cut off")
    if len(answer) > MAX_CHARS:
        raise Unreadable("no label")
    said = set(_objects(answer)) | {_plain(line) for line in answer.splitlines() if _plain(line) in allowed}
    if not said:
        raise Unreadable("no label")
    if len(said) > 1:
        raise Unreadable("several labels")
    (label,) = said
    if label not in allowed:
        raise Unreadable("unknown label")
    return allowed[label]


def likeliest(probabilities: Mapping[str, float], labels: Labels) -> str:
    """The label with the greatest probability; of equal ones the better: a tie is no violation.

    Raises:
        ValueError: a probability is not a number.
    """
    if any(math.isnan(p) for p in probabilities.values()):
        raise ValueError(f"the model gave probabilities that are not numbers: {probabilities}")
    return max(probabilities, key=lambda label: (probabilities[label], -1.0 if (s := labels[label]) is None else s))


def _behind_thinking(text: str) -> str | None:
    while opened := _THINKING.match(text):
        closed = re.compile(f"</{opened[1]}>", re.IGNORECASE).search(text, opened.end())
        if closed is None:
            return None
        text = text[closed.end() :]
    return text


def _objects(text: str) -> Iterator[str]:
    """What the JSON objects in a text say under "verdict", every occurrence of a doubled key counted."""
    decoder = json.JSONDecoder(object_pairs_hook=list)
    end = 0
    for number, opening in enumerate(_OBJECT.finditer(text)):
        if opening.start() < end:  # inside an object that was read already
            continue
        if number >= MAX_OBJECTS:
            raise Unreadable("no label")
        try:
            pairs, end = decoder.raw_decode(text, opening.start())
        except (ValueError, RecursionError):
            continue
        yield from (_plain(value) for key, value in pairs if key == "verdict")


def _plain(label: Any) -> str:
    """A label without case and decoration."""
    return str(label).strip(_DECORATION).casefold()
