"""ToolCallJudge: which tools were called, with which arguments, how often, in which order, and what may fail."""

from __future__ import annotations

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import ToolCall, ToolCallJudge
from jurybox.judges.trajectory.expected_calls import expected_calls, missing

WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def call(name, /, **arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def done(*calls, replies=()):
    return [
        {"role": "assistant", "tool_calls": list(calls)},
        *({"role": "tool", "content": reply} for reply in replies),
        {"role": "assistant", "content": "done"},
    ]


ROME, OSLO = call("weather", city="Rome"), call("weather", city="Oslo", days=2)


@pytest.mark.parametrize(
    ("options", "completion", "reason"),
    [
        ({"calls": ["weather"]}, done(ROME), "as asked"),
        ({"calls": ["weather", "weather"]}, done(ROME), "call missing"),
        ({"calls": ["weather"]}, "weather(city='Rome')", "call missing"),
        ({"calls": [{"name": "weather", "arguments": {"city": "Oslo"}}]}, done(ROME, OSLO), "as asked"),
        ({"calls": [{"name": "weather", "arguments": {"days": 2.0}}]}, done(OSLO), "as asked"),
        ({"calls": [{"name": "weather", "arguments": {"days": True}}]}, done(call("weather", days=1)), "call missing"),
        ({"calls": [OSLO, ROME]}, done(ROME, OSLO), "as asked"),
        ({"calls": [OSLO, ROME], "order": "sequence"}, done(ROME, OSLO), "call missing"),
        ({"calls": [ROME, "cite"], "order": "sequence"}, done(ROME, OSLO, call("cite")), "as asked"),
        ({"calls": [ROME, "cite"], "order": "exact"}, done(ROME, OSLO, call("cite")), "call missing"),
        ({"calls": [ROME], "order": "exact"}, done(ROME, OSLO), "other calls"),
        ({"calls": [], "order": "exact"}, done(), "as asked"),
        ({"forbidden": ["delete"]}, done(ROME, call("delete")), "forbidden tool"),
        ({"counts": {"weather": 2}}, done(ROME, OSLO), "as asked"),
        ({"counts": {"weather": (2, None)}}, done(ROME), "wrong count"),
        ({"counts": {"weather": (None, 1)}}, done(ROME, OSLO), "wrong count"),
        ({"max_calls": 1}, done(ROME, OSLO), "too many calls"),
        ({"tools": [WEATHER]}, done(ROME, OSLO), "as asked"),
        ({"tools": [WEATHER]}, done(call("wether", city="Rome")), "unknown tool"),
        ({"tools": [WEATHER]}, done(call("weather", city="Rome", days=0)), "arguments invalid"),
        ({"tools": [WEATHER]}, done(call("weather", town="Rome")), "arguments invalid"),
        ({"tools": {"weather": {"required": ["city"]}}}, done(call("weather")), "arguments invalid"),
        ({"errors": "forbidden"}, done(ROME, replies=["ok"]), "as asked"),
        ({"errors": "forbidden"}, done(ROME, replies=["{'error': 'no'}"]), "call failed"),
        ({"errors": "recovered"}, done(ROME, OSLO, replies=["{'error': 'no'}", "ok"]), "as asked"),
        ({"errors": "recovered"}, done(ROME, OSLO, replies=["ok", "{'error': 'no'}"]), "call failed"),
        ({"errors": "recovered"}, done(ROME, call("cite"), replies=["{'error': 'no'}", "ok"]), "call failed"),
    ],
)
def test_what_is_asked(options, completion, reason):
    verdict = ToolCallJudge(**options).verdict(completion)
    assert (verdict.reason, verdict.passed) == (reason, reason == "as asked"), verdict


def test_arguments_that_are_no_object():
    broken = {"function": {"name": "weather", "arguments": '{"city": "Rome"'}}
    assert ToolCallJudge(tools=[WEATHER]).verdict(done(broken)).reason == "arguments invalid"
    assert ToolCallJudge(calls=[ROME]).verdict(done(broken)).reason == "call missing"


def test_a_share_is_of_what_was_expected_and_of_nothing_else():
    judge = ToolCallJudge(calls=[ROME, OSLO, "cite", "plan"], forbidden=["delete"], credit="share")
    assert judge.verdict(done(ROME, call("plan"))).score == 0.5
    assert judge.verdict(done()).score == 0.0
    assert judge.verdict(done(ROME, call("plan"), call("delete"))).score == 0.0
    assert not judge.verdict(done(ROME, OSLO, call("cite"))).passed


def test_a_rows_own_calls():
    judge = ToolCallJudge(column="calls")
    scores = judge(completions=[done(ROME)] * 3, calls=[["weather"], [OSLO], [{"name": "weather"}]])
    assert scores == [1.0, 0.0, 1.0]
    for unusable in (None, "weather", [3], [{"name": "x", "arguments": "y"}], ["x"] * 101):
        assert judge.verdict(done(ROME), calls=unusable).reason == "unusable calls"
    with pytest.raises(Exception, match="unusable calls"):
        judge.preflight([{"calls": "weather"}])


CALLS = st.lists(st.tuples(st.sampled_from("ab"), st.sets(st.sampled_from("xy"))), max_size=5)


@given(CALLS, CALLS, st.sampled_from(["any", "sequence"]))
def test_as_few_are_missing_as_any_assignment_leaves(wanted, made, order):
    """Against trying all assignments: an expected call takes one made call that has at least its arguments."""
    expected = expected_calls([{"name": name, "arguments": dict.fromkeys(keys, 1)} for name, keys in wanted])
    calls = [ToolCall(name, dict.fromkeys(keys, 1)) for name, keys in made]
    most = 0
    for size in range(min(len(expected), len(calls)) + 1):
        for rows in itertools.combinations(range(len(expected)), size):
            ways = itertools.combinations if order == "sequence" else itertools.permutations
            for places in ways(range(len(calls)), size):
                if all(expected[row].fits(calls[place]) for row, place in zip(rows, places, strict=True)):
                    most = max(most, size)
    assert len(missing(expected, calls, order)) == len(expected) - most


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "nothing is asked"),
        ({"calls": ["a"], "column": "b"}, "either calls or column"),
        ({"calls": "search"}, "a list of names"),
        ({"calls": [{"arguments": {}}]}, "a tool's name or a mapping"),
        ({"calls": ["a"], "order": "any order"}, "order must be one of"),
        ({"forbidden": "delete"}, "such as"),
        ({"forbidden": ["a"], "credit": "share"}, "share of calls or column"),
        ({"counts": {"a": -1}}, "a number or"),
        ({"counts": {"a": (3, 1)}}, "a number or"),
        ({"tools": [{"name": 3}]}, r"function\.name"),
        ({"tools": {"a": {"type": 3}}}, "schema"),
        ({"errors": "no"}, "errors must be one of"),
    ],
    ids=str,
)
def test_wrong_options_are_told(options, words):
    with pytest.raises(ValueError, match=words):
        ToolCallJudge(**options)


def test_hostile_calls_cost_little():
    tools = {"weather": {"properties": {"city": {"pattern": "^(a+)+$"}}}}
    judge = ToolCallJudge(calls=["weather"] * 100, tools=tools, order="sequence", errors="recovered")
    deep: object = 1
    for _ in range(500):
        deep = {"a": deep}
    attacks = [
        done(*[call("weather", city="a" * 40 + "!")] * 400),
        done(*[call("weather")] * 9000, replies=["x"] * 9000),
        done(call("weather", city=deep)),
        done({"function": {"name": "weather", "arguments": json.dumps({"city": "a"})[:-1] + "[" * 9000}}),
        done({"function": {"name": 3, "arguments": [1]}}, {"function": None}, {"name": None}),
    ]
    start = time.process_time()
    for verdict in judge.verdicts(attacks):
        assert verdict.score == 0.0
        assert verdict.status != "error"
    assert time.process_time() - start < 4.0
