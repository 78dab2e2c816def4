"""TGPO: the smooth robustness, the grounding's identity, the stage reward, the chain over times."""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from jurybox.judges.trajectory.logic import Not, Until, from_data, horizon, parse, robustness, to_data
from jurybox.trainers.papers.tgpo import (
    Alternative,
    Stages,
    StageWeights,
    best_grounding,
    ground,
    grounded_robustness,
    mh_accept,
    mh_chain,
    smooth_robustness,
    stage_rewards,
)
from tests.judges.trajectory.formulas import FORMULAS, PREDICATES, TRACES, joined


@given(FORMULAS, TRACES)
@settings(max_examples=60)
def test_the_smooth_robustness_comes_near_the_exact_one(formula, signals):
    tensors = {name: torch.tensor(values, dtype=torch.float64) for name, values in signals.items()}
    exact = torch.tensor(robustness(formula, signals), dtype=torch.float64)
    sharp = smooth_robustness(formula, tensors, k=200.0)
    # Each operator is off by ln(n)/k at most, n the number of samples and formulas it looks at.
    depth = 1 + str(to_data(formula)).count("op")
    assert torch.where(exact.isinf(), exact == sharp, (exact - sharp).abs() <= depth * log(30) / 200).all()


def test_a_smooth_maximum_is_above_the_true_one_by_no_more_than_ln_n_over_k():
    values = torch.tensor([1.0, 1.0, 1.0, 0.0], dtype=torch.float64)
    for k in (1.0, 10.0):
        above = smooth_robustness(parse("F[0,2] x"), {"x": values}, k)[0] - 1.0
        below = 1.0 - smooth_robustness(parse("G[0,2] x"), {"x": values}, k)[0]
        assert above == pytest.approx(log(3) / k)
        assert below == pytest.approx(log(3) / k)


@given(FORMULAS, TRACES)
@settings(max_examples=40)
def test_the_gradient_is_that_of_finite_differences(formula, signals):
    assume(formula.names)
    x, y = (torch.tensor(signals[name], dtype=torch.float64, requires_grad=True) for name in "xy")
    value = smooth_robustness(formula, {"x": x, "y": y}, k=2.0)[0]
    assume(value.isfinite())
    gradients = torch.autograd.grad(value, (x, y), allow_unused=True)
    expected = sum(gradient for gradient in gradients if gradient is not None)
    # All traces with one sample moved, up and down, as one batch of 2T.
    moved = torch.cat([1e-5 * torch.eye(len(x), dtype=torch.float64)[:, None] * side for side in (1, -1)]).squeeze(1)
    beside = smooth_robustness(formula, {"x": x + moved, "y": y + moved}, k=2.0)[:, 0]
    up, down = beside.split(len(x))
    assert torch.allclose((up - down) / 2e-5, expected, atol=1e-6)


def test_a_batch_of_traces_is_each_of_them():
    formula = parse("(x U[1,3] y) | G[0,2] (x -> y)")
    signals = {name: torch.randn(5, 9, dtype=torch.float64) for name in "xy"}
    together = smooth_robustness(formula, signals)
    for row in range(5):
        alone = smooth_robustness(formula, {name: signal[row] for name, signal in signals.items()})
        assert torch.equal(together[row], alone)


@pytest.mark.parametrize(
    ("k", "signals", "words"),
    [
        (0.0, {"x": torch.zeros(2)}, "k is a positive number"),
        (1.0, {"y": torch.zeros(2)}, "speaks of 'x'"),
        (1.0, {"x": torch.zeros(2), "y": torch.zeros(3)}, "of one shape"),
    ],
)
def test_what_is_refused(k, signals, words):
    with pytest.raises(ValueError, match=words):
        smooth_robustness(parse("F x"), signals, k)


# Grounding.

SHORT = st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda pair: (pair[0], sum(pair)))
TIMED = st.recursive(PREDICATES, lambda inner: joined(inner, SHORT), max_leaves=4)


@given(TIMED, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_best_choice_of_times_is_worth_what_the_formula_is(formula, random):
    try:
        alternatives = ground(formula, unroll=True)
    except ValueError as error:
        assert "until" in str(error) or "unrolled" in str(error) or "alternatives" in str(error)  # noqa: PT017
        return
    assume(len(alternatives) <= 8)
    count = int(horizon(formula)) + 1
    assume(count <= 9)
    signals = {name: [random.choice([-2.0, -0.5, 1.0, 3.0]) for _ in range(count)] for name in "xy"}
    best = best_grounding(alternatives, signals)
    assert best.robustness == robustness(formula, signals)[0]
    alternative = alternatives[best.alternative]
    assert alternative.allows(best.times)
    assert grounded_robustness(alternative, best.times, signals) == best.robustness


def test_an_until_keeps_its_left_side_before_its_time_and_an_or_gives_alternatives():
    first, second = ground(parse("(x U[1,3] (F[0,2] y)) | (!x & G[2,5] y)"))
    assert [v.name for v in first.variables] == ["t1", "t2"]
    (kept,) = first.invariants
    assert (kept.start.at({"t1": 3}), kept.end.at({"t1": 3})) == (0, 2)
    assert second.variables == ()
    assert [str(goal.pred) for goal in second.reach] == ["!x"]
    assert len(list(first.assignments())) == 9


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        ("G F x", {"t_end": 9}, "unroll=True"),
        ("F (G[0,] F[0,1] x)", {"t_end": 9, "unroll": True}, "cannot be unrolled"),
        ("!(x U y)", {"t_end": 9}, "negation of an until"),
        ("F x", {}, "needs t_end"),
        ("(F[0,1] x) U[0,1] y", {}, "left side of an until"),
        (" & ".join(["(F[0,1] x | F[0,1] y)"] * 7), {}, "more than 64 alternatives"),
    ],
)
def test_formulas_without_subgoals_are_refused(text, options, words):
    with pytest.raises(ValueError, match=words):
        ground(parse(text), **options)


