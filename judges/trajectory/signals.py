"""Traces of numbers: named signals with one value a sample each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .events import BadTrace
from .logic import Formula, Predicate, satisfied
from .logic.robustness import margin

MAX_SAMPLES = 100_000


class SignalTrace:
    """The signals that a formula speaks of.

    Args:
        signals: by name, anything that gives numbers one after the other (lists, arrays); others may be there too.
        formula: what will be asked.
        strict: whether robustness 0, which the theory leaves open, means no.

    Raises:
        BadTrace: a signal is missing, has another length than the others, or is not made of finite numbers.
    """

    def __init__(self, signals: Mapping[str, Any], formula: Formula, strict: bool = False) -> None:
        self.strict = strict
        self.signals = {name: _numbers(name, signals) for name in sorted(formula.names)}
        lengths = {name: len(values) for name, values in self.signals.items()}
        if len(set(lengths.values())) > 1:
            raise BadTrace(f"signals of different lengths: {lengths}")
        self.length = next(iter(lengths.values()), 0)

    def __len__(self) -> int:
        return self.length

    def margin(self, predicate: Predicate, positive: bool = True) -> list[float]:
        """The predicate's robustness at every sample."""
        return margin(predicate, self.signals[predicate.var])

    def truth(self, predicate: Predicate, positive: bool = True) -> list[float]:
        """±1 at every sample; 0 counts in favour of the formula, unless `strict`."""
        against = self.strict if positive else not self.strict
        return [1.0 if satisfied(value, strict=against) else -1.0 for value in self.margin(predicate)]


def _numbers(name: str, signals: Mapping[str, Any]) -> list[float]:
    if name not in signals:
        raise BadTrace(f"no signal {name!r}")
    values = signals[name]
    if isinstance(values, (str, bytes, Mapping)) or not hasattr(values, "__len__") or not hasattr(values, "__iter__"):
        raise BadTrace(f"the signal {name!r} is no list of numbers")
    if len(values) > MAX_SAMPLES:
        raise BadTrace(f"the signal {name!r} has too many samples")
    try:
        numbers = [float(value) for value in values]
    except (TypeError, ValueError, OverflowError):
        raise BadTrace(f"the signal {name!r} is no list of numbers") from None
    if any(number - number != 0.0 for number in numbers):
        raise BadTrace(f"the signal {name!r} has values that are not finite")
    return numbers
