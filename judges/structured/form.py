"""Is the answer the object and nothing else?"""

from __future__ import annotations

from typing import Literal, get_args

from ..judge import Judge
from ..options import one_of
from ..sample import Sample
from ..verdict import Verdict
from .answer import read_sample

Form = Literal["either", "bare", "fenced"]


class OuterFormJudge(Judge):
    """Scores 1 when the answer's outer form is the one asked for, else 0: R_format of RL-Struct.

    >>> OuterFormJudge().verdict('```json\\n{"answer": 4}\\n```').score
    1.0
    >>> OuterFormJudge("bare").verdict('```json\\n{"answer": 4}\\n```')
    Verdict(0.0, 'other form', found='fenced')

    Only the form counts: ``{'answer': 4}`` is bare, though no JSON.

    Reasons: "form kept", "other form", "text around it".

    Args:
        form: "bare" (from "{" to "}", no fence inside), "fenced" (one fence from end to end), or "either".
    """

    reads = "text"

    def __init__(self, form: Form = "either") -> None:
        one_of("form", form, get_args(Form))
        self.form = form

    def _judge(self, sample: Sample) -> Verdict:
        outer = read_sample(sample).outer
        if not outer:
            return Verdict(0.0, reason="text around it")
        if self.form in ("either", outer):
            return Verdict(1.0, reason="form kept", evidence={"found": outer})
        return Verdict(0.0, reason="other form", evidence={"found": outer})