def test_an_always_eventually_is_written_out_when_asked():
    signals = {"x": [1.0, -1.0, -1.0, 2.0, -1.0, 0.5, -3.0]}
    for text in ("G[0,3] F[0,2] x", "G F[0,2] x", "G[1,] F[0,] x"):
        formula = parse(text)
        alternatives = ground(formula, t_end=4 if text == "G F[0,2] x" else 6, unroll=True)
        expected = parse("G[0,4] F[0,2] x") if text == "G F[0,2] x" else formula
        assert best_grounding(alternatives, signals).robustness == robustness(expected, signals)[0]


def test_a_trace_that_ends_too_soon_is_told():
    (alternative,) = ground(parse("F[0,3] x"))
    with pytest.raises(ValueError, match="sample 3 is to be looked at"):
        grounded_robustness(alternative, {"t1": 3}, {"x": [1.0]})


# The stage reward.


def test_stages_of_environments_with_times_and_alternatives_of_their_own():
    """A batch is its environments one by one, whatever alternatives they have."""
    alternatives = ground(parse("(F[0,4] (x & F[1,3] (y > 1)) & G[0,7] (x > -1.5)) | F[2,5] (x < 0)"))
    weights = StageWeights(progress=1.0, hit=5.0, miss=3.0, inv=2.0)
    rng = np.random.default_rng(0)
    signals = {name: rng.normal(size=(9, 6)) for name in "xy"}  # (T, E)
    choices = [(0, {"t1": 0, "t2": 1}), (0, {"t1": 4, "t2": 7}), (1, {"t3": 2}), (1, {"t3": 5})] + [
        (0, {"t1": 2, "t2": 3})
    ] * 2
    stages = Stages(alternatives, weights)
    schedule = stages.schedule(choices)
    for t in range(8):
        values = [stages.values({name: signal[s] for name, signal in signals.items()}) for s in (t, t + 1)]
        now = np.full(6, t)
        got, reached = stages.reward(schedule, now, *values), schedule.stage(now)
        for row, (number, times) in enumerate(choices):
            own = {name: signal[:, row].tolist() for name, signal in signals.items()}
            rewards, counted = stage_rewards(alternatives[number], times, own, weights)
            assert got[row] == pytest.approx(rewards[t])
            assert reached[row] == counted[t]


def test_times_are_replaced_where_an_episode_begins_anew():
    stages = Stages(ground(parse("F[0,9] x")))
    schedule = stages.schedule([(0, {"t1": 3}), (0, {"t1": 4})])
    schedule.put(np.array([False, True]), stages.schedule([(0, {"t1": 9})]))
    assert schedule.ahead(np.array([1, 1])).tolist() == [2, 8]
    assert schedule.ahead(np.array([3, 9])).tolist() == [0, 0]


def test_being_deep_inside_a_region_is_not_paid_and_equal_times_keep_their_order():
    (alternative,) = ground(parse("F[2,2] x & F[2,2] y"))
    signals = {"x": [-1.0, 5.0, 9.0, 9.0], "y": [-1.0, -1.0, 1.0, 1.0]}
    rewards, reached = stage_rewards(alternative, {"t1": 2, "t2": 2}, signals, StageWeights(hit=7.0))
    assert rewards == [2.0, 14.0, 0.0]
    assert reached == [0, 0, 2]


def test_without_subgoals_only_invariants_count():
    (alternative,) = ground(parse("G[1,2] x"))
    assert stage_rewards(alternative, {}, {"x": [-9.0, -1.0, 1.0, -9.0]}) == ([-5.0, 0.0, 0.0], [0, 0, 0])


# Times by Metropolis-Hastings.


def test_a_chain_visits_states_as_often_as_its_stationary_distribution_says():
    values, temperature, rng = [0.0, 0.4, 1.0, -0.5, 0.2], 0.5, np.random.default_rng(0)
    state, visits = 0, np.zeros(5)
    for u, side in zip(rng.random(100_000), rng.integers(0, 2, 100_000), strict=True):
        other = state + (1 if side else -1)
        inside = 0 <= other < 5
        if mh_accept(values[state], values[other] if inside else 0.0, u, temperature, inside):
            state = other
        visits[state] += 1
    chain = mh_chain(values, temperature)
    assert np.abs(visits / visits.sum() - chain.stationary).max() < 0.02
    assert np.allclose(chain.stationary @ chain.transition, chain.stationary)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match="temperature"):
        mh_chain([0.0, 1.0], temperature)


def test_values_of_a_chain_are_finite():
    with pytest.raises(ValueError, match="finite"):
        mh_chain([0.0, float("nan")], 1.0)


def test_alternatives_may_be_narrowed():
    """A user who knows that a goal is far starts its times later."""
    (alternative,) = ground(parse("F[0,9] x"))
    (variable,) = alternative.variables
    later = replace(alternative, variables=(replace(variable, lo=variable.lo + 5),))
    assert [times["t1"] for times in later.assignments()] == [5, 6, 7, 8, 9]
    assert isinstance(later, Alternative)


def test_untils_and_negations_are_read_back():
    formula = Not(Until(0, 3, parse("x"), parse("y")))
    assert from_data(to_data(formula)) == formula
