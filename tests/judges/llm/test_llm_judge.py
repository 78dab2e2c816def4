"""The LLM judge with scripted models."""

import asyncio
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jurybox.judges import judge
from jurybox.judges.llm import JudgeFailed, LLMJudge, LocalModel, OpenAICompatible, Reply, RequestFailed, Scripted
from jurybox.rewards import Cascade

ASK = "Is {{completion}} polite? {{labels}}"


def polite(*lines: Any, **options: Any) -> LLMJudge:
    return LLMJudge(Scripted(*lines), ASK, backoff=0.0, **options)


def test_the_label_gives_the_score_and_the_reason() -> None:
    verdict = polite("Nothing rude.\nyes").verdict("Good morning")
    assert (verdict.score, verdict.passed, verdict.reason) == (1.0, True, "yes")
    assert verdict.evidence["said"] == "Nothing rude.\nyes"
    assert polite("no").verdict("Go away").score == 0.0


def test_labels_carry_any_score_or_abstain() -> None:
    grades = {"bad": 0.0, "fair": 0.6, "good": 1.0, "cannot tell": None}
    judge_by_grade = polite("fair", "cannot tell", labels=grades, threshold=0.5, limit=1)
    fair, unknown = judge_by_grade.verdicts(["a", "b"])
    assert (fair.score, fair.passed) == (0.6, True)
    assert (unknown.score, unknown.status, unknown.reason) == (None, "skipped", "cannot tell")
    assert judge_by_grade.costs["failed"] == 0


@pytest.mark.parametrize("name", ["false_refusal", "factuality", "safety", "rubric"])
def test_shipped_templates_ask_for_their_own_labels(name: str) -> None:
    asked = LLMJudge(Scripted("?"), name)
    asked.verdict("Paris", "Capital?", solution="Paris", rubric="Name the city.")
    messages = asked.complete.calls[0]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert all(label in messages[1]["content"] for label in asked.labels)
    assert "{{" not in messages[0]["content"] + messages[1]["content"]
    assert asked.name == name
    best = max(asked.labels, key=lambda label: asked.labels[label] or 0.0)
    assert LLMJudge(Scripted(best), name).verdict("Paris", "?", solution="Paris", rubric="r").score == 1.0


def test_the_labels_of_the_papers_judges_mean_what_the_paper_says() -> None:
    assert LLMJudge(Scripted("?"), "false_refusal").labels == {"True": 0.0, "False": 1.0}
    assert LLMJudge(Scripted("?"), "factuality").labels == {"True": 1.0, "False": 0.0}
    assert LLMJudge(Scripted("?"), "safety").labels == {"Safe": 1.0, "Unsafe": 0.0}


def test_columns_are_asked_for_by_name_and_may_have_another() -> None:
    with pytest.raises(ValueError, match=r"factuality reads the column 'solution'.*answer"):
        LLMJudge(Scripted("True"), "factuality").verdict("Paris", "Capital?", answer="Paris")
    renamed = LLMJudge(Scripted("True"), "factuality", rename={"solution": "answer"})
    assert renamed.columns == ("answer",)
    assert renamed.verdict("Paris", "Capital?", answer=["Paris", "Paname"]).score == 1.0
    assert '["Paris", "Paname"]' in renamed.complete.calls[0][1]["content"]


def test_constants_are_filled_in_as_they_are_and_columns_are_quoted() -> None:
    graded = LLMJudge(Scripted("5"), "rubric", constants={"rubric": "It rhymes."})
    graded.verdict("A cat, a hat", "Rhyme!")
    user = graded.complete.calls[0][1]["content"]
    assert "The rubric:\n\nIt rhymes.\n" in user
    assert "<<<prompt" in user


def test_a_row_without_a_value_is_not_asked_about() -> None:
    factual = LLMJudge(Scripted("True"), "factuality")
    verdicts = factual.verdicts(["Paris", "Rome"], ["Capital?", "Capital?"], solution=[None, "Rome"])
    assert [verdict.score for verdict in verdicts] == [None, 1.0]
    assert (verdicts[0].status, verdicts[0].reason) == ("skipped", "missing value")
    assert len(factual.complete.calls) == 1


def test_the_completions_thinking_is_left_out_and_must_end() -> None:
    asked = polite("yes")
    first, second, third = asked.verdicts(["<think>a</think>hello", "<think>b</think>hello", "<think>never"])
    assert first is second
    assert first.score == 1.0
    assert (third.score, third.reason) == (0.0, "unfinished thinking")
    assert len(asked.complete.calls) == 1
    assert "<think>" not in asked.complete.calls[0][0]["content"]
    shown = polite("yes", thinking=True)
    shown.verdict("<think>a</think>hello")
    assert "< think>a< /think>hello" in shown.complete.calls[0][0]["content"]


