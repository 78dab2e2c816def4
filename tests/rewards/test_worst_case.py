"""Worst cases over the three balls: against other ways to compute them, and their properties."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from jurybox.rewards.worst_case import robust_expectation, robust_judge_aggregate, robust_regularised
from tests.rewards.worst_case_forms import DIVERGENCES, divergence, dual, priced, primal

kinds = st.sampled_from(DIVERGENCES)
radii = st.just(0.0) | st.floats(1e-12, 20.0)
numbers = st.floats(-100, 100).map(lambda x: round(x, 6))
pairs = st.lists(st.tuples(numbers, st.floats(0.01, 1.0)), min_size=1, max_size=7)


def unzip(pairs):
    values, weights = map(list, zip(*pairs, strict=True))
    return values, [weight / sum(weights) for weight in weights]


def draws(count: int, size: int, seed: int = 0):
    rng = random.Random(seed)
    for _ in range(count):
        weights = [rng.uniform(0.05, 1.0) for _ in range(size)]
        yield [rng.gauss(0, 1) for _ in range(size)], [w / sum(weights) for w in weights], math.exp(rng.uniform(-4, 1))


# ---- equal to other ways ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_the_value_is_the_least_of_a_search_of_the_simplex(kind):
    for v, p, rho in draws(12, 3):
        assert robust_expectation(v, p, kind, rho).value == pytest.approx(primal(v, p, kind, rho), abs=1e-5)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_the_value_is_the_greatest_of_the_dual(kind):
    for size in (2, 5, 9):
        for v, p, rho in draws(4, size, seed=size):
            assert robust_expectation(v, p, kind, rho).value == pytest.approx(dual(v, p, kind, rho), abs=1e-5)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_a_price_is_the_best_of_all_radii(kind):
    for v, p, lam in draws(10, 4, seed=7):
        expected = priced(lambda rho, v=v, p=p: robust_expectation(v, p, kind, rho).value, lam)
        assert robust_regularised(v, p, kind, lam) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_a_price_is_paid_between_the_mean_and_the_least(kind):
    v, p = [1.0, 0.0, 0.5], [0.2, 0.3, 0.5]
    assert robust_regularised(v, p, kind, 1e9) == pytest.approx(0.45, abs=1e-6)
    assert robust_regularised(v, p, kind, 1e-9) == pytest.approx(0.0, abs=1e-6)
    assert robust_regularised([0.7] * 3, p, kind, 0.3) == pytest.approx(0.7, abs=1e-12)


def test_chi2_is_mean_minus_a_deviation_while_no_weight_is_zero():
    v, p = np.array([1.0, 0.0, 0.5, 0.9]), np.array([0.1, 0.2, 0.3, 0.4])
    mean = p @ v
    expected = mean - math.sqrt(0.3 * (p @ (v - mean) ** 2))
    assert robust_expectation(v, p, "chi2", 0.3).value == pytest.approx(expected, abs=1e-12)


# ---- properties ------------------------------------------------------------------------------------------


@given(kinds, pairs, radii)
def test_the_weights_are_a_distribution_in_the_ball_that_gives_the_value(kind, pairs, rho):
    v, p = unzip(pairs)
    value, q = robust_expectation(v, p, kind, rho)
    assert min(q) >= 0
    assert sum(q) == pytest.approx(1.0, abs=1e-9)
    assert divergence(np.array(q), np.array(p), kind) <= rho + 1e-6
    assert np.dot(q, v) == pytest.approx(value, abs=1e-9)


@given(kinds, pairs, st.lists(radii, min_size=2, max_size=2).map(sorted))
def test_a_larger_ball_is_never_better_and_all_lie_between_least_and_mean(kind, pairs, rhos):
    v, p = unzip(pairs)
    small, large = (robust_expectation(v, p, kind, rho).value for rho in rhos)
    assert min(v) <= large <= small + 1e-9 <= np.dot(p, v) + 2e-9


@given(kinds, pairs, radii, st.floats(0.01, 100), numbers)
def test_units_do_not_matter(kind, pairs, rho, a, c):
    v, p = unzip(pairs)
    expected = a * robust_expectation(v, p, kind, rho).value + c
    found = robust_expectation([a * x + c for x in v], p, kind, rho).value
    assert found == pytest.approx(expected, abs=1e-6 * max(1.0, a))


@given(kinds, pairs, radii, st.randoms(use_true_random=False))
def test_order_does_not_matter(kind, pairs, rho, shuffler):
    expected = robust_expectation(*unzip(pairs), kind, rho).value
    shuffler.shuffle(pairs)
    assert robust_expectation(*unzip(pairs), kind, rho).value == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_the_weights_are_the_gradient(kind):
    h = 1e-6
    for v, p, rho in draws(20, 4, seed=3):
        q = robust_expectation(v, p, kind, rho).worst_case_probs
        for place in range(len(v)):
            up, down = ([x + s * h * (i == place) for i, x in enumerate(v)] for s in (1, -1))
            slope = robust_expectation(up, p, kind, rho).value - robust_expectation(down, p, kind, rho).value
            assert slope / (2 * h) == pytest.approx(q[place], abs=1e-4)


# ---- edges -----------------------------------------------------------------------------------------------


@given(kinds, pairs, st.just(0.0))
@example("kl", [(0.1, 0.3), (0.2, 0.3), (0.3, 0.4)], 0.0)
def test_radius_zero_is_the_mean(kind, pairs, rho):
    v, p = unzip(pairs)
    assert robust_expectation(v, p, kind, rho).value == pytest.approx(np.dot(p, v), abs=1e-12)


@given(kinds, numbers, st.lists(st.floats(0.01, 1.0), min_size=1, max_size=5), radii)
def test_equal_values_are_their_own_worst_case(kind, value, weights, rho):
    p = [weight / sum(weights) for weight in weights]
    found = robust_expectation([value] * len(p), p, kind, rho)
    assert found.value == value
    assert found.worst_case_probs == pytest.approx(p, abs=1e-12)


@pytest.mark.parametrize(("kind", "rho"), [("tv", 0.75), ("kl", math.log(4)), ("chi2", 3.0)])
def test_the_least_value_is_reached_at_a_known_radius(kind, rho):
    v = [1.0, 0.0, 0.5, 0.9]
    assert robust_expectation(v, None, kind, rho * (1 + 1e-9)).value == pytest.approx(0.0, abs=1e-12)
    assert robust_expectation(v, None, kind, rho * 0.99).value > 1e-4
    assert robust_expectation(v, None, kind, math.inf).worst_case_probs == [0.0, 1.0, 0.0, 0.0]


def test_ties_among_the_least_share_as_before_or_go_to_the_first():
    v, p = [0.0, 1.0, 0.0], [0.2, 0.5, 0.3]
    assert robust_expectation(v, p, "tv", 1.0).worst_case_probs == [0.7, 0.0, 0.3]
    for kind in ("kl", "chi2"):
        assert robust_expectation(v, p, kind, 5.0).worst_case_probs == pytest.approx([0.4, 0.0, 0.6])


def test_only_total_variation_leaves_the_support():
    v, p = [1.0, 0.5, -9.0], [0.5, 0.5, 0.0]
    assert robust_expectation(v, p, "tv", 0.1).value == pytest.approx(0.75 - 0.1 * 10)
    assert robust_regularised(v, p, "tv", 0.5) == pytest.approx(-8.5)
    for kind in ("kl", "chi2"):
        alone = robust_expectation(v[:2], p[:2], kind, 0.1)
        assert robust_expectation(v, p, kind, 0.1).value == alone.value
        assert robust_expectation(v, p, kind, 0.1).worst_case_probs == [*alone.worst_case_probs, 0.0]
        assert robust_regularised(v, p, kind, 0.5) == robust_regularised(v[:2], p[:2], kind, 0.5)


@pytest.mark.parametrize("kind", DIVERGENCES)
@pytest.mark.parametrize("values", [[0, 1e-300, 1], [0, 1e-12, 1], [-1e308, 1e308, 0], [5e-324, 0, 1e-323]])
def test_no_finite_values_and_no_radius_break_it(kind, values):
    for rho in (5e-324, 1e-17, 1e-3, 1.7, 2.3025, 1e300):
        value, q = robust_expectation(values, [0.1, 0.1, 0.8], kind, rho)
        assert min(values) <= value <= max(values)
        assert sum(q) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", DIVERGENCES)
def test_weights_need_not_sum_to_one(kind):
    assert robust_expectation([1, 0], [3, 1], kind, 0.1) == robust_expectation([1, 0], [0.75, 0.25], kind, 0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], [], "kl", 0.1), "values is empty"),
        (([1.0, math.nan], None, "kl", 0.1), "finite numbers"),
        (([1.0, math.inf], None, "tv", 0.1), "finite numbers"),
        (([1.0, None], None, "tv", 0.1), "finite numbers"),
        (([1.0, 0.0], [1.0], "tv", 0.1), "1 weights for 2 values"),
        (([1.0, 0.0], [1.0, -0.5], "tv", 0.1), "weights >= 0"),
        (([1.0, 0.0], [0.0, 0.0], "chi2", 0.1), "weights >= 0"),
        (([1.0, 0.0], [1.0, math.nan], "chi2", 0.1), "weights >= 0"),
        (([1.0, 0.0], None, "js", 0.1), "'tv', 'kl' or 'chi2', not 'js'"),
        (([1.0, 0.0], None, "kl", -0.1), "rho"),
        (([1.0, 0.0], None, "kl", math.nan), "rho"),
    ],
)
def test_what_has_no_meaning_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        robust_expectation(*arguments)


@pytest.mark.parametrize("lam", [0.0, -1.0, math.nan, math.inf])
def test_a_price_is_a_number_above_zero(lam):
    with pytest.raises(ValueError, match="lam"):
        robust_regularised([1.0, 0.0], None, "kl", lam)


# ---- judges ----------------------------------------------------------------------------------------------


@given(kinds, pairs, radii, st.data())
def test_missing_judges_are_dropped_with_their_weight(kind, pairs, rho, data):
    v, weights = unzip(pairs)
    missing = data.draw(st.lists(st.sampled_from([None, math.nan, 0.0]), min_size=len(v), max_size=len(v)))
    said = [place for place, hole in enumerate(missing) if hole == 0.0]
    assume(said)
    row = [v[place] if hole == 0.0 else hole for place, hole in enumerate(missing)]
    aggregate = robust_judge_aggregate([row], weights, kind, rho)
    alone = robust_expectation([v[i] for i in said], [weights[i] for i in said], kind, rho)
    assert aggregate.reward == [pytest.approx(alone.value, abs=1e-12)]
    q = aggregate.judge_weights[0]
    assert [q[i] for i in said] == pytest.approx(alone.worst_case_probs, abs=1e-12)
    assert all(q[i] == 0 for i in range(len(v)) if i not in said)


def test_without_any_judge_there_is_no_reward():
    reward, weights = robust_judge_aggregate([[None, math.nan], [0.5, None]], [1.0, 0.0], "tv", 0.1)
    assert math.isnan(reward[0])
    assert reward[1] == 0.5
    assert weights == [[0.0, 0.0], [1.0, 0.0]]


def test_scores_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="3 judges, weights has 2"):
        robust_judge_aggregate([[1.0, 0.0, 0.0]], [1.0, 1.0], "kl", 0.1)
    with pytest.raises(ValueError, match="finite numbers, None or NaN"):
        robust_judge_aggregate([[1.0, math.inf]], [1.0, 1.0], "kl", 0.1)
    with pytest.raises(ValueError, match="weights >= 0"):
        robust_judge_aggregate([], [0.0, 0.0], "kl", 0.1)
