"""Abstaining cannot raise a reward, in any node: what the table in docs/rewards.md says, for every expression."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jurybox.benchmarks.redteam.targets import kinds_of
from jurybox.judges import ExactJudge, FormatJudge, Judge, Verdict
from jurybox.rewards import (
    HAPO,
    AnchorWinReward,
    Cascade,
    Constrained,
    Function,
    Linear,
    Reward,
    RewardModel,
    Route,
    SelfReference,
    robust,
)
from jurybox.rewards.arithmetic import Product, Sum
from jurybox.rewards.gate import Gate
from jurybox.rewards.leaf import Part
from jurybox.rewards.logic import All, Not, Some
from jurybox.rewards.standardize import Standardized
from jurybox.rewards.transform import Clip, Scale, Schedule
from jurybox.rewards.vulnerability.reward import Graded
from jurybox.rewards.worst_case.node import Robust
from tests.rewards.strategies import JUDGES, PARTS, a, b, c, conditions, e, expressions, leaves, numbers, tasks, weights

FAILED = [Verdict(None, "error", "down"), Verdict(None, "timeout", "late")]
SKIPPED = Verdict(None, "skipped", "does not apply")
BROKE_OFF = [Verdict(0.0, "timeout", "timeout"), Verdict(0.0, "scored", "exception")]
BROKE_OFF += [Verdict(0.0, reason="no majority"), Verdict(0.0, reason="cut off", evidence={"spoilt_by": ["x"]})]

plain = st.fixed_dictionaries(dict.fromkeys(PARTS, numbers))
said = st.fixed_dictionaries(dict.fromkeys(PARTS, numbers | st.sampled_from([SKIPPED, *FAILED, *BROKE_OFF])))
part = st.sampled_from(PARTS)
ENDS = (0.0, 0.25, 1.0)


def say(reward: Reward, row: dict[str, Any], task: str = "one", step: int = 3) -> Verdict:
    return reward.verdict("text", said=row, task=task, trainer_state=SimpleNamespace(global_step=step))


def _nodes(inner: st.SearchStrategy[Reward]) -> st.SearchStrategy[Reward]:
    bounds = st.tuples(weights, weights).map(sorted)
    slopes = st.builds(lambda start, end: Linear(start, end, steps=10), weights, weights)
    return (
        st.builds(lambda x, y: x + y, inner, inner)
        | st.builds(lambda x, y: x - y, inner, inner)
        | st.builds(lambda x, y: x * y, inner, inner)
        | st.builds(lambda x, w: w * x, inner, weights)
        | st.builds(lambda x, w: w - x, inner, weights)
        | st.builds(lambda x, low_high: x.clip(*low_high), inner, bounds)
        | st.builds(lambda x, low, high: x.scale(low, high), inner, weights, weights)
        | st.builds(lambda x, slope: x.schedule(slope), inner, slopes)
        | st.builds(lambda x, y: Cascade(x, y), inner, inner)
        | st.builds(lambda x, y: Route("task", one=x, two=y), inner, inner)
        | st.builds(lambda x, y: robust(x, y, radius=0.3), leaves, leaves)
        | st.builds(lambda x, gate, w: x.gate(gate, otherwise=w), inner, leaves | leaves.map(lambda x: ~x), weights)
    )


composed = st.recursive(conditions, _nodes, max_leaves=8)


@given(expressions | composed, said, part, st.sampled_from(FAILED), tasks)
@example(e * (-0.25 * a), dict.fromkeys(PARTS, 0.0) | {"e": BROKE_OFF[0]}, "a", FAILED[0], "one")  # no sure zero
def test_what_speaks_beside_a_failed_part_would_say_the_same_whatever_that_part_had_said(
    reward, row, name, failed, task
):
    score = say(reward, row | {name: failed}, task).score
    if score is not None:
        for end in ENDS:
            assert say(reward, row | {name: end}, task).score in (pytest.approx(score, rel=1e-9, abs=1e-9), None)


@given(composed, plain, part, st.sampled_from(BROKE_OFF), tasks)
@example(a * (a - ~a), dict.fromkeys(PARTS, 0.0), "a", BROKE_OFF[0], "one")  # a zero that is none, times a penalty
def test_a_judge_that_broke_off_on_a_completion_never_pays(reward, row, name, broke, task):
    score = say(reward, row | {name: broke}, task).score
    least = [say(reward, row | {name: end}, task).score for end in ENDS]
    if score is not None and None not in least:
        assert score <= min(least) + 1e-9 * max(1.0, *map(abs, least))


terms = st.lists(st.tuples(weights, st.sampled_from(JUDGES)), min_size=1, max_size=5, unique_by=lambda t: t[1].name)


@given(terms, plain, st.sets(part))
def test_a_sum_with_parts_that_do_not_apply_stays_within_what_they_could_have_said(terms, row, skipped):
    reward = sum((weight * judge for weight, judge in terms), start=0.0 * terms[0][1])
    score = say(reward, row | dict.fromkeys(skipped, SKIPPED)).score
    if score is not None:
        best = sum(max(weight, 0.0) if j.name in skipped else weight * row[j.name] for weight, j in terms)
        assert score <= best + 1e-9 * max(1.0, abs(best))
        penalties = [judge.name for weight, judge in terms if weight < 0]
        assert not penalties or set(penalties) - skipped


@given(conditions, st.sampled_from(FAILED), numbers)
def test_a_cascade_passes_on_only_what_does_not_apply(reward, failed, number):
    assert say(Cascade(a, b), {"a": SKIPPED, "b": number}).score == number
    verdict = say(Cascade(a, b), {"a": failed, "b": number})
    assert (verdict.score, verdict.status, verdict.reason) == (None, failed.status, "a abstains")


@pytest.mark.parametrize("failed", FAILED)
@pytest.mark.parametrize(
    "compose",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: 0.5 - y + x,
        lambda x, y: (x + y).scale(0, 2),
        lambda x, y: robust(x, y, radius=0.1),
        lambda x, y: x * y,
        lambda x, y: x & y,
        lambda x, y: (x | y) & y,
        lambda x, y: x.gate(y),
        lambda x, y: Cascade(y, x),
        lambda x, y: Route("task", one=y),
        lambda x, y: ~y,
        lambda x, y: y.clip(0, 1),
        lambda x, y: y.schedule(Linear(1, 2, steps=3)),
        lambda x, y: x + (c.as_reward() & y),  # the failure of y, not that c does not apply, is what is known above
    ],
)
def test_every_node_abstains_with_the_failure_of_its_part(compose, failed):
    verdict = say(compose(a, b), {"a": 0.5, "b": failed, "c": SKIPPED})
    assert (verdict.score, verdict.status) == (None, failed.status)


def test_a_part_without_weight_may_fail():
    assert say(a + 0 * b, {"a": 0.5, "b": FAILED[0]}).score == 0.5
    later = b.schedule(Linear(0.0, 1.0, steps=10))
    assert say(a + later, {"a": 0.5, "b": FAILED[0]}, step=0).score == 0.5
    assert say(a + later, {"a": 0.5, "b": FAILED[0]}, step=1).score is None


# How every node is made of two parts, and what needs none: a new node needs a line here.
NODES: dict[type[Reward], Any] = {
    Sum: lambda x, y: x - 0.5 * y,
    Product: lambda x, y: x * y,
    All: lambda x, y: x & y,
    Some: lambda x, y: x | y,
    Not: lambda x, y: ~y,
    Gate: lambda x, y: x.gate(y, otherwise=0.5),
    Route: lambda x, y: Route("task", one=y, two=x),
    Cascade: lambda x, y: Cascade(y, x),
    Clip: lambda x, y: y.clip(0.25, 0.5),
    Scale: lambda x, y: y.scale(1.0, -1.0),
    Schedule: lambda x, y: y.schedule(Linear(-1.0, -1.0, steps=1)),
    Standardized: lambda x, y: y.standardize("memory"),
    Robust: lambda x, y: robust(x, y, radius=0.1),
    HAPO: lambda x, y: HAPO(y, unit="words"),
    Constrained: lambda x, y: held(x, y),
}
LEAVES: set[type[Reward]] = {Part, Function, RewardModel, AnchorWinReward, Graded, SelfReference}


def held(x: Reward, y: Reward) -> Constrained:
    """x with y as a cost that counts."""
    node = Constrained(x, costs={"y": y}, limits={"y": 0.0})
    node.multipliers.load_state_dict({"multipliers": {"y": 1.0}, "costs": {"y": 0.5}})
    return node


def test_no_node_is_forgotten():
    assert set(kinds_of(Reward)) == NODES.keys() | LEAVES


@pytest.mark.parametrize("node", NODES, ids=lambda node: node.__name__)
@settings(max_examples=20)
@given(numbers, st.sampled_from(FAILED + BROKE_OFF))
def test_neither_failing_nor_breaking_off_pays_in_any_node(node, number, said):
    def score(of_b: Any) -> float | None:
        columns = {"said": [{"a": number, "b": of_b}], "task": ["one"], "problem_id": ["p"]}
        return reward.verdicts(["text"], trainer_state=SimpleNamespace(global_step=3), **columns)[0].score

    reward = NODES[node](a, b)
    found, plain = score(said), [score(end) for end in ENDS]
    if found is not None:
        assert found <= min(plain) + 1e-9 if said in BROKE_OFF else {found} == set(plain)
    else:
        assert said in FAILED


class Cursed(Judge):
    def _judge(self, sample):
        raise RecursionError


def test_breaking_the_judge_of_a_penalty_costs_it_in_full():
    assert (1.0 - 0.5 * Cursed()).verdict("x").score == 0.5
    assert (~Cursed()).verdict("x").score == 0.0
    assert Cursed().scale(1, -1).verdict("x").score == -1.0
    assert (1.0 - Cursed().standardize("s")).verdict("x").score == 0.0
    assert (1.0 - Cursed().schedule(Linear(0.5, 0.5, steps=1))).verdict("x").score == 0.5


def test_an_answer_that_breaks_the_first_judge_is_not_paid_by_the_second():
    reward = Cascade(Cursed(), FormatJudge()) + 0.2 * FormatJudge()
    assert reward.verdict("<think>a</think>b").score == pytest.approx(0.2)
    unusable = Cascade(ExactJudge(), FormatJudge()).verdict("<think>a</think>b", solution=None)
    assert unusable.score == 1.0
