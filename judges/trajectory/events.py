"""Traces of events: what happened, step after step, as the signals that a formula speaks of.

An event is its name, several names at once (a list), or a mapping of fields. A name alone in a formula asks that the
event has it: +1 where it is there, −1 where it is not. A number in a field is compared as it is; where a field that the
formula compares with a number is absent, or holds no number, the comparison fails, and so does its negation: no limit
is kept by not measuring. A word in a field is equal or it is not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite
from typing import Any

from ..errors import JuryboxError
from .logic import Formula, Predicate

MAX_EVENTS = 10_000
Event = Mapping[str, Any]


class BadTrace(JuryboxError, ValueError):  # noqa: N818 - it says what the trace is
    """What should have been a trace of events is none; the message is a phrase."""


class EventTrace:
    """The events as values of a formula's predicates.

    Args:
        trace: the events, in order.
        formula: what will be asked; it decides which names are events and which are fields with numbers.

    Raises:
        BadTrace: it is no list of events, or has more than 10 000 of them.
    """

    def __init__(self, trace: Any, formula: Formula) -> None:
        self.events = events_of(trace)
        predicates = [part for part in formula.walk() if isinstance(part, Predicate)]
        self.measured = {part.var for part in predicates if not part.event and not isinstance(part.c, str)}

    def __len__(self) -> int:
        return len(self.events)

    def margin(self, predicate: Predicate, positive: bool = True) -> list[float]:
        """The predicate's robustness at every event; ±1 for what is only there or not.

        positive: False below an odd number of negations. What was not measured counts as good there, and so fails.
        """
        return [self._margin(predicate, event.get(predicate.var), positive) for event in self.events]

    def truth(self, predicate: Predicate, positive: bool = True) -> list[float]:
        """+1 where the predicate holds and −1 where it does not: unlike the margin it tells `<` from `<=`."""
        margins = self.margin(predicate, positive)
        strict = predicate.cmp in (">", "<")
        return [1.0 if margin > 0 or (margin == 0 and not strict) else -1.0 for margin in margins]

    def _margin(self, predicate: Predicate, value: Any, positive: bool) -> float:
        if isinstance(predicate.c, str):
            same = isinstance(value, str) and value == predicate.c
            return 1.0 if same == (predicate.cmp == "==") else -1.0
        number = number_of(value)
        if predicate.var not in self.measured:
            if number is None or isinstance(value, bool):
                return -1.0 if value is None or value is False or _is_empty(value) else 1.0
            return number
        if number is None:
            return -inf if positive else inf
        return number - predicate.c if predicate.cmp in (">", ">=") else predicate.c - number


def _is_empty(value: Any) -> bool:
    return isinstance(value, (str, list, tuple, Mapping)) and not value


def number_of(value: Any) -> float | None:
    """A finite number, or None; True and False are 1 and 0."""
    if not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def events_of(trace: Any) -> list[Event]:
    """The events as mappings.

    Raises:
        BadTrace: see `EventTrace`.
    """
    if not isinstance(trace, Sequence) or isinstance(trace, (str, bytes, bytearray)):
        raise BadTrace("a trace is a list of events")
    if len(trace) > MAX_EVENTS:
        raise BadTrace("too many events")
    return [_event(event) for event in trace]


def _event(event: Any) -> Event:
    if isinstance(event, Mapping):
        return event
    if isinstance(event, str):
        return {event: True}
    if isinstance(event, (list, tuple, set, frozenset)) and all(isinstance(name, str) for name in event):
        return dict.fromkeys(event, True)
    raise BadTrace("an event is a name, a list of names or a mapping of fields")
