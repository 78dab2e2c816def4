"""What a trace is worth once the times are chosen, and the best choice by trying all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from ....judges.trajectory.logic import Formula
from ....judges.trajectory.logic.robustness import Signals, evaluate, margin, samples
from .grounding import Alternative


@dataclass(frozen=True, slots=True)
class Grounded:
    """The best way to meet a formula on a trace: its robustness, which alternative, and its times."""

    robustness: float
    alternative: int
    times: dict[str, int]


def best_grounding(alternatives: Sequence[Alternative], signals: Signals) -> Grounded | None:
    """The first best of all alternatives and assignments; None where no assignment is within its bounds.

    Raises:
        ValueError: the trace ends before a time that is to be looked at, or a signal is missing.
    """
    best: Grounded | None = None
    for place, alternative in enumerate(alternatives):
        states = _states(alternative, signals)
        for times in alternative.assignments():
            value = _value(alternative, times, states)
            if best is None or value > best.robustness:
                best = Grounded(value, place, times)
    return best


def grounded_robustness(alternative: Alternative, times: Mapping[str, int], signals: Signals) -> float:
    """The least of the subgoals at their times and of the invariants over theirs.

    Raises:
        ValueError: as `best_grounding`.
    """
    return _value(alternative, times, _states(alternative, signals))


def state_values(formula: Formula, signals: Signals) -> list[float]:
    """A formula that one sample decides, at every sample (or, in a batch of states, for every state)."""
    count = samples(formula, signals)
    return evaluate(formula, lambda predicate, _: margin(predicate, signals[predicate.var]), count)


def _states(alternative: Alternative, signals: Signals) -> dict[Formula, list[float]]:
    return {formula: state_values(formula, signals) for formula in alternative.states}


def _value(alternative: Alternative, times: Mapping[str, int], states: Mapping[Formula, Sequence[float]]) -> float:
    value = inf
    for goal in alternative.reach:
        value = min(value, _between(states[goal.pred], goal.at.at(times), goal.at.at(times)))
    for kept in alternative.invariants:
        value = min(value, _between(states[kept.pred], kept.start.at(times), kept.end.at(times)))
    return value


def _between(values: Sequence[float], start: int, end: int) -> float:
    if end >= len(values) and end >= start:
        raise ValueError(f"the trace has {len(values)} samples, but sample {end} is to be looked at")
    return min(values[start : end + 1], default=inf)
