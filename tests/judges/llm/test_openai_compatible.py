"""The HTTP adapter against a server that misbehaves in every way we know, and against a real one."""

import json
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from jurybox.judges.llm import LLMJudge, OpenAICompatible

from .conftest import Server, completion, send

ASK = "Is {{completion}} polite? {{labels}}"


def asking(url: str, **options: object) -> LLMJudge:
    return LLMJudge(OpenAICompatible(url, "m", seed=3), ASK, **{"backoff": 0.01, **options})  # type: ignore[arg-type]


def test_a_good_answer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sesame")
    server.script = ["no"]
    with asking(server.url + "/") as judge:
        verdict = judge.verdict("Go away")
    assert (verdict.score, verdict.reason) == (0.0, "no")
    assert (verdict.evidence["prompt_tokens"], verdict.evidence["completion_tokens"]) == (11, 3)
    body = server.requests[0]
    assert (body["model"], body["temperature"], body["max_tokens"], body["seed"]) == ("m", 0.0, 1024, 3)
    assert "Go away" in body["messages"][0]["content"]
    assert server.headers[0]["authorization"] == "Bearer sesame"


def test_thinking_may_come_in_a_field_of_its_own(server: Server) -> None:
    server.script = [lambda handler: send(handler, completion("no", reasoning_content="is it?\nyes"))]
    assert asking(server.url).verdict("a").score == 0.0


def too_many(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b'{"error": "slow down"}', 429, retry_after="0.4")


def broken(handler: BaseHTTPRequestHandler) -> None:
    send(handler, b"oops", 500, content_type="text/plain")


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def hangs_up_midway(handler: BaseHTTPRequestHandler) -> None:
    send(handler, completion("yes")[:40], content_length="400")
    handler.connection.close()


def hangs(handler: BaseHTTPRequestHandler) -> None:
    handler.server.released.wait(20)  # type: ignore[attr-defined]


@pytest.mark.parametrize("fault", [too_many, broken, hangs_up, hangs_up_midway])
def test_what_may_pass_is_asked_again(server: Server, fault: object) -> None:
    server.script = [fault, "yes"]  # type: ignore[list-item]
    judge = asking(server.url)
    assert judge.verdict("a").score == 1.0
    assert judge.costs["requests"] == len(server.requests) == 2
    if fault is too_many:
        assert server.times[1] - server.times[0] >= 0.4


@pytest.mark.parametrize(
    ("fault", "reason"), [(too_many, "rate limited"), (broken, "server error"), (hangs_up, "connection failed")]
)
def test_it_is_asked_again_so_often_and_no_more(server: Server, fault: object, reason: str) -> None:
    server.script = [fault]  # type: ignore[list-item]
    judge = asking(server.url, retries=1)
    verdict = judge.verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", reason)
    assert len(server.requests) == (4 if fault is broken else 2)  # it may break on the completion: one without is tried
    assert (judge.costs["failed"], judge.costs[f"failed/{reason}"]) == (1, 1)


@pytest.mark.parametrize(
    ("status", "body", "headers", "reason"),
    [
        (401, b'{"error": "no key"}', {}, "request refused"),
        (400, b'{"error": "too long"}', {}, "request refused"),
        (302, b"", {"location": "http://127.0.0.1:1/"}, "request refused"),
        (200, completion("yes")[:-10], {}, "bad response"),
        (200, completion("yes"), {"content_type": "text/html"}, "bad response"),
        (200, b"<html>yes</html>", {"content_type": "text/html"}, "bad response"),
        (200, b"[]", {}, "bad response"),
        (200, b'{"choices": []}', {}, "bad response"),
        (200, b'{"choices": [{"message": "yes"}]}', {}, "bad response"),
        (200, b"\xff\xfe", {}, "bad response"),
        (200, b"", {}, "bad response"),
    ],
)
def test_what_will_not_pass_is_not_asked_again(
    server: Server, status: int, body: bytes, headers: dict[str, str], reason: str
) -> None:
    server.script = [lambda handler: send(handler, body, status, **headers)]
    verdict = asking(server.url).verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", reason)
    assert len(server.requests) == (1 if status == 401 else 2)  # once, and once without the completion


