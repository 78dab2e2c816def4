"""Judges: completion in, verdict out. Each works alone, in a unit test, without torch."""

from .completion import completion_text, prompt_text
from .exact import ExactJudge
from .format import FormatJudge
from .function import FunctionJudge, judge
from .json import JSONJudge
from .judge import Judge
from .length import LengthJudge, TooLong
from .math import MathJudge
from .memo import Memo
from .pool import DeadlineExceeded, WorkerDied, WorkerPool, shared_pool
from .repetition import RepetitionJudge
from .sample import Sample
from .verdict import Verdict

__all__ = [
    "DeadlineExceeded",
    "ExactJudge",
    "FormatJudge",
    "FunctionJudge",
    "JSONJudge",
    "Judge",
    "LengthJudge",
    "MathJudge",
    "Memo",
    "RepetitionJudge",
    "Sample",
    "TooLong",
    "Verdict",
    "WorkerDied",
    "WorkerPool",
    "completion_text",
    "judge",
    "prompt_text",
    "shared_pool",
]
