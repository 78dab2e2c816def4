"""A pace that is kept and a cap that holds."""

import asyncio
import logging
import pickle
from typing import Any

import pytest

from jurybox.judges.llm import Budget, LLMJudge, LocalModel, Reply, Scripted
from jurybox.judges.llm import budget as module

ASK = "Is {{completion}} polite? {{labels}}"
MESSAGES = [{"role": "user", "content": "x" * 400}]


def test_a_cap_on_requests_is_exact_and_loud(caplog: pytest.LogCaptureFixture) -> None:
    budget = Budget(max_requests=3)
    judge = LLMJudge(Scripted("yes"), ASK, budget=budget)
    with caplog.at_level(logging.ERROR, "jurybox"):
        verdicts = judge.verdicts([str(n) for n in range(8)])
    assert sorted(v.reason for v in verdicts) == ["budget spent"] * 5 + ["yes"] * 3
    assert {v.score for v in verdicts if v.reason == "budget spent"} == {None}
    assert len(judge.complete.calls) == budget.requests == 3
    assert judge.costs["failed/budget spent"] == 5
    assert caplog.text.count("max_requests=3 is spent") == 1
    other = LLMJudge(Scripted("yes"), "{{completion}}?", budget=budget)
    assert other.verdict("x").reason == "budget spent"


def test_a_cap_on_cost_counts_what_the_server_counted() -> None:
    budget = Budget(max_cost=0.01, prompt_price=1.0, completion_price=10.0)
    reply = Reply("yes", prompt_tokens=1000, completion_tokens=100)  # 0.002
    judge = LLMJudge(Scripted(reply), ASK, budget=budget, limit=1)
    scores = [v.score for v in judge.verdicts([str(n) for n in range(9)])]
    assert scores == [1.0] * 5 + [None] * 4
    assert (budget.cost, budget.tokens) == (pytest.approx(0.01), 5500)


def test_a_cap_on_tokens_reckons_with_what_is_under_way() -> None:
    budget = Budget(max_tokens=250)
    asyncio.run(budget.admit(MESSAGES))  # about 100, its reply still to come
    asyncio.run(budget.admit(MESSAGES))
    with pytest.raises(module.BudgetSpent, match="max_tokens=250"):
        asyncio.run(budget.admit(MESSAGES))
    budget.charge(MESSAGES, None)  # one failed, and cost nothing
    asyncio.run(budget.admit(MESSAGES))


def test_retries_are_requests_and_replies_from_a_cache_are_free(tmp_path: Any) -> None:
    budget = Budget(max_requests=3)
    options: dict[str, Any] = {"budget": budget, "backoff": 0.0, "cache": tmp_path / "c.jsonl", "model": "m"}
    assert LLMJudge(Scripted(ConnectionError(), ConnectionError(), "yes"), ASK, **options).verdict("a").score == 1.0
    assert budget.requests == 3
    again = LLMJudge(Scripted("no"), ASK, **options)
    assert [v.reason for v in again.verdicts(["a", "b"])] == ["yes", "budget spent"]


@pytest.mark.parametrize("limit", [{"requests_per_minute": 2}, {"tokens_per_minute": 210}])
def test_a_pace_is_kept_over_any_minute(limit: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    now, times = [100.0], []

    async def sleep(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(module.asyncio, "sleep", sleep)
    budget = Budget(**limit)

    async def run() -> None:
        for _ in range(6):
            await budget.admit(MESSAGES)
            times.append(now[0])
            budget.charge(MESSAGES, Reply("yes", prompt_tokens=100, completion_tokens=1))
            now[0] += 1.0

    asyncio.run(run())
    assert all(later - earlier >= 60.0 for earlier, later in zip(times, times[2:], strict=False)), times
    assert times[-1] - times[0] < 125.0


def test_a_request_longer_than_a_minutes_tokens_is_sent_when_nothing_else_is() -> None:
    asyncio.run(Budget(tokens_per_minute=10).admit(MESSAGES))


def test_waiting_for_the_pace_ends_at_the_deadline() -> None:
    judge = LLMJudge(Scripted("yes"), ASK, budget=Budget(requests_per_minute=1), deadline=0.3)
    assert sorted(v.reason for v in judge.verdicts(["a", "b"])) == ["deadline", "yes"]


def test_it_travels() -> None:
    budget = Budget(max_requests=3)
    asyncio.run(budget.admit(MESSAGES))
    copied = pickle.loads(pickle.dumps(budget))
    assert (copied, copied.requests) == (budget, 1)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Budget(max_requests=0), "max_requests must be greater than 0"),
        (lambda: Budget(max_cost=1.0), "max_cost needs prompt_price"),
        (lambda: Budget(prompt_price=-1.0), "prices are at least 0"),
    ],
)
def test_what_the_programmer_got_wrong_raises(make: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        make()


def test_a_model_in_this_process_has_no_budget(tiny_chat_model: Any) -> None:
    with pytest.raises(ValueError, match="in this process"):
        LLMJudge(LocalModel(tiny_chat_model), ASK, budget=Budget(max_requests=1))
