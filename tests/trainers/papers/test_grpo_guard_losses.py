"""The equations of Flow-GRPO and GRPO-Guard: identities, what is known in closed form, and what must be refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from jurybox.trainers.diffusion.advantages import group_advantage
from jurybox.trainers.diffusion.sde import flow_matching_sigmas, sde_step, transition
from jurybox.trainers.papers.grpo_guard.losses import flow_grpo_loss, guard_loss

SIGMAS = flow_matching_sigmas(10)


def rollout(j: int, rows: int = 4, dims: int = 6, drift: float = 0.05, seed: int = 0, schedule: str = "flow_grpo"):
    """(arguments of a loss, ε, μ_θ − μ_old) of step j, with a velocity that has moved since."""
    generator = torch.Generator().manual_seed(seed)
    x, v, eps, move = (torch.randn(rows, dims, generator=generator, dtype=torch.float64) for _ in range(4))
    step = {"sigma": SIGMAS[j], "sigma_next": SIGMAS[j + 1], "sigma_max": SIGMAS[1], "noise_level": 0.7}
    old = sde_step(x, v, eps, **step, schedule=schedule)
    new = (v + drift * move).requires_grad_()
    arguments = {
        "x": x, "prev_sample": old.prev_sample, "v": new, "log_prob_old": old.log_prob, "mean_old": old.mean,
        "advantages": torch.randn(rows, generator=generator, dtype=torch.float64), **step, "schedule": schedule,
    }  # fmt: skip
    moved = transition(**step, schedule=schedule).mean(x, new.detach()) - old.mean
    return arguments, eps, moved


@given(st.integers(0, 8), st.floats(0, 0.5), st.integers(0, 1000), st.sampled_from(["flow_grpo", "constant"]))
def test_the_log_ratio_is_the_mean_of_the_move_along_the_noise(j, drift, seed, schedule):
    arguments, eps, moved = rollout(j, drift=drift, seed=seed, schedule=schedule)
    log_ratio = guard_loss(**arguments).ratio.log()
    assert torch.allclose(log_ratio, (moved * eps).mean(1), rtol=0, atol=1e-10)


@pytest.mark.parametrize("bias_reduction", ["sample", "batch"])
def test_on_policy_the_ratio_is_one_and_the_gradient_that_of_the_score(bias_reduction):
    arguments, eps, _ = rollout(4, drift=0.0)
    result = guard_loss(**arguments, clip_range=1e-3, bias_reduction=bias_reduction)
    assert torch.equal(result.ratio, torch.ones(4, dtype=torch.float64))
    (slope,) = torch.autograd.grad(result.loss, arguments["v"])
    # log r̂ = mean(dμ·ε), and dμ/dv = −h·(1 + s²(1−σ)/(2σ))
    step = transition(SIGMAS[4], SIGMAS[5], SIGMAS[1], 0.7)
    dmu_dv = -step.h * (1 + step.noise_level**2 * (1 - step.sigma) / (2 * step.sigma))
    score = eps * dmu_dv / eps.shape[1]
    expected = -(arguments["advantages"] / step.h).unsqueeze(1) * score / 4
    assert torch.allclose(slope, expected, rtol=1e-9, atol=1e-12)


def statistics(loss, j: int, rows: int = 4000, dims: int = 64) -> tuple[float, float]:
    """(mean − 1, standard deviation) of the ratio, in batches' worth of the perturbation 0.05·N(0, 1)."""
    ratio = loss(**rollout(j, rows, dims, seed=j)[0]).ratio.detach()
    return (ratio.mean() - 1).item(), ratio.std().item()


def test_the_plain_ratio_is_biased_and_the_guarded_one_is_not():
    means, deviations = zip(*(statistics(flow_grpo_loss, j) for j in (4, 6, 8)), strict=True)
    for mean, expected in zip(means, (-8.7e-5, -3.6e-4, -2.8e-3), strict=True):
        assert mean == pytest.approx(expected, rel=0.25, abs=6e-5)
    for deviation, expected in zip(deviations, (1.7e-3, 3.4e-3, 9.2e-3), strict=True):
        assert deviation == pytest.approx(expected, rel=0.06)
    for mean, deviation in list(zip(means, deviations, strict=True))[1:]:
        assert abs(mean) > 4 * deviation / math.sqrt(4000)
    for j in range(10):
        mean, deviation = statistics(guard_loss, j)
        assert abs(mean) < 4 * deviation / math.sqrt(4000)
        spread = deviation / (SIGMAS[j] - SIGMAS[j + 1])
        assert 0.0073 < spread < 0.0082 if j else spread == pytest.approx(0.0062, abs=3e-4)


def test_the_bias_of_the_whole_batch_is_another_number_off_policy():
    arguments, *_ = rollout(6, drift=0.2)
    of_samples, of_batch = (guard_loss(**arguments, bias_reduction=kind).ratio for kind in ("sample", "batch"))
    assert not torch.allclose(of_samples, of_batch)
    assert of_samples.log().mean().item() == pytest.approx(of_batch.log().mean().item())  # one bias, shared out