@pytest.mark.parametrize("status", [400, 403, 422, 500])
def test_a_server_that_refuses_this_completion_makes_no_judge_abstain(server: Server, status: int) -> None:
    def filtered(handler: BaseHTTPRequestHandler) -> None:
        if "jam" in server.requests[-1]["messages"][-1]["content"]:
            send(handler, b'{"error": {"message": "the prompt triggered a content policy"}}', status)
        else:
            send(handler, completion("yes"))

    server.script = [filtered]
    judge = asking(server.url, retries=0)
    jam, bread = judge.verdicts(["jam", "bread"])
    assert (jam.score, jam.status, bread.score) == (0.0, "scored", 1.0)
    assert jam.evidence["spoilt_by"] == ["completion"]
    assert (1.0 - judge).verdict("jam").score == 0.0  # nor does it spare a penalty
    judge.verdict("jam")
    assert len(server.requests) == 7  # what a refusal is held against is asked anew: the server may be down by now


def test_a_server_that_hangs_on_this_completion_makes_no_judge_abstain(server: Server) -> None:
    server.script = [hangs, "yes"]
    start = time.monotonic()
    verdicts = asking(server.url, timeout=0.3, limit=1).verdicts(["a", "b"])
    assert [(v.score, v.status, v.reason) for v in verdicts] == [(0.0, "scored", "timeout"), (1.0, "scored", "yes")]
    assert time.monotonic() - start < 5.0
    server.script = [hangs]
    assert asking(server.url, timeout=0.3).verdict("a").score is None


def test_a_dead_endpoint_abstains_and_is_counted(server: Server) -> None:
    server.server_close()
    judge = asking(server.url, retries=1)
    verdicts = judge.verdicts(["a", "b", "c"])
    assert [(v.score, v.status, v.reason) for v in verdicts] == [(None, "error", "connection failed")] * 3
    assert judge.costs == {"requests": 6, "failed": 3, "failed/connection failed": 3}
    assert server.url in verdicts[0].evidence["error"]
    assert judge(completions=["a"], prompts=["p"]) == [None]


def test_the_second_run_makes_no_request(server: Server, tmp_path: Path) -> None:
    server.script = ["yes"]
    for _ in range(2):
        assert asking(server.url, cache=tmp_path / "c.jsonl").verdict("a").score == 1.0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (completion(None), "no label"),
        (completion("The answer says:\nyes", "length"), "cut off"),
        (completion("The answer says:\nyes", "content_filter"), "cut off"),
    ],
)
def test_a_reply_that_cannot_be_read_is_the_models_fault_if_an_empty_completion_gets_none_either(
    server: Server, body: bytes, reason: str
) -> None:
    server.script = [lambda handler: send(handler, body)]
    verdict = asking(server.url).verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "error", reason)
    assert len(server.requests) == 2
    server.script = [lambda handler: send(handler, body)] * 3 + ["yes"]  # type: ignore[list-item]
    blamed = asking(server.url).verdict("a")
    assert (blamed.score, blamed.status, blamed.reason) == (0.0, "scored", reason)
    assert "(empty)" in server.requests[3]["messages"][0]["content"]


def error_of(message: str, status: int = 400) -> object:
    return lambda handler: send(handler, json.dumps({"error": {"message": message}}).encode(), status)


@pytest.mark.parametrize(
    "refusal",
    [
        error_of("This model's maximum context length is 4096 tokens. However, you requested 25340 tokens (24316 in "
                 "the messages, 1024 in the completion). Please reduce the length of the messages or completion."),
        error_of("The input (25340 tokens) is longer than the model's context length (4096 tokens)."),
        error_of("prompt is too long: 25340 tokens > 4096 maximum"),
        error_of("the request exceeds the available context size, try increasing it"),
        error_of("`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 25340 `inputs` tokens", 422),
        error_of("Request Entity Too Large", 413),
    ],
)  # fmt: skip
def test_an_answer_too_long_for_the_server_scores_the_least(server: Server, refusal: object) -> None:
    server.script = [refusal]  # type: ignore[list-item]
    judge = asking(server.url, labels={"yes": 1.0, "no": 0.25})
    verdict = judge.verdict("word " * 20_000)
    assert (verdict.score, verdict.status, verdict.reason) == (0.25, "scored", "too long")
    assert (judge.costs["spoilt/too long"], judge.costs["failed"], len(server.requests)) == (1, 0, 1)
    assert judge.verdict("a").score is None  # where the template itself is too long, nobody is to blame


