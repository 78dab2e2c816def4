"""The worst case over judges as a node of a reward expression."""

from __future__ import annotations

import json
import pickle
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jurybox.judges import judge
from jurybox.rewards import Function, Linear, RewardVerdict, Robust, robust
from jurybox.rewards.worst_case import robust_expectation, robust_judge_aggregate
from tests.rewards.strategies import NAMES, STEPS, a, b, c, d, numbers, scores

kinds = st.sampled_from(["tv", "kl", "chi2"])


def say(reward, step=0, **said):
    return reward.verdict("text", said=said, trainer_state=SimpleNamespace(global_step=step))


@given(kinds, st.floats(0, 3), st.lists(st.tuples(scores, scores, scores), min_size=1, max_size=5))
def test_it_is_the_aggregate_of_the_judges(kind, radius, rows):
    reward = robust(a, b, c, weights=(2, 1, 1), divergence=kind, radius=radius)
    said = [dict(zip("abc", row, strict=True)) for row in rows]
    expected = robust_judge_aggregate(rows, (2, 1, 1), kind, radius)
    verdicts = reward.verdicts(["text"] * len(rows), said=said)
    for verdict, value, q in zip(verdicts, expected.reward, expected.judge_weights, strict=True):
        assert verdict.abstains if value != value else verdict.score == value
        if not verdict.abstains:
            assert list(verdict.evidence.values()) == pytest.approx(q, abs=1e-4)


@given(numbers, numbers)
def test_radius_zero_is_the_mean_and_a_large_one_the_worst(x, y):
    assert say(robust(a, b, radius=0), a=x, b=y).score == (x + y) / 2
    assert say(robust(a, b, radius=9.0), a=x, b=y).score == say(a & b, a=x, b=y).score


def test_an_exploited_judge_is_worth_little_while_another_objects():
    jury = robust(a, b, radius=0.5)
    exploited, honest = say(jury, a=1, b=0).score, say(jury, a=0.5, b=1).score
    assert exploited < 0.1 < 0.5 < honest
    assert say(0.5 * a + 0.5 * b, a=1, b=0).score == 0.5


def test_abstention():
    jury = robust(a, b, c, radius=0.1)
    alone = robust_expectation([0.2, 0.8], None, "kl", 0.1).value
    assert say(jury, a=0.2, b=None, c=0.8).score == pytest.approx(alone)
    assert say(jury, a=None, b=None, c=0.8).score == 0.8
    nobody = say(jury, a=None, b=None, c=None)
    assert (nobody.score, nobody.status, nobody.reason) == (None, "skipped", "every part abstains")


def test_it_passes_when_every_part_that_voted_has_passed():
    jury = robust(a, d, radius=0.1)  # d passes at 0.5
    assert say(jury, a=1, d=0.6).passed
    assert say(jury, a=None, d=0.6).passed
    assert not say(jury, a=0.9, d=0.6).passed
    assert say(jury, a=None, d=None).passed is None


def test_the_explanation_shows_the_adversary():
    text = str(robust(a, b, divergence="tv", radius=0.25).explain("text", said={"a": 1.0, "b": 0.5}))
    assert text.splitlines()[1] == "✗ robust: 0.625  worst case · a=0.25, b=0.75"


def test_parts_of_one_name_have_a_weight_each():
    verdict = say(robust(a, ~b, b.named("a"), divergence="tv", radius=0), a=1, b=0)
    assert verdict.evidence == {"a": 0.3333, "not": 0.3333, "a_2": 0.3333}


def test_verdicts_travel_as_json():
    verdict = say(robust(a, b, radius=0.1), a=1, b=0)
    assert RewardVerdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