def test_a_worked_example():
    x, eps = torch.tensor([[1.0, -1.0]]).double(), torch.tensor([[1.0, -2.0]]).double()
    step = {"sigma": 0.5, "sigma_next": 0.4, "sigma_max": 0.9, "noise_level": 0.7}
    old = sde_step(x, torch.tensor([[0.5, 0.0]]).double(), eps, **step)
    assert old.mean[0].tolist() == pytest.approx([0.88875, -0.951], abs=1e-9)
    assert old.prev_sample[0].tolist() == pytest.approx([1.11011, -1.39372], abs=1e-5)
    moved = {"v": torch.tensor([[0.7, 0.2]]).double(), "log_prob_old": old.log_prob, "mean_old": old.mean}
    rest = {"x": x, "prev_sample": old.prev_sample, "advantages": torch.ones(1).double(), **moved, **step}
    assert guard_loss(**rest, clip_range=0.005).ratio.item() == pytest.approx(1.01253, abs=1e-5)
    assert guard_loss(**rest, clip_range=0.005).loss.item() == pytest.approx(-10.05, abs=1e-9)
    assert guard_loss(**rest, clip_range=0.05).loss.item() == pytest.approx(-10.1253, abs=1e-4)


def test_the_clip_takes_the_gradient_on_one_side_only():
    arguments, *_ = rollout(8, rows=64, drift=0.3)
    for loss, clip_range in ((flow_grpo_loss, 1e-3), (guard_loss, 1e-4)):
        result = loss(**arguments, clip_range=clip_range)
        (slope,) = torch.autograd.grad(result.loss, arguments["v"])
        gain = arguments["advantages"] > 0
        cut = torch.where(gain, result.ratio > 1 + clip_range, result.ratio < 1 - clip_range)
        assert torch.equal(slope.abs().sum(1) == 0, cut)
        assert cut.any()
        assert not cut.all()


def test_advantages_beyond_the_limit_are_clamped_in_the_loss_alone():
    arguments, *_ = rollout(3)
    far = {**arguments, "advantages": torch.tensor([9.0, -9.0, 0.0, 1.0], dtype=torch.float64)}
    near = {**far, "advantages": far["advantages"].clamp(-5, 5)}
    for loss in (flow_grpo_loss, guard_loss):
        assert torch.equal(loss(**far).losses, loss(**near).losses)
    huge = torch.tensor([0.0] * 63 + [1.0], dtype=torch.float64)
    assert group_advantage(["a"] * 64, huge).max() > 5


def test_unscored_rewards_take_no_part():
    nan = math.nan
    rewards = torch.tensor([1.0, nan, 3.0, nan, 5.0, math.inf, -math.inf])
    got = group_advantage(["a", "a", "a", "b", "b", "b", "a"], rewards)
    assert got.tolist() == pytest.approx([-1 / 1.0001, 0, 1 / 1.0001, 0, 0, 0, 0], abs=1e-6)
    of_all = group_advantage(["a", "a", "b", "b"], torch.tensor([0.0, 2.0, 10.0, 10.0]), global_std=True)
    std = torch.tensor([0.0, 2.0, 10.0, 10.0]).std(correction=0).item()
    assert of_all.tolist() == pytest.approx([-1 / (std + 1e-4), 1 / (std + 1e-4), 0, 0], abs=1e-6)
    assert group_advantage(["a"] * 10, torch.full((10,), 0.1)).tolist() == [0.0] * 10


def test_the_schedule_is_that_of_diffusers():
    scheduler = pytest.importorskip("diffusers").FlowMatchEulerDiscreteScheduler
    for steps, shift in ((10, 3.0), (40, 3.0), (7, 1.0)):
        theirs = scheduler(num_train_timesteps=1000, shift=shift)
        theirs.set_timesteps(steps)
        assert flow_matching_sigmas(steps, shift) == pytest.approx(theirs.sigmas.tolist(), abs=1e-6)


def zeros(rows: int = 1) -> Tensor:
    return torch.zeros(rows, 2)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: sde_step(zeros(), zeros(), zeros(), 0.5, 0.4, 0.9, 0.0), "noise_level"),
        (lambda: sde_step(zeros(), zeros(), zeros(), 0.5, 0.6, 0.9, 0.7), "sigma_next"),
        (lambda: sde_step(zeros(), zeros(), zeros(), 1.0, 0.6, 1.0, 0.7), "sigma_max"),
        (lambda: sde_step(zeros(), zeros(), zeros(), 0.5, 0.4, 0.9, 0.7, "cosine"), "schedule must be one of"),
        (lambda: sde_step(zeros(), zeros() * math.nan, zeros(), 0.5, 0.4, 0.9, 0.7), "v has a number"),
        (lambda: sde_step(zeros(), zeros(2), zeros(), 0.5, 0.4, 0.9, 0.7), "v has shape"),
        (lambda: guard_loss(**rollout(3)[0], clip_range=0.0), "clip_range"),
        (lambda: guard_loss(**rollout(3)[0], bias_reduction="sum"), "bias_reduction must be one of"),
        (lambda: group_advantage(["a"], zeros()[0]), "rewards"),
        (lambda: flow_matching_sigmas(1), "steps"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(call, told):
    with pytest.raises(ValueError, match=told):
        call()
