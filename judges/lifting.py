"""What a user's function may return, lifted to a verdict."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from typing import Any

from .errors import WrongReturn
from .verdict import Verdict

logger = logging.getLogger("jurybox")

ADVICE = "scale the number, or use the function as a reward of its own with jurybox.rewards.Function"
ACCEPTED = "a bool, a number in [0, 1], None, a (number, evidence) pair or a Verdict"


def lift(value: Any, judge: str, row: int) -> Verdict:
    """A verdict from a bool, a number, None (abstains), a `(number, evidence)` pair, or a verdict.

    NaN, infinity and numbers outside [0, 1] abstain with status "error" and name the judge: one bad number must not
    end a training run, and must not count as zero either.

    Raises:
        WrongReturn: any other type; the message names the judge and the row.
    """
    if isinstance(value, Verdict):
        return value
    if value is None:
        return Verdict(None, "skipped", "abstained")
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[1], Mapping):
        verdict = lift(value[0], judge, row)
        return verdict.replace(evidence={**verdict.evidence, **value[1]})
    if isinstance(value, bool):
        return Verdict(float(value))
    score = _number(value, judge, row)
    if 0.0 <= score <= 1.0:
        return Verdict(score)
    evidence = {"judge": judge, "returned": repr(score)}
    if not math.isfinite(score):
        return Verdict(None, "error", "not a finite number", evidence)
    logger.warning("judge %s returned %r for row %d, outside [0, 1]: %s", judge, score, row, ADVICE)
    return Verdict(None, "error", "outside [0, 1]", evidence | {"advice": ADVICE})


def _number(value: Any, judge: str, row: int) -> float:
    if not isinstance(value, (str, bytes, list, tuple, dict)):
        try:
            return float(value)  # numpy and torch scalars too
        except (TypeError, ValueError, RuntimeError):
            pass
    raise WrongReturn(f"judge {judge} returned {type(value).__name__} for row {row}; it may return {ACCEPTED}")