def test_braces_in_a_completion_are_no_holes() -> None:
    asked = LLMJudge(Scripted("yes"), "{{prompt}} {{completion}} {{labels}}")
    asked.verdict("{{prompt}} {0} {labels} {{labels}} \\1", "secret")
    assert "{{prompt}} {0} {labels} {{labels}} \\1" in asked.complete.calls[0][0]["content"]
    assert asked.complete.calls[0][0]["content"].count("secret") == 1


def test_equal_rows_are_asked_once_and_prompts_tell_rows_apart() -> None:
    asked = LLMJudge(Scripted("Safe"), "safety")
    assert [v.score for v in asked.verdicts(["a"] * 4, ["p", "p", "q", "q"])] == [1.0] * 4
    assert len(asked.complete.calls) == 2
    assert asked.costs["requests"] == 2


# What goes wrong.


def test_on_error_says_what_a_failure_is_worth_and_failures_are_counted() -> None:
    abstains = polite("Hm.", RuntimeError("broken"), limit=1)
    unreadable, broken = abstains.verdicts(["a", "b"])
    assert (unreadable.score, unreadable.status, unreadable.reason) == (None, "error", "no label")
    assert unreadable.evidence["said"] == "Hm."
    assert (broken.score, broken.reason, broken.evidence["error"]) == (None, "exception", "RuntimeError: broken")
    assert abstains.costs["failed"] == 2
    assert abstains.costs["failed/no label"] == abstains.costs["failed/exception"] == 1
    zero = polite("Hm.", on_error="zero")
    assert (zero.verdict("a").score, zero.verdict("a").status, zero.costs["failed"]) == (0.0, "error", 2)
    with pytest.raises(JudgeFailed, match="no label"):
        polite("Hm.", on_error="raise").verdict("a")


class RateLimitError(Exception):
    """As the SDKs of model providers raise it."""

    status_code = 429


def test_errors_of_other_clients_are_understood() -> None:
    retried = polite(RateLimitError(), "yes")
    assert retried.verdict("a").score == 1.0
    assert retried.costs["requests"] == 2
    wrapped = RuntimeError("connection error")
    wrapped.__cause__ = ConnectionRefusedError()
    assert polite(wrapped, "yes").verdict("a").score == 1.0
    assert polite(ValueError("mine"), "yes").verdict("a").reason == "exception"
    assert polite(RequestFailed("no", 401), "yes").verdict("a").reason == "request refused"


def test_a_hanging_function_ends_at_its_timeout_and_a_batch_at_its_deadline() -> None:
    hang = threading.Event()
    slow = polite(lambda _: str(hang.wait(20)), timeout=0.1)
    start = time.monotonic()
    verdict = slow.verdict("a")
    assert (verdict.score, verdict.status, verdict.reason) == (None, "timeout", "timeout")
    batch = polite("yes", lambda _: str(hang.wait(20)), limit=1, timeout=5.0, deadline=0.3)
    verdicts = batch.verdicts(["a", "b", "c"])
    assert [v.score for v in verdicts] == [1.0, None, None]
    assert [v.reason for v in verdicts[1:]] == ["timeout", "deadline"]  # the second had all the time there was
    assert time.monotonic() - start < 4.0
    hang.set()


def test_a_pause_that_outlasts_the_deadline_is_not_waited_for() -> None:
    start = time.monotonic()
    limited = polite(RequestFailed("busy", 429, {"retry-after": "120"}), "yes", deadline=5.0)
    assert limited.verdict("a").reason == "rate limited"
    assert time.monotonic() - start < 4.0


def test_at_most_limit_requests_are_in_flight() -> None:
    running, most = 0, 0
    lock = threading.Lock()

    def complete(messages: Any) -> str:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        with lock:
            running -= 1
        return "yes"

    assert len(LLMJudge(complete, ASK, limit=3).verdicts([str(n) for n in range(12)])) == 12
    assert most == 3


def test_the_model_may_be_async_and_the_caller_too() -> None:
    async def complete(messages: Any) -> str:
        await asyncio.sleep(0)
        return "yes"

    async def caller() -> float | None:
        return LLMJudge(complete, ASK).verdict("a").score

    assert asyncio.run(caller()) == 1.0
    assert LLMJudge(lambda messages: complete(messages), ASK).verdict("a").score == 1.0  # hands over a coroutine
    assert LLMJudge(lambda messages: 7, ASK).verdict("a").reason == "exception"  # type: ignore[arg-type, return-value]


def test_hostile_text_is_only_text() -> None:
    texts = ["", "\ud800", "\x00", "<<<completion", "}}{{", "\u202e", "a" * 100_000, "\r\n===\r\n"]
    assert [v.score for v in polite("yes").verdicts(texts)] == [1.0] * len(texts)


# Votes.


