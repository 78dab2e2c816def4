"""Does the answer hold one JSON object?"""

from __future__ import annotations

from ..judge import Judge
from ..sample import Sample
from ..verdict import Verdict
from .answer import read_sample


class JSONObjectJudge(Judge):
    """Scores 1 when the payload is a JSON object by the standard's syntax, else 0: R_valid of RL-Struct.

    >>> JSONObjectJudge().verdict('{"answer": 4}').score
    1.0
    >>> JSONObjectJudge().verdict('Sure! {"answer": 4}')
    Verdict(0.0, 'syntax error')

    Prose around an object costs the point unless the object stands in a fence. For a schema, for objects inside
    prose and for stricter rules (equal keys, deep nesting) see `JSONJudge`.

    Reasons: "object", "not an object", "syntax error", "not a finite number", "too deep", "too many digits".
    """

    reads = "text"

    def _judge(self, sample: Sample) -> Verdict:
        answer = read_sample(sample)
        if answer.value is None:
            return Verdict(0.0, reason=answer.problem)
        return Verdict(1.0, reason="object")
