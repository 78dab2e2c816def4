"""What must hold of every verdict, checked from outside: each check returns what is wrong, or nothing."""

from __future__ import annotations

import json
import math
from typing import Any

from ...judges import JSONJudge, Judge, Verdict
from ...rewards import Reward

CPU_SECONDS = 1.0  # of the calling process, for one verdict


def broken(judge: Judge | Reward, completion: Any, verdict: Any) -> str | None:
    """The first promise that this verdict breaks, as a phrase; None where all hold."""
    if not isinstance(verdict, Verdict):
        return f"no verdict but {type(verdict).__name__}"
    if verdict.status == "error":
        return f"an exception: {verdict.evidence.get('error', verdict.reason)}"
    if verdict.score is None:
        return f"the completion made it abstain: {verdict.status}, {verdict.reason}"
    if not math.isfinite(verdict.score) or not _within(judge, verdict.score):
        return f"a score of {verdict.score}"
    if "\n" in repr(verdict):
        return "a verdict that prints on several lines"
    try:
        json.dumps(verdict.to_dict(), allow_nan=False)
    except (TypeError, ValueError) as error:
        return f"a verdict that is no JSON: {error}"
    return _grown(judge, completion, verdict.score)


def _within(judge: Judge | Reward, score: float) -> bool:
    low, high = judge.bounds if isinstance(judge, Reward) else (0.0, 1.0)
    return low - 1e-9 <= score <= high + 1e-9


def _grown(judge: Judge | Reward, completion: Any, score: float) -> str | None:
    """Partial credit where a required member is missing is at most the share of required ones that are there."""
    if not isinstance(judge, JSONJudge) or not isinstance(completion, str):
        return None
    schema = json.loads(judge.text) if judge.text else {}
    required = schema.get("required") if isinstance(schema, dict) else None
    try:
        value = json.loads(completion)
    except (ValueError, RecursionError):
        return None
    if not required or not isinstance(value, dict):
        return None
    share = sum(name in value for name in required) / len(required)
    return f"credit {score} with {share:.2f} of what is required" if share < 1 and score > share + 1e-9 else None
