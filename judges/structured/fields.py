"""How much of the reference do the answer's fields repeat?"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from ..json.match import expected_value
from ..judge import Judge
from ..preflight import skipped
from ..sample import Sample
from ..verdict import Verdict
from .answer import read_sample

_TOKEN = re.compile(r"[a-z0-9]+")


class FieldF1Judge(Judge):
    """Scores the mean over the reference's fields of the token F1 with the answer's field: R_correct of RL-Struct.

    >>> reference = {"reasoning": "mix and bake", "answer": "bread 200 kcal"}
    >>> FieldF1Judge().verdict('{"reasoning": "mix"}', reference=reference)
    Verdict(0.25, 'partly right', fields={'reasoning': 0.5, 'answer': 0.0})

    A field that is missing earns 0, one that the reference does not have nothing. What is not a valid object scores 0,
    and so does everything against an empty reference.

    Reasons: "right", "partly right", "wrong", "no object", "empty reference"; abstains with "unusable reference".

    Args:
        reference: the column of the reference: a mapping from field to value, or such an object as JSON text. Write
            text when rows differ in their fields: a data set's table fills fields that a row lacks with None.
    """

    reads = "text"

    def __init__(self, reference: str = "reference") -> None:
        self.reference = reference
        self.columns = (reference,)

    def _unusable(self, sample: Sample) -> str:
        return skipped(self._judge(sample))

    def _judge(self, sample: Sample) -> Verdict:
        try:
            reference = _reference(sample[self.reference])
        except (TypeError, ValueError, RecursionError) as error:
            return Verdict(None, "skipped", "unusable reference", {"error": str(error)})
        value = read_sample(sample).value
        if value is None:
            return Verdict(0.0, reason="no object")
        if not reference:
            return Verdict(0.0, reason="empty reference")
        scores = field_f1(value, reference)
        score = sum(scores.values()) / len(scores)
        reason = "right" if score == 1.0 else "partly right" if score else "wrong"
        return Verdict(score, reason=reason, evidence={"fields": scores})


def field_f1(value: Mapping[str, Any], reference: Mapping[str, str]) -> dict[str, float]:
    """By field of the reference, its F1; the reference's values as text."""
    return {name: token_f1(_said(value[name]), wanted) if name in value else 0.0 for name, wanted in reference.items()}


def token_f1(a: str, b: str) -> float:
    """2 · overlap / (|a| + |b|) on multisets of lower-case runs of ASCII letters and digits; 1 when both are empty.

    >>> token_f1("Mix, mix and bake", "mix and bake")
    0.8571428571428571
    """
    left, right = Counter(_TOKEN.findall(a.lower())), Counter(_TOKEN.findall(b.lower()))
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 1.0


def _reference(given: Any) -> dict[str, str]:
    """The reference's fields as text.

    Raises:
        ValueError, TypeError, RecursionError: it is no object, or not JSON.
    """
    reference = expected_value(given)
    if not isinstance(reference, Mapping):
        raise ValueError(f"a reference maps fields to values, not {reference!r:.80}")
    return {name: as_text(value) for name, value in reference.items()}


def as_text(value: Any) -> str:
    """A field's value as text: a string is itself, anything else its JSON with sorted keys."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _said(value: Any) -> str:
    try:
        return as_text(value)
    except RecursionError:  # just shallow enough to be read, a little too deep to be written
        return ""
