"""What a program says about itself: no frame of its making excuses it, ends the batch, or is believed for good."""

from __future__ import annotations

import json

import pytest

from jurybox.judges.code import CodeJudge
from jurybox.judges.code.outside.session import claimed
from jurybox.judges.code.results import legible

SEND = """
import json, os, struct
def send(body, descriptor=3):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    os.write(descriptor, struct.pack("!I", len(body)) + body)
"""
CLAIMS = [
    ["failed", "invalid_tests", ""], ["ended", "invalid_tests", ""], ["test", "invalid_tests", "the test is bad"],
    ["failed", "checker_error", ""], ["failed", "infra_error", ""], ["failed", "passed", ""], ["failed", "starved", ""],
    ["failed", [], ""], ["failed", {}, ""], ["ended", [], ""], ["failed", None, None], ["failed"], ["value"],
    ["value", 1, 2], ["value", {}], ["value", []], ["value", ["i", 5]], ["lost", "lost", "lost"], [[], 1], {}, 7,
    "text", b"", b"[", b"\xff\xff", b'["failed", "runtime_error", "\\ud800 \\u001b[2J\\u202e"]',
]  # fmt: skip
TESTS = {
    "call": [{"args": [1], "expected": 20011}, {"args": [2], "expected": 20022}],
    "stdio": [{"stdin": "1", "stdout": "20011"}, {"stdin": "2", "stdout": "20022"}],
    "assert": {"source": "def check(candidate):\n    assert candidate(1) == 20011\n"},
}


@pytest.mark.parametrize("kind", TESTS)
@pytest.mark.parametrize("when", ["while loading", "in a call"])
def test_no_claim_makes_the_judge_abstain_or_raise(judge, kind, when):
    codes = [
        f"{SEND}\nsend({claim!r})\nos._exit(0)" if when == "while loading" else f"{SEND}\ndef f(x): send({claim!r})"
        for claim in CLAIMS
    ]
    tests = {"tests": TESTS[kind], "entry": "f"} if kind != "assert" else {**TESTS[kind], "entry": "f"}
    for claim, verdict in zip(
        CLAIMS, judge.verdicts([f"```python\n{c}\n```" for c in codes], tests=[tests] * len(codes)), strict=True
    ):
        assert (verdict.score, verdict.status) == (0.0, "scored"), claim
        json.dumps(verdict.to_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "label", ["invalid_tests", "checker_error", "wrong_answer", "passed", "starved", "", [], {}, None, 3]
)
def test_only_failures_of_its_own_are_believed(label):
    assert claimed(["failed", label, ""]).label == "bad_reply"


def test_details_are_legible():
    assert legible("a\n\ud800\x1b[2J\u202e") == "a\n���".replace("���", "\ufffd\ufffd[2J\ufffd")


def test_a_mistake_of_ours_is_no_excuse_for_the_program(judge, monkeypatch):
    monkeypatch.setattr("jurybox.judges.code.stdio.checked", lambda *_: {}[0])
    verdict = judge.verdict("```python\nprint(1)\n```", tests=[{"stdin": "", "stdout": "1"}])
    assert (verdict.score, verdict.reason, verdict.evidence) == (0.0, "bad_reply", {"error": "KeyError: 0"})


@pytest.mark.parametrize("said", [float("nan"), float("inf"), -0.1, 1.5])
def test_a_checker_that_returns_no_share_is_an_error_and_costs_only_its_row(said):
    good = [{"stdin": "", "stdout": "1"}]
    bad = [{"stdin": "", "checker": lambda *_: said}, *good]
    with CodeJudge(workers=1) as judge:
        first, second = judge.verdicts(["```python\nprint(1)\n```"] * 2, tests=[bad, good])
    assert (first.score, first.status, first.reason) == (None, "error", "checker_error")
    assert "a checker returns" in first.evidence["first_failure"]["detail"]
    assert second.score == 1.0


def test_arguments_that_cannot_be_sent_are_a_fault_of_the_test(run):
    tests = [{"args": [object()], "expected": 1}, {"args": [1], "expected": 1}]
    verdict = run("def f(x): return x", tests, "f")
    assert (verdict.score, [test.label for test in verdict.tests]) == (1.0, ["invalid_tests", "passed"])
    assert run("def f(x): return x", tests[:1], "f").status == "skipped"
