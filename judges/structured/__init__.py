"""Judges of structured output: is it a JSON object, are its keys there, does anything stand around it, is it right?

All of them read an answer in the same way (see `answer`), which is not that of `JSONJudge`: it is the convention
under which RL-Struct is reproduced, and its golden numbers pin it.
"""

from .answer import Answer, read
from .fields import FieldF1Judge, field_f1, token_f1
from .form import Form, OuterFormJudge
from .keys import KeyCoverageJudge, keys_found
from .length import OutsideLength, deviation
from .metrics import structure_metrics
from .validity import JSONObjectJudge

__all__ = [
    "Answer",
    "FieldF1Judge",
    "Form",
    "JSONObjectJudge",
    "KeyCoverageJudge",
    "OuterFormJudge",
    "OutsideLength",
    "deviation",
    "field_f1",
    "keys_found",
    "read",
    "structure_metrics",
    "token_f1",
]
