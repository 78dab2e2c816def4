"""Who said what: the verdict of a constraint taken apart by judge, for the log."""

from __future__ import annotations

from typing import Any

from torch import nan

from ....judges import Verdict
from ....judges.mixture import MixtureOfJudges
from ....rewards import Reward, RewardVerdict

SATISFIED, VIOLATED, ABSTAINED = 1.0, 0.0, -1.0


def judge_names(constraint: Any) -> tuple[str, ...]:
    """The judges of a constraint, by the names their verdicts go under; none without a constraint."""
    if constraint is None:
        return ()
    if isinstance(constraint, MixtureOfJudges):
        return tuple(constraint.names)
    if isinstance(constraint, Reward) and constraint.parts:
        return tuple(dict.fromkeys(constraint.part_names))
    return (constraint.name,)


def said_by_each(verdict: Verdict, names: tuple[str, ...]) -> list[float]:
    """What each judge said: satisfied, violated, abstained, or NaN when it was not asked."""
    return [_said_by(name, verdict) for name in names]


def _said_by(name: str, verdict: Verdict) -> float:
    if isinstance(verdict, RewardVerdict) and verdict.parts:
        part = dict(zip(verdict.labels, verdict.parts, strict=True)).get(name)
        return nan if part is None else _label(part)
    evidence = verdict.evidence
    for key, value in (("violated", VIOLATED), ("abstained", ABSTAINED), ("satisfied", SATISFIED)):
        if name in _listed(evidence.get(key)):
            return value
    return nan if name in _listed(evidence.get("not_applicable")) else _label(verdict)


def _listed(found: Any) -> Any:
    return found if isinstance(found, (dict, list, tuple)) else ()


def _label(verdict: Verdict) -> float:
    return ABSTAINED if verdict.passed is None else float(verdict.passed)
