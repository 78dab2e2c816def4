"""What a trainer is given to log, and what a person is given to read."""

from __future__ import annotations

import json
import pickle

import pytest

from jurybox.judges import Verdict, judge
from jurybox.rewards import Cascade, RewardVerdict, Route
from jurybox.rewards.explanation import tree
from tests.judged import right, share, short
from tests.rewards.strategies import a, b, c

COMPLETIONS = ["1", "?", "long text"]
SOLUTION = ["1", "1", "1"]


def call(reward, completions=COMPLETIONS, **columns):
    metrics: dict[str, float] = {}
    extra: dict[str, list[str]] = {}

    def log_metric(name, value):
        assert name not in metrics
        metrics[name] = value

    def log_extra(name, values):
        assert name not in extra
        extra[name] = values

    columns = {"solution": SOLUTION[: len(completions)]} | columns
    scores = reward(completions=completions, log_metric=log_metric, log_extra=log_extra, **columns)
    return scores, metrics, extra


def test_each_judge_and_each_named_part_is_logged():
    _, metrics, extra = call(((right + share) / 2).named("answer") - 0.1 * ~short)
    assert extra == {}
    assert {name.partition("/")[0] for name in metrics} == {"answer", "right", "share", "short"}
    assert metrics["right/score"] == pytest.approx(1 / 3)
    assert metrics["share/score"] == 1.0
    assert metrics["share/abstained"] == pytest.approx(2 / 3)
    assert metrics["short/passed"] == pytest.approx(2 / 3)
    assert metrics["short/timeouts"] == 0.0
    assert metrics["answer/score"] == pytest.approx((1 + 0 + 0) / 3)


def test_parts_that_all_abstain_log_no_mean():
    _, metrics, _ = call(share + right, completions=["?", "!"])
    assert "share/score" not in metrics
    assert metrics["share/abstained"] == 1.0


def test_parts_that_were_not_asked_log_nothing():
    _, metrics, _ = call(Cascade(right, share))
    assert "right/score" in metrics
    assert "share/score" not in metrics
    _, metrics, _ = call(Route("task", one=right, two=share), task=["one"] * 3)
    assert not any(name.startswith("share/") for name in metrics)


def test_time_is_counted_once_for_a_part_that_is_written_twice():
    @judge
    def timed(completion):
        return Verdict(1.0, seconds=2.0)

    _, metrics, _ = call(timed + (timed & timed), completions=["x", "y"])
    assert metrics["timed/seconds"] == 4.0


def test_equal_names_are_numbered():
    reward = a.named("p") + b.named("p_3") + c.named("p") + a.named("q") + b.named("p")
    assert list(reward.unique_names().values()) == ["p", "p_3", "p_2", "q", "p_4"]


def test_evidence_columns_are_a_line_for_each_row():
    reward = (right + share.named("share of it") - right.named("right")).named("right").show_evidence()
    _, _, extra = call(reward)
    assert list(extra) == ["right_2", "share of it", "right_3"]  # "right" is the reward's own column
    assert extra["share of it"] == ["1", "abstains [skipped]  abstained", "abstains [skipped]  abstained"]


def test_a_single_judge_shows_its_evidence_beside_its_number():
    _, _, extra = call(right.as_reward().show_evidence())
    assert extra == {"right_2": ["1", "0", "0"]}


def test_parts_that_were_not_asked_have_empty_cells():
    _, _, extra = call(Cascade(share, right).show_evidence())
    assert extra["right"] == ["", "0", "0"]


def test_an_explanation_is_a_tree():
    reward = (right + 0.2 * share).gate(short, otherwise=-1.0)
    assert str(reward.explain("1", solution="1")).splitlines() == [
        "(right + 0.2 * share).gate(short, otherwise=-1.0)",
        "✓ gate: 1.2  open",
        "├─ ✓ sum: 1.2",
        "│  ├─ +1 × ✓ right: 1",
        "│  └─ +0.2 × ✓ share: 1",
        "└─ ✓ short: 1",
    ]
    text = str(Cascade(right, Route("task", one=share)).explain("1", solution="1", task="two"))
    assert text.endswith("└─ route: not asked")


def test_a_stored_verdict_explains_itself_without_its_reward():
    reward = (right - 0.2 * share).gate(short, otherwise=-1.0)
    explanation = reward.explain("1", solution="1")
    stored = RewardVerdict.from_dict(json.loads(json.dumps(explanation.verdict.to_dict())))
    assert tree(stored, "gate").splitlines() == explanation.splitlines()[1:]
    assert "+1 × ✓ right: 1" in tree(stored)
    assert "-0.2 × ✓ share: 1" in tree(stored)


def test_an_explanation_stays_a_tree_whatever_judges_say():
    @judge
    def poet(completion):
        return Verdict(1.0, reason="two\nlines", evidence={"a\nb": "c\nd"})

    assert len((poet + right).explain("1", solution="1").splitlines()) == 4


def test_a_reward_verdict_keeps_its_tree():
    verdict = (right + 2 * share).verdict("?", solution="?")
    assert isinstance(verdict, RewardVerdict)
    assert (verdict.labels, [part.score for part in verdict.parts]) == (("right", "share"), [1.0, None])
    assert verdict.score == 3.0
    plain = json.loads(json.dumps(verdict.to_dict()))
    assert [(part["name"], part["weight"]) for part in plain["parts"]] == [("right", 1.0), ("share", 2.0)]
    assert RewardVerdict.from_dict(plain) == verdict == pickle.loads(pickle.dumps(verdict))
    assert repr(verdict) == "RewardVerdict(3.0, '1 of 2 parts voted')"
    with pytest.raises(ValueError, match="a score must be finite"):
        RewardVerdict(float("nan"))


def test_calling_needs_completions_and_columns():
    with pytest.raises(TypeError, match="sum judges completions"):
        (right + share)(["p"])
    with pytest.raises(KeyError, match=r"right reads the column 'solution'.*\(it has: answer\)"):
        (share + right)(completions=["1"], answer=["1"])
    assert (right + share).__name__ == "sum"
    assert (right + share).named("n").__name__ == "n"
