"""A completion cannot make its judge abstain: what it causes scores the least."""

from typing import Any

import pytest

from jurybox.judges import RubricJudge
from jurybox.judges.llm import LLMJudge, Reply, Scripted
from jurybox.judges.pairwise import PairwiseLLM
from jurybox.rewards import AnchorWinReward

ASK = "Is {{completion}} polite? {{labels}}"
CRITERIA = {"a": "Is it good?", "b": "Is it short?"}
JAMS = ["", "Hm.", "yes\nno", '{"verdict": "maybe"}', "<think>for ever", Reply("It reads\nyes", cut_off=True)]


def jammed(reply: str) -> Any:
    """A model whose reply about a text with "jam" in it is this one."""
    return lambda messages: reply if "jam" in messages[-1]["content"] else "yes"


@pytest.mark.parametrize("reply", JAMS)
def test_a_reply_that_only_this_completion_makes_unreadable(reply: str) -> None:
    judge = LLMJudge(jammed(reply), ASK, labels={"yes": 1.0, "no": 0.2, "unsure": None})
    spoilt, fine, again = judge.verdicts(["jam", "bread", "more jam"])
    assert (spoilt.score, spoilt.status, fine.score, again.score) == (0.2, "scored", 1.0, 0.2)
    assert spoilt.reason in ("no label", "several labels", "unknown label", "cut off")
    assert spoilt.evidence["spoilt_by"] == ["completion"]
    assert judge.costs["requests"] == 4  # three rows, and one control for both
    judge.verdict("jam again")
    assert judge.costs["requests"] == 5  # the control is remembered
    assert (judge.costs["spoilt"], judge.costs["failed"]) == (3, 0)


@pytest.mark.parametrize("reply", JAMS)
def test_a_model_that_never_answers_abstains(reply: str) -> None:
    verdict = LLMJudge(Scripted(reply), ASK).verdict("bread")
    assert (verdict.score, verdict.status) == (None, "error")


def test_what_the_prompt_or_a_dead_endpoint_causes_abstains() -> None:
    judge = LLMJudge(jammed("Hm."), "{{prompt}} {{completion}}")
    assert [v.score for v in judge.verdicts(["bread", "bread"], ["jam?", "what?"])] == [None, 1.0]
    gone = LLMJudge(Scripted(ConnectionError()), ASK, retries=0)
    assert (gone.verdict("jam").score, len(gone.complete.calls)) == (None, 1)


@pytest.mark.parametrize(
    "error", [ValueError("content filter"), TimeoutError(), RuntimeError(), RecursionError()], ids=repr
)
def test_a_client_that_chokes_on_this_completion(error: Exception) -> None:
    def complete(messages: Any) -> str:
        if "jam" in messages[-1]["content"]:
            raise error
        return "yes"

    judge = LLMJudge(complete, ASK, labels={"yes": 1.0, "no": 0.25})
    jam, bread = judge.verdicts(["jam", "bread"])
    assert (jam.score, jam.status, bread.score) == (0.25, "scored", 1.0)
    assert (2.0 - judge).verdict("jam").score == 1.0  # a penalty is paid in full
    rubric = RubricJudge(lambda m: complete(m) and '{"a": "yes", "b": "yes"}', CRITERIA)
    assert (rubric.verdict("jam", "Why?").score, rubric.verdict("bread", "Why?").score) == (0.0, 1.0)
    assert (1.0 - rubric).verdict("jam", "Why?").score == 0.0
    each = RubricJudge(complete, CRITERIA, ask="each")
    assert (each.verdict("jam", "Why?").score, (1.0 - each).verdict("jam", "Why?").score) == (0.0, 0.0)
    pair = PairwiseLLM(lambda m: complete(m) and "1")
    assert [pair.compare("Why?", "jam", "bread"), pair.compare("Why?", "bread", "jam")] == [0.0, 1.0]


def test_a_reply_that_no_reader_survives(monkeypatch: Any) -> None:
    def read_label(reply: str, labels: Any, **_: Any) -> str:
        if reply == "jam":
            raise RecursionError
        return reply

    monkeypatch.setattr("jurybox.judges.llm.judge.read_label", read_label)
    jam, bread = LLMJudge(jammed("jam"), ASK).verdicts(["jam", "bread"])
    assert (jam.score, jam.reason, bread.score) == (0.0, "no label", 1.0)


def test_votes_that_a_completion_spoils() -> None:
    judge = LLMJudge(Scripted("yes", "Hm.", "no", "yes"), ASK, votes=3, limit=1)
    verdict = judge.verdict("bread")
    assert (verdict.score, verdict.reason, verdict.evidence["votes"]) == (0.0, "no label", {"yes": 1, "no": 1})


def test_controls_are_cached_and_failed_replies_are_not(tmp_path: Any) -> None:
    path = tmp_path / "replies.jsonl"
    for requests in (2, 1):
        judge = LLMJudge(jammed("Hm."), ASK, cache=path, model="m")
        assert judge.verdict("jam").score == 0.0
        assert judge.costs["requests"] == requests


@pytest.mark.parametrize(("a", "b", "score"), [("jam", "bread", 0.0), ("bread", "jam", 1.0), ("jam", "jam!", None)])
def test_of_two_responses_the_one_that_spoils_the_reply_has_lost(a: str, b: str, score: float | None) -> None:
    judge = PairwiseLLM(lambda messages: "?" if "jam" in messages[-1]["content"] else "1")
    assert judge.compare("Why?", a, b) == score


def test_a_pair_too_long_for_the_model_is_lost_by_the_longer() -> None:
    class RefusedError(Exception):
        status_code = 400

        def __str__(self) -> str:
            return "maximum context length is 2000 tokens, you requested 9000"

    def complete(messages: Any) -> str:
        if sum(len(message["content"]) for message in messages) > 8000:
            raise RefusedError
        return "1"

    judge = PairwiseLLM(complete)
    reward = AnchorWinReward(judge)
    answers, anchors = ["word " * 6000, "because", "word " * 3000], ["because", "word " * 6000, "sword " * 3000]
    assert reward(prompts=["Why?"] * 3, completions=answers, anchor=anchors) == [0.0, None, 0.0]  # it pays nothing
    assert (1.0 - reward).verdict(answers[0], "Why?", anchor="because").score == 0.0
    assert judge.compare("Why?", "word " * 6000, "because") == 0.0
    assert judge.compare("Why?", "because", "word " * 6000) == 1.0
    assert judge.compare("Why?", "word " * 3000, "sword " * 3000) == 0.5
