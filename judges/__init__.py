"""Judges: completion in, verdict out. Each works alone, in a unit test, without torch."""

import importlib
from typing import TYPE_CHECKING, Any

from .completion import completion_text, prompt_text
from .conversation import ToolCall, Turn
from .errors import JuryboxError
from .exact import ExactJudge
from .format import FormatJudge
from .function import FunctionJudge, judge
from .json import JSONJudge
from .judge import Judge
from .length import LengthJudge, TooLong
from .math import MathJudge
from .memo import Memo
from .mixture import MixtureOfJudges
from .repetition import RepetitionJudge
from .sample import Sample
from .tries import Tried, render_and_judge
from .verdict import Verdict
from .within import within
from .workers.pool import DeadlineExceeded, WorkerDied, WorkerPool, shared_pool

if TYPE_CHECKING:
    from .code import CodeJudge
    from .fleet import ScheduleJudge
    from .flow import FlowConsistencyJudge, RenderJudge
    from .guardian import DensityGuardian
    from .instructions import IFEvalJudge, InstructionJudge
    from .llm import LLMJudge
    from .pairwise import PairwiseFunction, PairwiseJudge, PairwiseLLM, Scored, VerdictModel
    from .rubric import RubricJudge
    from .structured import FieldF1Judge, JSONObjectJudge, KeyCoverageJudge, OuterFormJudge, OutsideLength
    from .trajectory import STLJudge, ToolCallJudge
    from .vulnerability import RuleVulnerabilityJudge, VulnerabilityFormatJudge
    from .vulnerability.llm import LLMVulnerabilityJudge
    from .workers.ray_actors import RayExecutor

# Judges of many files, imported when they are asked for: most programs need one of them or none.
_ON_USE = {
    "CodeJudge": ".code",
    "DensityGuardian": ".guardian",
    "FieldF1Judge": ".structured",
    "FlowConsistencyJudge": ".flow",
    "IFEvalJudge": ".instructions",
    "InstructionJudge": ".instructions",
    "JSONObjectJudge": ".structured",
    "KeyCoverageJudge": ".structured",
    "LLMJudge": ".llm",
    "LLMVulnerabilityJudge": ".vulnerability.llm",
    "OuterFormJudge": ".structured",
    "OutsideLength": ".structured",
    "PairwiseFunction": ".pairwise",
    "PairwiseJudge": ".pairwise",
    "PairwiseLLM": ".pairwise",
    "RayExecutor": ".workers.ray_actors",
    "RenderJudge": ".flow",
    "RubricJudge": ".rubric",
    "RuleVulnerabilityJudge": ".vulnerability",
    "STLJudge": ".trajectory",
    "ToolCallJudge": ".trajectory",
    "ScheduleJudge": ".fleet",
    "Scored": ".pairwise",
    "VerdictModel": ".pairwise",
    "VulnerabilityFormatJudge": ".vulnerability",
}

__all__ = [
    "CodeJudge",
    "DeadlineExceeded",
    "DensityGuardian",
    "ExactJudge",
    "FieldF1Judge",
    "FlowConsistencyJudge",
    "FormatJudge",
    "FunctionJudge",
    "IFEvalJudge",
    "InstructionJudge",
    "JSONJudge",
    "JSONObjectJudge",
    "Judge",
    "JuryboxError",
    "KeyCoverageJudge",
    "LLMJudge",
    "LLMVulnerabilityJudge",
    "LengthJudge",
    "MathJudge",
    "Memo",
    "MixtureOfJudges",
    "OuterFormJudge",
    "OutsideLength",
    "PairwiseFunction",
    "PairwiseJudge",
    "PairwiseLLM",
    "RayExecutor",
    "RenderJudge",
    "RepetitionJudge",
    "RubricJudge",
    "RuleVulnerabilityJudge",
    "STLJudge",
    "Sample",
    "ScheduleJudge",
    "Scored",
    "TooLong",
    "ToolCall",
    "ToolCallJudge",
    "Tried",
    "Turn",
    "Verdict",
    "VerdictModel",
    "VulnerabilityFormatJudge",
    "WorkerDied",
    "WorkerPool",
    "completion_text",
    "judge",
    "prompt_text",
    "render_and_judge",
    "shared_pool",
    "within",
]


def __getattr__(name: str) -> Any:
    if name in _ON_USE:
        return getattr(importlib.import_module(_ON_USE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
