"""STLJudge: conversations with tools, traces as JSON, columns, signals; what failed and when; hostile traces."""

from __future__ import annotations

import json
import pickle
import time

import numpy as np
import pytest

from jurybox.judges import MathJudge, STLJudge
from jurybox.judges.trajectory import conversation_events
from jurybox.judges.trajectory.events import MAX_EVENTS


def call(name, **arguments):
    return {"type": "function", "function": {"name": name, "arguments": arguments}}


def said(text="", *calls):
    message = {"role": "assistant", "content": text}
    return {**message, "tool_calls": list(calls)} if calls else message


def replied(text):
    return {"role": "tool", "content": text}


CONVERSATION = [
    said("First a plan.", call("plan")),
    replied("ok"),
    said("", call("search", q="x", limit=3), call("search", q="y", limit=9)),
    replied("found"),
    replied('{"error": "too many"}'),
    {"role": "user", "content": "go on"},
    said("It is 4."),
]


@pytest.mark.parametrize(
    ("formula", "score"),
    [
        ("(not search) U plan", 1.0),
        ("(not plan) U search", 0.0),
        ("F[0,5] (tool == 'search') & G (calls <= 3)", 1.0),
        ("G (calls < 3)", 0.0),
        ("G (tool != 'delete')", 1.0),
        ("G !error", 0.0),
        ("G (error -> F[1,2] assistant)", 1.0),
        ("G (search -> (args.limit < 9))", 0.0),
        ("G (search -> args.limit <= 9)", 1.0),
        ("F (args.q == 'y' & errors >= 1)", 1.0),
        ("F (user & F[1,1] (role == 'assistant'))", 1.0),
        ("assistant & turn == 1 & chars == 13", 1.0),
        ("F (turn > 3)", 0.0),
    ],
)
def test_a_conversation(formula, score):
    verdict = STLJudge(formula).verdict(CONVERSATION)
    assert verdict.score == score, verdict


def test_the_events_of_a_conversation():
    events = conversation_events([{"role": "user", "content": "hi"}, *CONVERSATION])
    assert [event.get("tool", event.get("role")) for event in events] == [
        "user", "assistant", "plan", "search", "search", "user", "assistant",
    ]  # fmt: skip
    assert [(event["turn"], event["calls"], event["errors"]) for event in events] == [
        (0, 0, 0), (1, 0, 0), (1, 1, 0), (2, 2, 0), (2, 3, 1), (2, 3, 1), (3, 3, 1),
    ]  # fmt: skip


def test_a_tool_cannot_take_the_name_of_what_is_counted():
    """A model may call a tool that does not exist, by any name."""
    for name in ("calls", "error", "assistant", "args.limit", "turn"):
        conversation = [
            said("", call(name), call("real", limit=1)),
            replied("{'error': 'no such tool'}"),
            replied("ok"),
        ]
        judge = STLJudge("F (calls >= 3) | F (turn > 1) | G error | F (args.limit > 1)")
        assert judge.verdict(conversation).score == 0.0
        assert STLJudge("F (args.limit & !real)").verdict(conversation).score == 0.0


@pytest.mark.parametrize(
    ("trace", "formula", "failed", "at"),
    [
        (["search", "plan"], "!search U plan", "!search", 0),
        (["x", "y"], "!search U plan", "!search U plan", 0),
        ([{"cost": 1}, {"cost": 3}], "G (cost < 3)", "cost < 3", 1),
        ([{"cost": 1}, "note"], "F note & G (cost < 3)", "cost < 3", 1),
        ([["search"], "a", "b", "cite"], "G (search -> F[0,2] cite)", "F[0,2] cite", 0),
        (["a", "b", "rm"], "!(F rm)", "!rm", 2),
        (["a", "b", "c"], "(F c & F d) | F e", "(F c & F d) | F e", 0),
        (["a", "b", "c"], "F c & F d", "F d", 0),
        (["a", "b"], "!(a & F b)", "!(a & (F b))", 0),
        (["go", "a"], "go -> F[1,1] b", "F[1,1] b", 0),
        (["a"] * 5, "G[0,2] (a & G[1,2] !a)", "!a", 1),
    ],
)
def test_what_failed_and_when(trace, formula, failed, at):
    verdict = STLJudge(formula, column="trace").verdict("", trace=trace)
    assert verdict.score == 0.0
    assert str(STLJudge(failed, column="trace").formula) == str(
        STLJudge(verdict.evidence["failed"], column="t").formula
    )
    assert verdict.evidence["at"] == at