@pytest.mark.parametrize(
    "text",
    [
        "robust(a, b, divergence='kl', radius=0.2)",
        "robust(a, b, ~c, weights=(0.5, 0.3, 0.2), divergence='tv', radius=0)",
        "robust(a, b, divergence='chi2', radius=Linear(start=0.0, end=0.5, steps=10))",
        "robust(a, 0.5 * b, divergence='kl', radius=0.2).named('jury') - 0.1 * c",
        "~(robust(a, b, divergence='kl', radius=0.2) & c) | d",
        "robust(robust(a, b, divergence='kl', radius=1.0), c, divergence='tv', radius=0.1).gate(d, otherwise=-1.0)",
        "robust(a, b, divergence='kl', radius=0.2).scale(-1.0, 1.0).clip(0.0, 1.0) * c",
    ],
)
def test_it_prints_as_written_and_composes(text):
    reward = eval(text, {**NAMES, "robust": robust})
    assert repr(reward) == text
    assert hash(reward) == hash(eval(text, {**NAMES, "robust": robust}))
    said = {"a": 1, "b": 0.5, "c": 0.5, "d": 1}
    assert say(pickle.loads(pickle.dumps(reward)), **said).score == say(reward, **said).score


def test_the_radius_follows_the_step():
    jury = robust(a, b, divergence="tv", radius=Linear(0.0, 0.5, steps=10))
    assert [say(jury, step=step, a=1, b=0).score for step in (0, 5, 10, 99)] == [0.5, 0.25, 0.0, 0.0]
    assert repr(robust(a, b, radius=warming)) == "robust(a, b, divergence='kl', radius=warming)"


def warming(step: int) -> float:
    return step / 100


def test_its_range_is_that_of_its_parts():
    assert robust(a, b, radius=0.1).bounds == (0.0, 1.0)
    assert robust(a, 2 * b - 1, radius=0.1).bounds == (-1.0, 1.0)


def test_every_judge_is_asked_once():
    asked = []

    @judge
    def counted(completion):
        asked.append(completion)
        return len(completion) / STEPS

    reward = robust(counted, a, radius=0.1) + robust(counted, b, radius=0.2)
    reward(completions=["x", "yy"], said=[{"a": 1, "b": 0}] * 2)
    assert asked == ["x", "yy"]


def test_a_trainer_logs_the_mean_weights_of_a_named_node():
    logged = {}
    rows = [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 1.0}, {"a": None, "b": None}, {"a": 1.0, "b": 1.0}]
    jury = robust(a, b, divergence="tv", radius=0.25).named("jury")
    jury(completions=["x"] * 4, said=rows, log_metric=logged.__setitem__)
    assert logged["jury/weight/a"] == pytest.approx((0.25 + 0.75 + 0.5) / 3)
    assert logged["jury/weight/b"] == pytest.approx((0.75 + 0.25 + 0.5) / 3)
    assert logged["jury/abstained"] == 0.25
    silent = {}
    jury(completions=["x"], said=rows[2:3], log_metric=silent.__setitem__)
    assert "jury/weight/a" not in silent


def test_huge_numbers_of_a_function_end_no_run():
    huge = Function(lambda completions, **_: [1e308, -1e308])
    verdicts = robust(huge, 2.0 * a, radius=0.1).verdicts(["x", "y"], said=[{"a": 1.0}] * 2)
    assert [verdict.status for verdict in verdicts] == ["scored", "scored"]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: robust(a, radius=0.1), "at least two parts"),
        (lambda: robust(a, b, radius=-0.1), "rho is the radius"),
        (lambda: robust(a, b, radius="wide"), "rho is the radius"),
        (lambda: robust(a, b, radius=lambda step: -1.0), "rho is the radius"),
        (lambda: robust(a, b, radius=0.1, divergence="js"), "'tv', 'kl' or 'chi2', not 'js'"),
        (lambda: robust(a, b, radius=0.1, weights=(1.0,)), "1 weights for 2 parts"),
        (lambda: robust(a, b, radius=0.1, weights=(1.0, 0.0)), "above 0"),
        (lambda: robust(a, b, radius=0.1, weights=(1.0, float("nan"))), "a weight is a finite number"),
    ],
)
def test_what_has_no_meaning_is_refused_when_written(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_it_is_a_node_like_others():
    assert isinstance(robust(a, b, radius=0.1), Robust)
    with pytest.raises(TypeError, match="decorate it with @judge"):
        robust(a, len, radius=0.1)