@pytest.mark.parametrize(
    ("body", "requests"),
    [
        ({"error": {"message": "Upstream error", "code": 502}}, 2),
        ({"error": {"message": "Slow down", "code": 429}}, 2),
        ({"error": {"message": "Slow down", "code": "429"}}, 2),
        ({"error": "overloaded"}, 2),
        ({"error": {"message": "busy", "type": "overloaded_error"}, "choices": []}, 2),
        ({"choices": [{"error": {"code": 502, "message": "gone"}, "finish_reason": "error", "message": {}}]}, 2),
        ({"error": {"message": "no such model", "code": 404}}, 1),
        ({"error": {"message": "no credit", "code": 402}}, 1),
    ],
)
def test_an_error_that_comes_with_status_200(server: Server, body: dict[str, object], requests: int) -> None:
    server.script = [lambda handler: send(handler, json.dumps(body).encode()), "yes"]
    verdict = asking(server.url).verdict("a")
    assert verdict.score == (1.0 if requests == 2 else None), verdict
    assert len(server.requests) == requests


@pytest.mark.parametrize("status", [408, 409, 425, 502, 529])
def test_a_server_that_is_busy_is_asked_again(server: Server, status: int) -> None:
    server.script = [lambda handler: send(handler, b"{}", status), "yes"]
    assert asking(server.url).verdict("a").score == 1.0
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_repeats_the_request_is_followed(server: Server, status: int) -> None:
    server.script = [lambda handler: send(handler, b"", status, location="/v1/chat/completions/"), "yes"]
    assert asking(server.url).verdict("a").score == 1.0
    assert server.requests[0] == server.requests[1]
    server.script = [lambda handler: send(handler, b"", status, location="/v1/again")]
    assert asking(server.url).verdict("a").reason == "request refused"  # in circles


@pytest.mark.parametrize("kind", ["text/plain; charset=utf-8", "", "application/octet-stream"])
def test_json_need_not_say_that_it_is(server: Server, kind: str) -> None:
    server.script = [lambda handler: send(handler, completion("yes"), content_type=kind)]
    assert asking(server.url).verdict("a").score == 1.0


@pytest.mark.parametrize(
    "usage", [{"prompt_tokens": "unknown"}, {"completion_tokens": -3}, "none", [], None, {"prompt_tokens": 1e400}]
)
def test_tokens_that_are_no_numbers_cost_nothing(server: Server, usage: object) -> None:
    body = json.dumps({**json.loads(completion("yes")), "usage": usage}).encode()
    server.script = [lambda handler: send(handler, body)]
    judge = asking(server.url)
    assert judge.verdict("a").score == 1.0
    assert judge.costs["prompt_tokens"] == 0


# A real server.


@pytest.mark.slow
def test_transformers_serve(transformers_serve: str, tiny_chat_model: Path, tmp_path: Path) -> None:
    """A random model says no label, so every row abstains; a label that is anything it says is read."""
    model = OpenAICompatible(transformers_serve, str(tiny_chat_model), max_tokens=8)
    judge = LLMJudge(model, "safety", cache=tmp_path / "c.jsonl")
    verdicts = judge.verdicts(["hello", "good morning", "hello"], ["hi"] * 3)
    assert {(v.score, v.status) for v in verdicts} == {(None, "error")}, verdicts
    assert {v.reason for v in verdicts} <= {"no label", "cut off"}
    assert judge.costs["requests"] == 3  # two rows, and once without a completion: it is not their fault
    assert judge.costs["completion_tokens"] == 24
    assert judge.costs["prompt_tokens"] > 1000

    said = verdicts[0].evidence["said"].strip()
    scripted = LLMJudge(model, "safety", {said.splitlines()[0]: 1.0, "never": 0.0}, cache=tmp_path / "d.jsonl")
    for requests in (1, 1):  # the second time it is remembered
        assert scripted.verdict("hello", "hi").score is not None
        assert scripted.costs["requests"] == requests

    unknown = LLMJudge(OpenAICompatible(transformers_serve, "not/there"), "safety", retries=0)
    assert unknown.verdict("hello", "hi").reason in ("server error", "request refused")