@pytest.mark.parametrize(
    ("event", "formula", "score"),
    [
        ({"cost": 3}, "cost < 3", 0.0),
        ({"cost": 3}, "cost <= 3", 1.0),
        ({"cost": 3}, "!(cost < 3)", 1.0),
        ({"cost": 3}, "cost != 3", 0.0),
        ({"other": 1}, "cost < 3", 0.0),  # what was not measured keeps no limit
        ({"other": 1}, "!(cost >= 3)", 0.0),
        ({"other": 1}, "(cost >= 3) -> false", 0.0),
        ({"cost": "2"}, "cost < 3", 0.0),
        ({"cost": float("nan")}, "cost < 3", 0.0),
        ({"cost": 10**400}, "cost > 3", 0.0),
        ({"done": False}, "done", 0.0),
        ({"done": True}, "done", 1.0),
        ({"done": "yes"}, "done", 1.0),
        ({"done": []}, "done", 0.0),
        ({"score": -2}, "score", 0.0),
        ({"tool": ["x"]}, "tool == 'x'", 0.0),
        ({"tool": "x"}, "tool != 'y'", 1.0),
        ({}, "tool != 'y'", 1.0),
    ],
)
def test_fields_of_an_event(event, formula, score):
    assert STLJudge(formula, source="completion").verdict([event]).score == score


@pytest.mark.parametrize(
    ("completion", "score", "reason"),
    [
        ('["plan", "search"]', 1.0, "satisfied"),
        ('Here it is:\n```json\n["plan", ["search", "cite"]]\n```', 1.0, "satisfied"),
        ('<think>["search"]</think>["plan"]', 1.0, "satisfied"),
        ([{"role": "assistant", "content": '["search"]'}], 0.0, "violated"),
        ([["plan"], {"search": True}], 1.0, "satisfied"),
        ('{"plan": [1, -1], "search": [-1, 1]}', 1.0, "satisfied"),
        ("[]", 0.0, "empty trace"),
        ('{"plan": [], "search": []}', 0.0, "empty trace"),
        ("no trace at all", 0.0, "no trace"),
        ("[1, 2]", 0.0, "no trace"),
        ("[[1]]", 0.0, "no trace"),
        ('{"plan": [1], "search": [1, 2]}', 0.0, "no trace"),
        ('{"plan": [1]}', 0.0, "no trace"),
        ('{"plan": [null], "search": [1]}', 0.0, "no trace"),
        ('{"plan": "1", "search": [1]}', 0.0, "no trace"),
        ("", 0.0, "no trace"),
        (None, 0.0, "no trace"),
        ("[" * 5000, 0.0, "no trace"),
        (json.dumps(["plan"] * (MAX_EVENTS + 1)), 0.0, "no trace"),
    ],
)
def test_a_trace_in_the_completion(completion, score, reason):
    verdict = STLJudge("!search U plan", source="completion").verdict(completion)
    assert (verdict.score, verdict.reason) == (score, reason), verdict


def test_a_column_is_not_the_completions_fault():
    judge = STLJudge("!search U plan", column="trace")
    assert judge.verdict("", trace=["plan"]).passed
    for trace in (None, [], "plan", [3], {"plan": [1.0]}, {"plan": [float("nan")], "search": [1]}):
        verdict = judge.verdict("", trace=trace)
        assert (verdict.status, verdict.reason) == ("skipped", "unusable trace")
    with pytest.raises(Exception, match=r"unusable trace.*no signal 'search'"):
        judge.preflight([{"trace": {"plan": [1.0]}}])