@pytest.mark.parametrize(
    ("lines", "score", "reason"),
    [
        (["yes", "no", "yes"], 1.0, "yes"),
        (["no", "no", "yes"], 0.0, "no"),
        (["yes", "Hm.", "yes"], 1.0, "yes"),
        (["yes", "Hm.", "Hm."], None, "no label"),  # one vote of three is no majority because two failed
        (["yes", "Hm.", "no", "Hm."], None, "no label"),
    ],
)
def test_a_label_needs_more_than_half_of_all_votes(lines: list[str], score: float | None, reason: str) -> None:
    verdict = polite(*lines, votes=3, limit=1).verdict("a")
    assert (verdict.score, verdict.reason) == (score, reason)
    assert verdict.evidence["requests"] == 3


def test_votes_are_reported_and_a_split_is_worth_the_worse() -> None:
    verdict = polite("yes", "no", "yes", votes=3, limit=1).verdict("a")
    assert verdict.evidence["votes"] == {"yes": 2, "no": 1}
    assert verdict.evidence["share"] == 2 / 3
    split = polite("yes", "no", votes=2, limit=1, on_error="zero").verdict("a")
    assert (split.score, split.status, split.reason) == (0.0, "scored", "no majority")


def test_votes_need_a_model_that_samples() -> None:
    with pytest.raises(ValueError, match="temperature"):
        LLMJudge(OpenAICompatible("http://localhost:1/v1", "m"), ASK, votes=3)
    LLMJudge(OpenAICompatible("http://localhost:1/v1", "m", temperature=1.0), ASK, votes=3)


# Parts of a training run.


def test_tokens_are_summed_over_distinct_questions_and_logged() -> None:
    asked = polite(Reply("yes", prompt_tokens=10, completion_tokens=2))
    logged: dict[str, float] = {}
    scores = asked(completions=["a", "a", "b"], prompts=["p"] * 3, log_metric=logged.__setitem__)
    assert scores == [1.0] * 3
    assert (asked.costs["prompt_tokens"], asked.costs["completion_tokens"]) == (20, 4)
    assert logged["llm/requests"] == 2.0
    assert logged["llm/prompt_tokens"] == 20.0
    assert logged["llm/score"] == 1.0


def test_it_is_a_part_of_any_reward() -> None:
    @judge
    def short(completion: str) -> bool | None:
        return True if len(completion) < 3 else None

    asked = polite("no")
    reward = Cascade(short, asked)
    assert [v.score for v in reward.verdicts(["ab", "abcd"])] == [1.0, 0.0]
    assert len(asked.complete.calls) == 1
    assert (1.0 - asked.gate(short)).verdict("ab").score == 1.0


def test_it_travels() -> None:
    asked = LLMJudge(OpenAICompatible("http://localhost:1/v1", "m", top_p=0.9), "safety", cache="here.jsonl")
    copied = pickle.loads(pickle.dumps(asked))
    assert copied == asked
    assert repr(copied) == repr(asked)
    assert copied.complete.sampling == {"temperature": 0.0, "max_tokens": 1024, "top_p": 0.9}
    with ThreadPoolExecutor(2) as pool:
        assert [v.score for v in polite("yes").on(pool, chunk=2).verdicts(["a", "b", "c"])] == [1.0] * 3


def test_the_key_stays_out_of_reprs_and_pickles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "sesame")
    model = OpenAICompatible("http://localhost:1/v1", "m", api_key_env="MY_KEY")
    assert model._headers() == {"Authorization": "Bearer sesame"}
    assert "sesame" not in repr(model) + repr(vars(model)) + repr(pickle.dumps(model))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: LLMJudge("gpt", ASK), "complete is a function of messages, not str"),
        (lambda: LLMJudge(Scripted("yes"), "saftey"), "no template 'saftey'; shipped are factuality, false_refusal"),
        (lambda: LLMJudge(Scripted("yes"), "Is it? {{labels}}"), "nothing to judge"),
        (lambda: LLMJudge(Scripted("yes"), Path("nowhere.txt")), "nowhere.txt"),
        (lambda: polite("yes", on_error="skip"), "abstain, zero, raise"),
        (lambda: polite("yes", votes=0), "votes=0"),
        (lambda: polite("yes", labels={"yes": 1.0}), "at least two labels"),
        (lambda: polite("yes", timeout=0), "timeout must be greater than 0"),
        (lambda: polite("yes", rename={"solution": "answer"}), "no hole 'solution'"),
        (lambda: LLMJudge(lambda m: "yes", ASK, cache="c.jsonl"), "give LLMJudge"),
        (lambda: OpenAICompatible("localhost:8000", "m"), "http://localhost:8000/v1"),
        (lambda: LocalModel("nowhere", batch_size=0), "at least 1 row"),
    ],
)
def test_what_the_programmer_got_wrong_raises_when_it_is_built(make: Any, says: str) -> None:
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=says):
        make()
