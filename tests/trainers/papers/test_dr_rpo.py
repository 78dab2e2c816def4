"""DR-RPO: the regularised policy, the backups on data, planning, and the weights of domains."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from jurybox.rewards.worst_case import robust_expectation
from jurybox.trainers import DRRPOConfig
from jurybox.trainers.papers.dr_rpo import (
    domain_weights,
    linear_kl_backup,
    linear_tv_backup,
    mirror_policy_step,
    regularised_policy,
    robust_regularised_vi,
)

RNG = np.random.default_rng(0)
Q = RNG.normal(size=(5, 4))
REF = RNG.dirichlet(np.ones(4), size=5)
CURRENT = RNG.dirichlet(np.ones(4), size=5)


def kl(p, q):
    return np.where(p > 0, p * np.log(np.where(p > 0, p / q, 1.0)), 0.0).sum(-1)


# ---- the policy ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eta", [0.05, 0.5, 5.0])
def test_the_value_is_what_the_policy_earns_minus_the_price(eta):
    policy, value = regularised_policy(Q, REF, eta)
    np.testing.assert_allclose(value, (policy * Q).sum(-1) - eta * kl(policy, REF), atol=1e-10)
    for other in (REF, CURRENT, 0.99 * policy + 0.01 * CURRENT):
        assert (value >= (other * Q).sum(-1) - eta * kl(other, REF)).all()


def test_a_high_price_gives_the_reference_and_a_low_one_the_best_action():
    policy, value = regularised_policy(Q, REF, 1e6)
    np.testing.assert_allclose(policy, REF, atol=1e-5)
    np.testing.assert_allclose(value, (REF * Q).sum(-1), atol=1e-5)
    policy, value = regularised_policy(Q, REF, 1e-4)
    assert (policy.argmax(-1) == Q.argmax(-1)).all()
    np.testing.assert_allclose(value, Q.max(-1), atol=1e-3)


def test_an_action_that_the_reference_never_takes_is_never_taken():
    policy, value = regularised_policy([[0.0, 0.0, 1e6]], [[0.6, 0.4, 0.0]], 0.5)
    assert policy.tolist() == [[0.6, 0.4, 0.0]]
    assert value.tolist() == [0.0]
    assert mirror_policy_step([[0.0, 9.0]], [[1.0, 0.0]], [[0.5, 0.5]], 0.5, 0.7).tolist() == [[1.0, 0.0]]


def test_a_mirror_step_is_the_best_near_both_policies():
    eta, step = 0.5, 0.7

    def worth(policy):
        return (policy * Q).sum(-1) - eta * kl(policy, REF) - kl(policy, CURRENT) / step

    best = mirror_policy_step(Q, REF, CURRENT, eta, step)
    for other in (REF, CURRENT, 0.999 * best + 0.001 * REF, 0.999 * best + 0.001 * CURRENT):
        assert (worth(best) > worth(other)).all()


def test_mirror_steps_lead_to_the_regularised_policy():
    expected = regularised_policy(Q, REF, 0.5).policy
    np.testing.assert_array_equal(mirror_policy_step(Q, REF, CURRENT, 0.5, math.inf), expected)
    np.testing.assert_allclose(mirror_policy_step(Q, REF, CURRENT, 0.5, 1e9), expected, atol=1e-6)
    policy = CURRENT
    for _ in range(60):
        policy = mirror_policy_step(Q, REF, policy, 0.5, 2.0)
    np.testing.assert_allclose(policy, expected, atol=1e-9)


def tv_backup(**given):
    """A backup from two transitions, of which some arguments are others."""
    return linear_tv_backup(**{
        "Phi": np.eye(2), "V_next": [1.0, 2.0], "phi_query": [0.5, 0.5], "theta": [0.0, 0.0], "lam": 1.0,
        "rho": [0.1, 0.1], "H_minus_h": 3.0, "v_min": 0.0, "beta": 1.0, **given,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: regularised_policy(Q, REF, 0.0), "eta"),
        (lambda: regularised_policy(Q, -REF, 0.5), "ref"),
        (lambda: regularised_policy(Q, 0 * REF, 0.5), "ref"),
        (lambda: mirror_policy_step(Q, REF, CURRENT, 0.5, 0.0), "step"),
        (lambda: mirror_policy_step([[0.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]], 0.5, 1.0), "no action"),
        (lambda: regularised_policy([[math.nan, 1.0]], [[0.5, 0.5]], 0.5), "q has"),
        (lambda: regularised_policy(Q, [[0.5, 0.5]], 0.5), "ref has shape"),
        (lambda: mirror_policy_step(Q, REF, [[0.5, 0.5]], 0.5, 1.0), "current has shape"),
        (lambda: linear_kl_backup(np.eye(2), [1.0, 1.0], 0.0, 0.5, 2.0), "lam"),
        (lambda: linear_kl_backup(np.eye(2), [1.0, 1.0], 1.0, 0.0, 2.0), "reg"),
        (lambda: linear_kl_backup(np.eye(2), [1.0], 1.0, 0.5, 2.0), "V_next has shape"),
        (lambda: tv_backup(V_next=[math.nan, 1.0]), "V_next has a number"),
        (lambda: tv_backup(phi_query=[1.0]), "phi_query has shape"),
        (lambda: tv_backup(theta=[1.0]), "theta has shape"),
        (lambda: tv_backup(rho=[0.1]), "rho has shape"),
        (lambda: tv_backup(rho=[0.1, -0.1]), "rho holds radii"),
        (lambda: tv_backup(beta=-1.0), "beta"),
        (
            lambda: robust_regularised_vi(np.ones((2, 2, 2)), np.ones((2, 2)), np.ones((2, 2)), 0, 1.0, 0.1, "kl"),
            "H is",
        ),
        (lambda: robust_regularised_vi(np.ones((2, 2, 2)), np.ones(2), np.ones((2, 2)), 1, 1.0, 0.1, "kl"), "r is"),
        (
            lambda: robust_regularised_vi(-np.ones((2, 2, 2)), np.ones((2, 2)), np.ones((2, 2)), 1, 1.0, 0.1, "kl"),
            "P holds",
        ),
    ],
)
def test_what_has_no_meaning_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ---- planning and linear backups -------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", ["tv", "kl", "chi2"])
def test_planning_without_a_ball_is_soft_value_iteration_and_a_ball_lowers_it(divergence):
    P, r = RNG.dirichlet(np.ones(5), size=(5, 4)), RNG.random((5, 4))
    plan = robust_regularised_vi(P, r, REF, 3, 0.3, 0.0, divergence)
    value = np.zeros(5)
    for h in (2, 1, 0):
        values = r + P @ value
        np.testing.assert_allclose(plan.Q[h], values, atol=1e-12)
        value = 0.3 * np.log((REF * np.exp(values / 0.3)).sum(-1))
        np.testing.assert_allclose(plan.V[h], value, atol=1e-12)
    robust = robust_regularised_vi(P, r, REF, 3, 0.3, 0.2, divergence)
    assert (robust.V[:2] < plan.V[:2]).all()
    np.testing.assert_allclose(robust.V[2], plan.V[2])
    np.testing.assert_allclose(robust.policy.sum(-1), 1.0)


def one_hot_data(counts=(3, 5)):
    """With one-hot features every coordinate is a state-action pair of its own."""
    Phi = np.repeat(np.eye(2), counts, axis=0)
    return Phi, np.array([1.0, 0.5, 0.2, 0.0, 2.0, 1.5, 0.3, 0.3])


def test_with_one_hot_features_the_backup_is_the_worst_case_of_each_coordinate():
    Phi, V = one_hot_data()
    backup = linear_tv_backup(Phi, V, [0.4, 0.6], [0.1, 0.2], 1e-12, [0.2, 0.3], 2.0, 0.0, 0.5)
    for own, rho, nu in zip((V[:3], V[3:]), (0.2, 0.3), backup.nu, strict=True):
        # v_min = 0 is listed with no weight: the adversary may go where no sample was.
        weights = [*[1 / len(own)] * len(own), 0.0]
        assert nu == pytest.approx(robust_expectation([*own, 0.0], weights, "tv", rho).value, abs=1e-9)


def test_bonus_and_cap_of_the_linear_backup():
    Phi, V = one_hot_data()
    backup = linear_tv_backup(Phi, V, [0.4, 0.6], [0.1, 0.2], 1.0, [0.2, 0.3], 9.0, 0.0, 0.5)
    widths = np.sqrt([1 / 4, 1 / 6])
    assert backup.bonus_l1 == pytest.approx(0.5 * (0.4 * widths[0] + 0.6 * widths[1]))
    assert backup.bonus_l2 == pytest.approx(0.5 * math.hypot(0.4 * widths[0], 0.6 * widths[1]))
    plain = 0.4 * (0.1 + backup.nu[0]) + 0.6 * (0.2 + backup.nu[1])
    assert backup.q_optimistic == pytest.approx(plain + backup.bonus_l1)
    assert linear_tv_backup(Phi, V, [0.4, 0.6], [0.1, 0.2], 1.0, [0.2, 0.3], 0.5, 0.0, 0.5).q_optimistic == 0.5


def test_without_a_radius_the_smallest_of_the_equal_breakpoints_is_taken():
    Phi, V = one_hot_data()
    assert linear_tv_backup(Phi, V, [1, 0], [0, 0], 0.1, [0, 0], 5.0, 0.0, 0.0).alpha.tolist() == [1.0, 2.0]


def test_before_the_first_transition_only_the_bonus_speaks():
    backup = tv_backup(Phi=[], V_next=[], theta=[1.0, 0.0], beta=0.5)
    assert backup.nu.tolist() == [0.0, 0.0]
    assert backup.q_optimistic == pytest.approx(1.0)  # ⟨φ, θ⟩ and β Σ φ / √λ, half each


@pytest.mark.parametrize(("H", "expected"), [(9.0, [2.0, 3.0]), (2.5, [2.0, 2.5])])
def test_a_small_price_makes_the_kl_backup_the_least_value(H, expected):
    nu = linear_kl_backup(np.eye(2), [2.0, 3.0], 1e-9, 1e-3, H)  # exp(-2000) is 0
    np.testing.assert_allclose(nu, expected, atol=1e-6)


def test_the_kl_backup_with_one_hot_features_is_the_penalised_worst_case():
    Phi, V = one_hot_data()
    nu = linear_kl_backup(Phi, V, 1e-12, 0.5, 5.0)
    expected = [-0.5 * math.log(np.exp(-own / 0.5).mean()) for own in (V[:3], V[3:])]
    assert nu == pytest.approx(expected, abs=1e-9)
    assert linear_kl_backup(-Phi, V, 1.0, 0.5, 5.0) == pytest.approx([5.0, 5.0])


# ---- domains ---------------------------------------------------------------------------------------------

SCORES = torch.tensor([1.0, 0.8, 0.1, 0.3, torch.nan, 0.5, torch.nan])
DOMAINS = ["a", "a", "b", "b", "b", "c", "d"]


@pytest.mark.parametrize("divergence", ["tv", "kl", "chi2"])
def test_weights_have_mean_one_and_lift_the_worst_domain(divergence):
    found = domain_weights(SCORES, DOMAINS, divergence=divergence, rho=0.2)
    assert found.rows[~SCORES.isnan()].mean().item() == pytest.approx(1.0, abs=1e-6)
    assert list(found.domains) == ["a", "b", "c"]
    assert found.domains["b"].weight > 1 > found.domains["a"].weight
    assert found.rows[4] == found.rows[3]  # a row without a score has its domain's weight
    assert found.rows[6] == 1.0
    expected = robust_expectation([0.9, 0.2, 0.5], [0.4, 0.4, 0.2], divergence, 0.2)
    assert found.value == pytest.approx(expected.value, abs=1e-6)
    assert [d.weight * d.share for d in found.domains.values()] == pytest.approx(expected.worst_case_probs, abs=1e-6)


def test_a_weighted_policy_gradient_is_the_gradient_of_the_worst_case():
    logits = torch.tensor([0.3, -0.2, 0.9], dtype=torch.float64, requires_grad=True)  # of success, by domain
    domains = ["a", "b", "c"]

    def means(x):
        return torch.sigmoid(x)

    found = domain_weights(means(logits).detach(), domains, divergence="kl", rho=0.1)
    (gradient,) = torch.autograd.grad((found.rows * means(logits)).sum() / 3, logits)
    for place in range(3):
        worths = []
        for sign in (1, -1):
            moved = logits.detach().clone()
            moved[place] += sign * 1e-5
            worths.append(robust_expectation(means(moved).tolist(), None, "kl", 0.1).value)
        assert gradient[place].item() == pytest.approx((worths[0] - worths[1]) / 2e-5, abs=1e-6)


def test_nothing_changes_with_radius_zero_or_one_domain_or_no_score():
    assert domain_weights(SCORES, DOMAINS, divergence="kl", rho=0.0).rows.tolist() == [1.0] * 7
    assert domain_weights(SCORES, ["a"] * 7, divergence="kl", rho=5.0).rows.tolist() == [1.0] * 7
    nothing = domain_weights(torch.full((2,), torch.nan), ["a", "b"], divergence="kl", rho=0.1)
    assert nothing.rows.tolist() == [1.0, 1.0]
    assert math.isnan(nothing.value)


@pytest.mark.parametrize("bad", [{"rho": -0.1}, {"divergence": "js"}])
def test_a_bad_ball_is_refused_by_the_config(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        DRRPOConfig("out", **bad)