def test_signals_of_an_episode():
    x, y = np.array([1.0, -2.0, 3.0]), [0.0, 0.0, 2.0]
    judge = STLJudge("F[1,2] (x > 0) & G (y >= 0)", source="completion")
    verdict = judge.verdict({"x": x, "y": y, "unused": "text"})
    assert verdict.passed
    assert verdict.evidence["robustness"] == 0.0
    assert not STLJudge("G (y >= 0)", source="completion", strict=True).verdict({"y": y}).passed
    failed = judge.verdict({"x": -abs(x), "y": y})
    assert (failed.evidence["failed"], failed.evidence["at"]) == ("F[1,2] x", 0)
    assert judge.verdict({"x": [1.0, 2.0], "y": [0, 0]}).reason == "too short"
    cut = STLJudge("F[1,2] (x > 0) & G (y >= 0)", source="completion", short_trace="truncate")
    assert cut.verdict({"x": [1.0, 2.0], "y": [0, 0]}).passed


def test_graded_scores():
    signals = {"x": [0.5, 1.5]}
    scores = {
        score: STLJudge("F (x > 1)", source="completion", score=score, scale=2.0).verdict(signals)
        for score in ("boolean", "clip", "tanh")
    }
    assert [verdict.score for verdict in scores.values()] == [1.0, 0.625, pytest.approx(0.5 + 0.5 * np.tanh(0.25))]
    assert all(verdict.passed for verdict in scores.values())
    worst = STLJudge("G (cost < 3)", source="completion", score="tanh").verdict(["a"])
    assert (worst.score, worst.passed) == (0.0, False)


def test_a_function_of_the_sample_and_expressions():
    judge = STLJudge("F done", source=lambda sample: sample.get("log"))
    assert judge.verdict("", log=["done"]).passed
    assert judge.verdict("", log=None).status == "skipped"
    assert STLJudge("F plan", column="trace").scale(-1, 1)(completions=[""], trace=[["x"]]) == [-1.0]
    reward = MathJudge() & STLJudge("F plan", column="trace")
    assert reward(completions=["4", "4"], solution=["4", "4"], trace=[["plan"], ["x"]]) == [1.0, 0.0]
    assert pickle.loads(pickle.dumps(STLJudge("F plan"))).verdict("x").score == 0.0


def test_conversations_with_the_same_last_words_are_two():
    conversations = [[said("", call("plan")), said("4")], [said("", call("search")), said("4")]]
    assert STLJudge("F plan")(completions=conversations) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"formula": "G (cost < 3)"}, "have turn, calls, errors, chars and args"),
        ({"formula": "F (city == 'Rome')"}, "have tool, role and args"),
        ({"formula": "F ("}, "expected a name"),
        ({"formula": {"op": "F"}}, "needs 'arg'"),
        ({"formula": "F x", "source": "trace"}, "source must be one of"),
        ({"formula": "F x", "source": "completion", "column": "trace"}, "either source or column"),
        ({"formula": "F x", "score": "raw"}, "score must be one of"),
        ({"formula": "F x", "scale": 0.0}, "scale is a positive number"),
        ({"formula": "F x", "until": "weak"}, "until must be one of"),
    ],
    ids=str,
)
def test_wrong_options_are_told(options, words):
    with pytest.raises(ValueError, match=words):
        STLJudge(**options)


def test_long_hostile_traces_take_linear_time():
    judge = STLJudge("G (a -> F[0,5000] b) & (a U[100,9000] b) & G (cost < 3)", source="completion")
    conversation = STLJudge("G (search -> F[0,9000] answer) & G (calls < 5)")
    many = [said("x", *[call("search", q="y")] * 4000), *[replied("z")] * 4000]
    start = time.process_time()
    assert judge.verdict(json.dumps([{"a": 1, "cost": 1}] * MAX_EVENTS)).score == 0.0
    assert conversation.verdict(many).score == 0.0
    assert time.process_time() - start < 3.0
