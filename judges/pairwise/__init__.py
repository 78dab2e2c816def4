"""Judges of two answers: which of them is better, whatever the order they are shown in."""

import importlib
from typing import TYPE_CHECKING, Any

from .calibration import Calibration, expected_calibration_error
from .debias import Debiased, logit, p_win_of_logits, p_win_of_orders, sigmoid
from .function import PairwiseFunction
from .pair import Pair
from .pairwise_judge import PairwiseJudge
from .scored import Scored

if TYPE_CHECKING:
    from .form import ComparisonForm, VerdictTokens
    from .llm import PairwiseLLM
    from .verdict_model import VerdictModel

# What needs the machinery of language models, imported when it is asked for.
_ON_USE = {
    "ComparisonForm": ".form",
    "PairwiseLLM": ".llm",
    "VerdictModel": ".verdict_model",
    "VerdictTokens": ".form",
}

__all__ = [
    "Calibration",
    "ComparisonForm",
    "Debiased",
    "Pair",
    "PairwiseFunction",
    "PairwiseJudge",
    "PairwiseLLM",
    "Scored",
    "VerdictModel",
    "VerdictTokens",
    "expected_calibration_error",
    "logit",
    "p_win_of_logits",
    "p_win_of_orders",
    "sigmoid",
]


def __getattr__(name: str) -> Any:
    if name in _ON_USE:
        return getattr(importlib.import_module(_ON_USE[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
