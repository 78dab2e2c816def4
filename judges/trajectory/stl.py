"""Does what happened satisfy a formula of temporal logic?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import tanh
from typing import Any, Literal, get_args

from ..completion import is_message
from ..json import Malformed, extract
from ..judge import Judge
from ..options import finite, one_of
from ..sample import Sample
from ..verdict import Verdict, shorten
from .conversation_events import conversation_events, require_known
from .events import BadTrace, EventTrace
from .explanation import Explanation
from .logic import Formula, Predicate, from_data, horizon, parse
from .logic.robustness import SHORT_TRACE, UNTIL, ShortTrace, UntilForm, evaluate
from .signals import SignalTrace

Score = Literal["boolean", "clip", "tanh"]
Source = Literal["conversation", "completion"] | Callable[[Sample], Any]
Trace = EventTrace | SignalTrace


class STLJudge(Judge):
    """Scores 1 when the trace of an agent satisfies a formula of Signal Temporal Logic, else 0.

    >>> STLJudge("!search U plan", source="completion").verdict('["search", "plan"]')
    Verdict(0.0, 'violated', failed='!search', at=0, event={'search': True}, robustness=-1.0, events=2)
    >>> calls = [{"function": {"name": "search", "arguments": {"q": "x"}}}]
    >>> STLJudge("F (tool == 'search') & G (calls <= 3)").verdict([{"role": "assistant", "tool_calls": calls}]).passed
    True

    A trace is a list of events (a name, a list of names, or a mapping of fields, see `events.EventTrace`), or a mapping
    of signals, each a list of numbers. Over events windows end with the trace, as in LTL on finite traces: `G[3,5] x`
    holds of two events. Whether they satisfy the formula is decided by its comparisons as they are written, so that
    `cost < 3` fails at 3; over signals by robustness, at 0 as `strict` says. Time is linear in the trace.

    Reasons: "satisfied", "violated"; of score 0: "no trace", "empty trace", "too short" (a completion is to blame for
    the trace it left). "unusable trace" abstains: the column's trace is none.

    Args:
        formula: text (see `logic.parse`), data (`logic.from_data`) or a `Formula`.
        source: "conversation" for the messages and tool calls of the completion (see `conversation_events`),
            "completion" for a completion that is a trace, as JSON or as it is, or a function of the sample; None of the
            function abstains.
        column: the column that holds each row's trace, instead of a source.
        score: "boolean", or for a graded one "clip" or "tanh": robustness over `scale` squashed into [0, 1], 0.5 in the
            middle. A graded verdict has passed when the formula is satisfied.
        scale: the robustness that is worth (almost) all.
        short_trace: over signals, whether a trace that is too short to decide the formula scores 0 ("error") or is
            judged as far as it goes ("truncate").
        strict: over signals, whether robustness 0 means no.
        until: "inclusive" asks the left side of an until also where the right one holds.
    """

    def __init__(
        self,
        formula: str | Formula | Mapping[str, Any],
        *,
        source: Source = "conversation",
        column: str | None = None,
        score: Score = "boolean",
        scale: float = 1.0,
        short_trace: ShortTrace = "error",
        strict: bool = False,
        until: UntilForm = "left_exclusive",
    ) -> None:
        if not callable(source):
            one_of("source", source, ("conversation", "completion"))
        if column is not None and source != "conversation":
            raise ValueError("give either source or column: they say where the trace is")
        one_of("score", score, get_args(Score))
        one_of("short_trace", short_trace, SHORT_TRACE)
        one_of("until", until, UNTIL)
        if finite(scale, "scale") <= 0:
            raise ValueError(f"scale is a positive number, not {scale!r}")
        self.formula = _formula(formula)
        self.source, self.column, self.grade, self.whole = source, column, score, float(scale)
        self.short_trace, self.strict, self.until = short_trace, strict, until
        if source == "conversation" and column is None:
            require_known(self.formula)
        self.columns = () if column is None else (column,)
        self._worded = any(isinstance(p, Predicate) and isinstance(p.c, str) for p in self.formula.walk())

    @property
    def reads(self) -> str | tuple[str, ...]:  # type: ignore[override]
        """What makes two rows the same question."""
        if self.column is not None:
            return ()
        return "messages" if self.source == "conversation" else ("completion", "prompt")

    def _judge(self, sample: Sample) -> Verdict:
        try:
            given = self._given(sample)
            trace = None if given is None else self._trace(given)
        except (BadTrace, Malformed) as error:
            return self._none(shorten(str(error), 120))
        if trace is None:
            return Verdict(None, "skipped", "unusable trace", {"problem": "there is none"})
        if len(trace) == 0:
            return self._none("it is empty", "empty trace")
        if self._is_too_short(trace):
            return self._none(f"{len(trace)} samples, {horizon(self.formula, None) + 1:g} needed", "too short")
        return self._verdict(trace)

    def _unusable(self, sample: Sample) -> str:
        if self.column is None:
            return ""
        verdict = self._judge(sample)
        return "" if verdict.score is not None else f"{verdict.reason}: {verdict.evidence['problem']}"

    def _given(self, sample: Sample) -> Any:
        """The trace as it was handed over; None where there is none and nobody is to blame."""
        if self.column is not None:
            return sample[self.column]
        if callable(self.source):
            return self.source(sample)
        if self.source == "conversation":
            return conversation_events(sample.messages)
        given = sample.completion
        if isinstance(given, str) or given is None or is_message(given) or _is_conversation(given):
            return extract(sample.text, "extract").value
        return given

    def _trace(self, given: Any) -> Trace:
        if isinstance(given, Mapping):
            if self._worded:
                raise BadTrace("signals of numbers, but the formula compares words")
            return SignalTrace(given, self.formula, self.strict)
        return EventTrace(given, self.formula)

    def _is_too_short(self, trace: Trace) -> bool:
        cut = isinstance(trace, EventTrace) or self.short_trace == "truncate"
        return not cut and len(trace) <= horizon(self.formula, None)

    def _none(self, problem: str, reason: str = "no trace") -> Verdict:
        if self.column is not None:
            return Verdict(None, "skipped", "unusable trace", {"problem": problem})
        return Verdict(0.0, reason=reason, evidence={"problem": problem})

    def _verdict(self, trace: Trace) -> Verdict:
        count = len(trace)
        rho = evaluate(self.formula, trace.margin, count, self.until)[0]
        holds = evaluate(self.formula, trace.truth, count, self.until)[0] > 0
        evidence: dict[str, Any] = {}
        if not holds:
            failure = Explanation(trace.truth, count, self.until).of(self.formula)
            evidence = {"failed": str(failure)[:200], "at": failure.at, **_seen(trace, failure.at)}
        evidence |= {"robustness": rho, "events" if isinstance(trace, EventTrace) else "samples": count}
        return Verdict(self._scored(rho, holds), "scored", "satisfied" if holds else "violated", evidence, passed=holds)

    def _scored(self, rho: float, holds: bool) -> float:
        if self.grade == "boolean":
            return float(holds)
        share = rho / self.whole
        return 0.5 + 0.5 * (tanh(share) if self.grade == "tanh" else max(-1.0, min(1.0, share)))


def _formula(given: str | Formula | Mapping[str, Any]) -> Formula:
    if isinstance(given, Formula):
        return given
    return parse(given) if isinstance(given, str) else from_data(given)


def _is_conversation(given: Any) -> bool:
    return isinstance(given, (list, tuple)) and bool(given) and all(map(is_message, given))


def _seen(trace: Trace, at: int) -> dict[str, Any]:
    """What the trace has there, for people."""
    if isinstance(trace, SignalTrace):
        return {"values": {name: values[at] for name, values in list(trace.signals.items())[:8]}}
    return {"event": {shorten(name)[1:-1]: _short(value) for name, value in list(trace.events[at].items())[:8]}}


def _short(value: Any) -> Any:
    return value if isinstance(value, (bool, int, float, type(None))) else shorten(value)
