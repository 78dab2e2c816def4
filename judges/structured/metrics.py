"""What share of answers is structured as asked: the columns of RL-Struct's tables."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Any

from ..verdict import Verdict
from .form import OuterFormJudge
from .keys import KeyCoverageJudge
from .validity import JSONObjectJudge


def structure_metrics(completions: Sequence[Any], keys: Sequence[str]) -> dict[str, float]:
    """JSON validity, structural accuracy, schema compliance and format consistency of some answers, each in [0, 1].

    >>> structure_metrics(['{"a": 1, "b": 2}', '{"a": 1}'], ["a", "b"])
    {'json_validity': 1.0, 'structural_accuracy': 0.5, 'schema_compliance': 0.75, 'format_consistency': 1.0}

    Structural accuracy is the share of answers with every key, schema compliance the mean share of keys; an answer
    that does not parse can have its keys (see `KeyCoverageJudge`).

    Raises:
        ValueError: there are no answers, or no keys.
    """
    if not completions:
        raise ValueError("completions is empty: there is nothing to measure")
    covered = KeyCoverageJudge(keys).verdicts(completions)
    return {
        "json_validity": _mean(JSONObjectJudge().verdicts(completions)),
        "structural_accuracy": fmean(bool(verdict.passed) for verdict in covered),
        "schema_compliance": _mean(covered),
        "format_consistency": _mean(OuterFormJudge().verdicts(completions)),
    }


def _mean(verdicts: Sequence[Verdict]) -> float:
    return fmean(verdict.score for verdict in verdicts if verdict.score is not None)
