"""Were the right tools called, as often, in the order and with the arguments that were asked for?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from ..conversation import ToolCall
from ..json.validator import Validator, compiled, schema_text
from ..judge import Judge
from ..options import one_of
from ..sample import Sample
from ..verdict import Verdict, shorten
from ..workers.pool import DeadlineExceeded, WorkerDied
from .expected_calls import ExpectedCall, Order, expected_calls, missing

Errors = Literal["allowed", "recovered", "forbidden"]
Credit = Literal["all", "share"]
MAX_CALLS = 500  # made in one completion; more are never right
MAX_EXPECTED = 100


class ToolCallJudge(Judge):
    """Scores 1 when the tool calls of a conversation are as asked, else 0.

    >>> call = {"function": {"name": "search", "arguments": {"q": "cats", "limit": 3}}}
    >>> done = [{"role": "assistant", "tool_calls": [call]}, {"role": "tool", "content": "meow"}]
    >>> ToolCallJudge(calls=[{"name": "search", "arguments": {"q": "cats"}}], forbidden=["delete"]).verdict(done)
    Verdict(1.0, 'as asked', calls=1, expected=1)
    >>> ToolCallJudge(calls=["search", "cite"]).verdict(done)
    Verdict(0.0, 'call missing', missing=['cite(…)'], calls=1, expected=2)

    Reasons: "as asked"; of score 0 (or a share, for "call missing"): "call missing", "other calls", "unknown tool",
    "arguments invalid", "forbidden tool", "wrong count", "too many calls", "call failed", "timeout". "unusable calls"
    abstains: the row's column holds none.

    Args:
        calls: what has to be called: names, or mappings with `name` and those `arguments` that matter. Each needs a
            call of its own.
        column: the column that holds each row's calls, instead of `calls`.
        order: "any"; "sequence", in this order with others between; "exact", these and no others.
        tools: the tools that there are, as OpenAI and TRL describe them (`function` with `name` and `parameters`), or
            JSON schemas of the arguments by name. Others are unknown, and arguments must be valid.
        forbidden: tools that must not be called.
        counts: how often tools have to be called: a number, or (least, most), None for no limit.
        max_calls: of all tools together.
        errors: whether calls may fail: "allowed"; "recovered", if the same tool succeeds later; "forbidden".
        credit: "all", or "share" for the share of the expected calls that were made, if nothing else is wrong.
        timeout: seconds for all arguments that are risky to validate.
    """

    reads = "tool_calls"

    def __init__(
        self,
        *,
        calls: Sequence[Any] | None = None,
        column: str | None = None,
        order: Order = "any",
        tools: Iterable[Any] | Mapping[str, Any] | None = None,
        forbidden: Iterable[str] = (),
        counts: Mapping[str, Any] | None = None,
        max_calls: int | None = None,
        errors: Errors = "allowed",
        credit: Credit = "all",
        timeout: float = 2.0,
    ) -> None:
        if calls is not None and column is not None:
            raise ValueError("give either calls or column: they name the same thing")
        one_of("order", order, get_args(Order))
        one_of("errors", errors, get_args(Errors))
        one_of("credit", credit, get_args(Credit))
        if credit == "share" and calls is None and column is None:
            raise ValueError("credit='share' is a share of calls or column: give one of them")
        if isinstance(forbidden, str):
            raise ValueError(f"forbidden is a list of names, such as [{forbidden!r}]")
        self.expected = None if calls is None else _bounded(expected_calls(calls))
        self.column, self.order, self.errors, self.credit, self.timeout = column, order, errors, credit, timeout
        self.columns = () if column is None else (column,)
        self.validators = None if tools is None else _validators(tools)
        self.forbidden = frozenset(forbidden)
        self.counts = {name: _range(name, count) for name, count in (counts or {}).items()}
        self.max_calls = max_calls
        asked = (calls, column, tools, counts, max_calls)
        if all(one is None for one in asked) and not self.forbidden and errors == "allowed":
            raise ValueError("nothing is asked of the calls: give calls, column, tools, forbidden, counts or errors")

    def _judge(self, sample: Sample) -> Verdict:
        try:
            expected = self._expected(sample)
        except ValueError as error:
            return Verdict(None, "skipped", "unusable calls", {"problem": str(error)})
        calls = sample.tool_calls
        counted = {"calls": len(calls), "expected": len(expected)}
        problem = self._problem(calls)
        if problem is not None:
            reason, evidence = problem
            return Verdict(0.0, "timeout" if reason == "timeout" else "scored", reason, {**evidence, **counted})
        left = missing(expected, calls, self.order)
        if left:
            share = 1.0 - len(left) / len(expected) if self.credit == "share" else 0.0
            names = [str(expected[place])[:80] for place in left[:8]]
            return Verdict(share, reason="call missing", evidence={"missing": names, **counted}, passed=False)
        if self.order == "exact" and len(calls) > len(expected):
            return Verdict(0.0, reason="other calls", evidence={"tool": shorten(calls[len(expected)].name), **counted})
        return Verdict(1.0, reason="as asked", evidence=counted)

    def _unusable(self, sample: Sample) -> str:
        try:
            self._expected(sample)
        except ValueError as error:
            return f"unusable calls: {error}"
        return ""

    def _expected(self, sample: Sample) -> list[ExpectedCall]:
        if self.column is not None:
            return _bounded(expected_calls(sample[self.column]))
        return self.expected or []

    def _problem(self, calls: Sequence[ToolCall]) -> tuple[str, dict[str, Any]] | None:
        """The first thing that must not be, whatever else was done right."""
        most = MAX_CALLS if self.max_calls is None else min(self.max_calls, MAX_CALLS)
        if len(calls) > most:
            return "too many calls", {"most": most}
        for place, call in enumerate(calls):
            if call.name in self.forbidden:
                return "forbidden tool", {"tool": call.name, "at": place}
        made = Counter(call.name for call in calls)
        for name, (least, greatest) in self.counts.items():
            if not least <= made[name] <= (len(calls) if greatest is None else greatest):
                return "wrong count", {"tool": name, "count": made[name]}
        return self._invalid(calls) or self._failed(calls)

    def _invalid(self, calls: Sequence[ToolCall]) -> tuple[str, dict[str, Any]] | None:
        if self.validators is None:
            return None
        for place, call in enumerate(calls):
            where = {"tool": shorten(call.name), "at": place}
            validator = self.validators.get(call.name)
            if validator is None:
                return "unknown tool", where
            if call.arguments is None:
                return "arguments invalid", {**where, "problem": "no JSON object"}
            try:
                violations = validator.check(call.arguments, len(repr(call.arguments)), self.timeout / len(calls))
            except (DeadlineExceeded, WorkerDied, MemoryError):
                return "timeout", where
            except (RecursionError, ValueError, TypeError) as error:  # nested too deep, or what JSON cannot hold
                return "arguments invalid", {**where, "problem": shorten(str(error), 120)}
            if violations:
                return "arguments invalid", {**where, "problem": shorten(violations[0].message, 120)}
        return None

    def _failed(self, calls: Sequence[ToolCall]) -> tuple[str, dict[str, Any]] | None:
        if self.errors == "allowed":
            return None
        succeeded: set[str] = set()  # later than the call that is looked at
        for place in range(len(calls) - 1, -1, -1):
            call = calls[place]
            if call.error is None:
                succeeded.add(call.name)
            elif self.errors == "forbidden" or call.name not in succeeded:
                return "call failed", {"tool": shorten(call.name), "at": place, "error": shorten(call.error, 120)}
        return None


def _validators(tools: Iterable[Any] | Mapping[str, Any]) -> dict[str, Validator]:
    if isinstance(tools, Mapping):
        described = dict(tools)
    else:
        described = {}
        for tool in tools:
            inner = tool.get("function", tool) if isinstance(tool, Mapping) else None
            if not isinstance(inner, Mapping) or not isinstance(inner.get("name"), str):
                raise ValueError(f"a tool is a mapping with function.name and function.parameters, not {tool!r:.80}")
            described[inner["name"]] = inner.get("parameters") or {}
    return {name: compiled(schema_text(schema)) for name, schema in described.items()}


def _range(name: str, count: Any) -> tuple[int, int | None]:
    least, most = count if isinstance(count, (tuple, list)) and len(count) == 2 else (count, count)
    least = 0 if least is None else least
    whole = all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in (least, most or 0))
    if not whole or (most is not None and most < least):
        raise ValueError(f"the count of {name!r} is a number or (least, most), not {count!r:.40}")
    return least, most


def _bounded(expected: list[ExpectedCall]) -> list[ExpectedCall]:
    if len(expected) > MAX_EXPECTED:
        raise ValueError(f"at most {MAX_EXPECTED} calls are expected, not {len(expected)}")
    return expected
