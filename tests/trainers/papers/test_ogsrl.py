"""OGSRL's equations: Lagrangian, CPO's step, the guarded rollout and the model of the patient, beyond their numbers."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.trainers.objectives import clipped_surrogate
from jurybox.trainers.papers.ogsrl import (
    NearestNeighbour,
    cpo_step,
    cpo_step_by_products,
    dual_ascent,
    guarded_rollout,
    lagrangian_advantage,
    lagrangian_ppo_loss,
    sepsis_safety_cost,
)

# The primal-dual form.


def test_without_multipliers_it_is_ppo_bit_for_bit():
    logp, old, a, c, o = torch.randn(5, 40)
    logp.requires_grad_()
    ours = lagrangian_ppo_loss(logp, old, a, c, o, 0.0, 0.0)
    ppo = clipped_surrogate((logp - old).exp(), a, 0.2, 0.2).mean()
    (mine,), (theirs,) = torch.autograd.grad(ours, logp), torch.autograd.grad(ppo, logp)
    assert ours.item() == ppo.item()
    assert torch.equal(mine, theirs)


def test_multipliers_and_advantages_are_constants_of_the_policy_s_step():
    advantages = [torch.randn(6, requires_grad=True) for _ in range(3)]
    assert not lagrangian_advantage(*advantages, 1.0, 2.0).requires_grad


def test_a_multiplier_rises_while_the_limit_is_exceeded_falls_to_zero_and_stops_at_the_cap():
    limits = {"limit_safety": 0.5, "limit_ood": 0.1, "lr": 0.5}
    safety, ood = zip(*dual_ascent([2.0] * 4 + [0.0] * 20, [9.0] * 24, cap=7.0, **limits), strict=True)
    assert list(safety[:4]) == sorted(safety[:4])
    assert safety[3] == pytest.approx(3.0)
    assert safety[-1] == 0.0
    assert ood[-1] == 7.0  # a limit that cannot be kept


def test_wrong_settings_say_what_is_asked_for():
    one = torch.ones(2)
    with pytest.raises(ValueError, match=r"lambda_ood=-1\.0: a multiplier is never negative"):
        lagrangian_advantage(one, one, one, 0.0, -1.0)
    with pytest.raises(ValueError, match="adv_cost has shape"):
        lagrangian_advantage(one, torch.ones(1), one, 0.0, 0.0)
    with pytest.raises(ValueError, match="adv_ood has a number that is not finite"):
        lagrangian_advantage(one, one, one * math.nan, 0.0, 0.0)
    with pytest.raises(ValueError, match="eta=0"):
        dual_ascent([1.0], [1.0], limit_safety=0.5, limit_ood=0.5, lr=0.0)
    with pytest.raises(ValueError, match="2 safety costs and 1 OOD costs"):
        dual_ascent([1.0, 1.0], [1.0], limit_safety=0.5, limit_ood=0.5, lr=0.1)


# CPO's step.


def problem(seed: int, n: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    root = torch.randn(n, n, generator=generator, dtype=torch.float64)
    g, b = torch.randn(2, n, generator=generator, dtype=torch.float64)
    return g, b, root @ root.T + 0.1 * torch.eye(n, dtype=torch.float64)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(-0.5, 0.5))
def test_no_random_step_that_is_allowed_is_better(seed, c):
    g, b, H = problem(seed)
    delta = 0.05
    found = cpo_step(g, b, c, H, delta=delta)
    assert found.kl <= delta + 1e-9
    assert found.step @ H @ found.step / 2 == pytest.approx(found.kl, abs=1e-9)
    assert c + b @ found.step == pytest.approx(found.constraint_after, abs=1e-9)
    drawn = torch.randn(10_000, 3, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    radius = (2 * delta / ((drawn @ H) * drawn).sum(-1)).sqrt() * torch.rand(10_000, dtype=torch.float64) ** 0.1
    drawn *= radius[:, None]
    after = c + drawn @ b
    if found.branch == "recovery":  # nothing is allowed: then nothing violates less
        assert found.constraint_after >= -1e-9
        assert found.constraint_after <= after.min() + 1e-9
        return
    assert found.constraint_after <= 1e-6
    allowed = drawn[after <= 0]
    assert not len(allowed) or found.objective >= (allowed @ g).max() - 1e-9


@pytest.mark.parametrize(("g", "c", "branch", "step"), [
    (1.0, -1.0, "trust_region_only", 0.1), (1.0, -0.05, "constrained", 0.05), (1.0, 1.0, "recovery", -0.1),
    (0.0, 0.05, "constrained", -0.05), (0.0, -1.0, "trust_region_only", 0.0),
])  # fmt: skip
def test_in_one_dimension(g, c, branch, step):
    found = cpo_step(torch.tensor([g]), torch.ones(1), c, torch.ones(1, 1), delta=0.005)
    assert found.branch == branch
    assert found.step.item() == pytest.approx(step, abs=1e-6)


def test_a_cost_without_a_gradient_is_left_alone():
    found = cpo_step(torch.ones(2), torch.zeros(2), 3.0, torch.eye(2), delta=0.01)
    assert found.branch == "trust_region_only"
    assert found.constraint_after == 3.0


@pytest.mark.parametrize("c", [-2.0, -0.1, 0.1, 2.0])
def test_products_with_the_fisher_matrix_are_enough(c):
    g, b, H = problem(4, n=8)
    written, by_products = cpo_step(g, b, c, H), cpo_step_by_products(g, b, c, lambda x: H @ x, iterations=20)
    assert written.branch == by_products.branch
    torch.testing.assert_close(written.step, by_products.step)


def test_a_fisher_matrix_that_is_none_is_refused():
    for H in (-torch.eye(2), torch.tensor([[1.0, 0.5], [0.0, 1.0]]), torch.zeros(2, 2)):
        with pytest.raises(ValueError, match="symmetric and positive definite"):
            cpo_step(torch.ones(2), torch.ones(2), 0.0, H)
    with pytest.raises(ValueError, match="delta"):
        cpo_step(torch.ones(2), torch.ones(2), 0.0, torch.eye(2), delta=0.0)


# The rollout and the model.

SETTINGS = {"threshold": 0.1, "penalty_cost": 2.0, "horizon": 5}


def rolled(density, beyond=(0, 0, 0), last=(0, 0, 0), **changes):
    return guarded_rollout([-3.0, -20.0, -1.0], [0, 1, 0], density, beyond, last, **SETTINGS | changes)


@pytest.mark.parametrize(("density", "beyond"), [([0.5, 0.05, 0.5], (0, 0, 0)), ([0.5, 0.5, 0.5], (0, 1, 0)),
                                                 ([0.5, math.nan, 0.5], (0, 0, 0))])  # fmt: skip
def test_once_outside_the_penalty_lasts_to_the_end(density, beyond):
    episode = rolled(density, beyond)
    assert episode.reward == [-3.0] + [-25.0] * 4
    assert episode.cost == [0] + [2.0] * 4
    assert episode.ood == [0, 1, 1, 1, 1]
    assert episode.done == [0] * 5  # a time limit, to be bootstrapped


def test_episodes_end_where_the_record_ends_the_horizon_or_the_records():
    outside_at_the_last = rolled([0.5, 0.0, 0.5], last=(0, 1, 0))
    assert outside_at_the_last.reward == [-3.0, -25.0]
    assert outside_at_the_last.done == [0, 1]
    assert rolled([0.5] * 3, last=(0, 1, 0)).done == [0, 1]
    assert rolled([0.5] * 3).reward == [-3.0, -12.5, -2.5]
    assert rolled([0.5] * 3, horizon=2).length == 2
    assert rolled([0.1] * 3).ood == [0, 0, 0]  # equality is inside
    assert rolled([0.0] * 3, horizon=0).length == 0


def test_a_negative_cost_is_refused():
    with pytest.raises(ValueError, match="a cost is 0 or more"):
        guarded_rollout([0.0], [-1.0], [1.0], [0], [0], threshold=0.0)
    with pytest.raises(ValueError, match="a cost is 0 or more"):
        rolled([1.0] * 3, penalty_cost=-1.0)


def test_what_was_not_measured_costs_nothing():
    assert sepsis_safety_cost({}) == 0
    assert sepsis_safety_cost({"spo2": 91, "output_total": math.nan, "weight_kg": 70}) == 1


def test_the_first_of_equally_near_records_counts():
    model = NearestNeighbour([[1.0], [-1.0], [1.0]], [[0.0], [1.0], [2.0]])
    assert model([[0.0], [0.9], [-0.1]]).index.tolist() == [0, 0, 1]
    assert model([[5.0]]).next_state.tolist() == [[0.0]]
    with pytest.raises(ValueError, match="3 keys and 1 next states"):
        NearestNeighbour([[1.0]] * 3, [[0.0]])
    with pytest.raises(ValueError, match="not finite"):
        NearestNeighbour([[math.nan]], [[0.0]])
