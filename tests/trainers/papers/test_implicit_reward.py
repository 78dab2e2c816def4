"""f-SFT's functions against forms of their own in float64: conjugates, guards, special cases, the tabular problem."""

from __future__ import annotations

import math
from typing import Any, get_args

import pytest
import torch
from torch import Tensor

from jurybox.trainers import FSFT, FSFTConfig
from jurybox.trainers.papers.implicit_reward import (
    Divergence,
    f_matching_optimum,
    f_sft_loss_sequence,
    f_sft_loss_token,
    kl_regularised_inner_problem,
    phi_of,
    token_q_v_reward,
)
from jurybox.trainers.papers.implicit_reward.divergences import FORMS
from jurybox.trainers.seam import Demonstrations

ALL: tuple[Divergence, ...] = get_args(Divergence)
OTHERS: tuple[Divergence, ...] = tuple(d for d in ALL if d != "total_variation")
FROM_ZERO: tuple[Divergence, ...] = tuple(d for d in ALL if d != "forward_kl")
GUARDED: tuple[Divergence, ...] = ("squared_hellinger", "reverse_kl", "jensen_shannon")

MU = torch.tensor([0.55, 0.25, 0.15, 0.05], dtype=torch.float64)
REF = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)


@pytest.fixture
def logps() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    policy = -20 + torch.randn(6, generator=generator, dtype=torch.float64)
    return policy.requires_grad_(), -20 + torch.randn(6, generator=generator, dtype=torch.float64)


# ---- φ ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", OTHERS)
@pytest.mark.parametrize("r", [-0.4, 0.2, 0.9, 1.9])
def test_phi_is_minus_the_conjugate(divergence: Divergence, r: float) -> None:
    """−f*(−r) = min_u f(u) + r u, by search; reverse_kl is moved by one in r and in value."""
    r = max(r, FORMS[divergence].above + 0.1)
    u = torch.logspace(-7, 3, 400_001, dtype=torch.float64)
    shift = 1.0 if divergence == "reverse_kl" else 0.0
    expected = (FORMS[divergence].f(u) + (r - shift) * u).min().item() + shift
    phi, _ = phi_of(torch.tensor(r, dtype=torch.float64), divergence)
    assert phi.item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("divergence", ALL)
def test_the_weight_is_the_slope_of_phi(divergence: Divergence) -> None:
    r = torch.tensor([0.1, 0.5, 1.5, 2.5], dtype=torch.float64, requires_grad=True)
    phi, weight = phi_of(r, divergence, linear_extension_below=0.3)
    (slope,) = torch.autograd.grad(phi.sum(), r)
    torch.testing.assert_close(weight, slope, rtol=0, atol=1e-12)


@pytest.mark.parametrize("divergence", GUARDED)
def test_the_guard_is_a_tangent_that_meets_phi(divergence: Divergence) -> None:
    r_min = -0.5
    r = torch.tensor([-50.0, -1.0, -0.75, r_min, r_min + 1e-9], dtype=torch.float64, requires_grad=True)
    phi, weight = phi_of(r, divergence, linear_extension_below=r_min)
    free, steep = phi_of(torch.tensor(r_min, dtype=torch.float64), divergence)
    torch.testing.assert_close(phi, free + steep * (r - r_min), rtol=1e-7, atol=1e-7)
    torch.testing.assert_close(weight, steep.expand_as(weight), rtol=1e-7, atol=0)
    (slope,) = torch.autograd.grad(phi.sum(), r)
    assert torch.isfinite(slope).all()
    torch.testing.assert_close(slope, weight.detach(), rtol=1e-7, atol=0)


@pytest.mark.parametrize(("divergence", "r"), [("squared_hellinger", -1.0), ("jensen_shannon", -0.7)])
def test_without_a_guard_the_domain_is_checked(divergence: Divergence, r: float) -> None:
    with pytest.raises(ValueError, match=rf"{divergence} is defined for implicit rewards above -"):
        phi_of(torch.tensor([0.0, r]), divergence)
    with pytest.raises(ValueError, match="linear_extension_below must be above"):
        phi_of(torch.tensor([0.0]), divergence, linear_extension_below=-1.0)


def test_chi2_is_flat_above_two_or_falls() -> None:
    r = torch.tensor([1.9, 2.0, 5.0], dtype=torch.float64)
    phi, weight = phi_of(r, "pearson_chi2")
    assert phi.tolist() == pytest.approx([0.9975, 1.0, 1.0])
    assert weight.tolist() == pytest.approx([0.05, 0.0, 0.0])
    phi, weight = phi_of(r, "pearson_chi2", clamp_chi2_above_2=False)
    assert phi[2].item() == pytest.approx(-1.25)
    assert weight[2].item() == pytest.approx(-1.5)


# ---- the losses -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("divergence", "phi", "loss", "weight"),
    [
        ("total_variation", 0.2, -2.0, 1.0),
        ("pearson_chi2", 0.19, -1.9, 0.9),
        ("squared_hellinger", 0.166667, -1.66667, 0.694444),
        ("reverse_kl", 0.181269, -1.81269, 0.818731),
        ("jensen_shannon", 0.1665895, -1.665895, 0.693094),
    ],
)
def test_the_worked_example(divergence: Divergence, phi: float, loss: float, weight: float) -> None:
    said = f_sft_loss_sequence(torch.tensor([-18.0]).double(), torch.tensor([-20.0]).double(), divergence=divergence)
    assert said.implicit_reward.item() == pytest.approx(0.2)
    assert [said.phi.item(), said.loss.item(), said.weight.item()] == pytest.approx([phi, loss, weight], rel=1e-5)


@pytest.mark.parametrize("beta", [0.01, 0.3, 2.0])
def test_total_variation_is_plain_sft_whatever_the_reference(logps: tuple[Tensor, Tensor], beta: float) -> None:
    policy, reference = logps
    for ref in (reference, reference + 5, torch.zeros_like(reference)):
        loss = f_sft_loss_sequence(policy, ref, divergence="total_variation", beta=beta).loss
        (slope,) = torch.autograd.grad(loss, policy)
        torch.testing.assert_close(slope, torch.full_like(policy, -1 / 6), rtol=0, atol=1e-15)


@pytest.mark.parametrize("divergence", OTHERS)
def test_every_other_divergence_sees_the_reference(logps: tuple[Tensor, Tensor], divergence: Divergence) -> None:
    policy, reference = logps
    slopes = [
        torch.autograd.grad(
            f_sft_loss_sequence(policy, ref, divergence=divergence, baseline_v=1.0).loss, policy
        )[0]
        for ref in (reference, reference + 1)
    ]  # fmt: skip
    assert (slopes[0] - slopes[1]).abs().min() > 1e-3


@pytest.mark.parametrize("divergence", FROM_ZERO)
@pytest.mark.parametrize("beta", [0.1, 3.0])
def test_the_first_step_is_that_of_plain_sft(logps: tuple[Tensor, Tensor], divergence: Divergence, beta: float) -> None:
    policy, _ = logps
    loss = f_sft_loss_sequence(policy, policy.detach(), divergence=divergence, beta=beta).loss
    (slope,) = torch.autograd.grad(loss, policy)
    torch.testing.assert_close(slope, torch.full_like(policy, -1 / 6), rtol=0, atol=1e-15)


def test_chi2_with_the_best_shared_v_is_mean_and_variance(logps: tuple[Tensor, Tensor]) -> None:
    policy, reference = logps
    z = 0.1 * (policy - reference)
    said = f_sft_loss_sequence(
        policy, reference, divergence="pearson_chi2", baseline_v=-z.mean().item(), clamp_chi2_above_2=False
    )
    assert said.weight.mean().item() == pytest.approx(1.0)  # where V is best
    expected = z.mean() - z.var(unbiased=False) / 4
    assert -0.1 * said.loss.item() == pytest.approx(expected.item(), abs=1e-12)


@pytest.mark.parametrize("divergence", ALL)
def test_one_v_a_demonstration_would_be_plain_sft(logps: tuple[Tensor, Tensor], divergence: Divergence) -> None:
    """V with φ'(z + V) = 1 for the one demonstration of a prompt: every weight is 1. So no such V is offered."""
    policy, reference = (x[:1] for x in logps)
    r = 1.0 if divergence == "forward_kl" else 0.0
    V = r - (0.1 * (policy - reference)).item()
    assert f_sft_loss_sequence(policy, reference, divergence=divergence, baseline_v=V).weight.item() == pytest.approx(1)


@pytest.mark.parametrize("divergence", FROM_ZERO)
@pytest.mark.parametrize("aggregation", ["token_mean", "sequence_mean"])
def test_tokens_are_averaged_where_the_mask_is_one(divergence: Divergence, aggregation: Any) -> None:
    policy = torch.tensor([[-1.0, -2.0, math.nan], [-0.5, math.inf, math.nan], [math.nan] * 3]).double()
    policy.requires_grad_()
    reference = torch.tensor([[-1.5, -1.8, 0.0], [-0.9, 0.0, -math.inf], [0.0] * 3]).double()
    mask = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    said = f_sft_loss_token(
        policy, reference, mask.bool(), divergence=divergence, beta=0.7, aggregation=aggregation
    )  # fmt: skip
    phis = phi_of(0.7 * torch.tensor([0.5, -0.2, 0.4]).double(), divergence, linear_extension_below=-0.5)[0]
    mean = phis.mean() if aggregation == "token_mean" else (phis[:2].mean() + phis[2]) / 3
    assert said.loss.item() == pytest.approx(-mean.item() / 0.7)
    (slope,) = torch.autograd.grad(said.loss, policy)
    assert torch.isfinite(slope).all()
    assert not slope[mask == 0].any()
    assert said.implicit_reward[mask == 0].tolist() == said.phi[mask == 0].tolist() == [0.0] * 6


def test_what_is_masked_may_lie_outside_the_domain() -> None:
    policy, mask = torch.tensor([[-1.0, -1.0]]), torch.tensor([[1, 0]])
    said = f_sft_loss_token(policy, torch.tensor([[-2.0, -1.0]]), mask, divergence="forward_kl")
    assert said.loss.item() == pytest.approx(-1.0)


def test_a_batch_without_a_token_has_no_loss() -> None:
    policy = torch.zeros(2, 3, requires_grad=True)
    loss = f_sft_loss_token(policy, torch.ones(2, 3), torch.zeros(2, 3), divergence="pearson_chi2").loss
    loss.backward()
    assert loss.item() == 0
    assert not policy.grad.any()  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"beta": 0.0}, "beta must be a positive number, not 0.0"),
        ({"beta": math.inf}, "beta must be a positive number, not inf"),
        ({"baseline_v": math.nan}, "baseline_v, the V of all sequences, must be finite, not nan"),
        ({"divergence": "alpha"}, "divergence must be one of total_variation, .*, not 'alpha'"),
        ({"policy_logps": torch.zeros(0), "reference_logps": torch.zeros(0)}, "policy_logps is empty"),
        ({"reference_logps": torch.zeros(3)}, r"reference_logps has shape \(3,\), and policy_logps \(2,\)"),
        ({"policy_logps": torch.tensor([0.0, math.nan])}, "policy_logps has a number that is not finite"),
        ({"reference_logps": torch.tensor([0.0, -math.inf])}, "reference_logps has a number that is not finite"),
        ({"divergence": "forward_kl"}, "forward_kl is defined for implicit rewards above 0"),
        ({"divergence": "jensen_shannon", "linear_extension_below": -0.7}, "must be above -0.6931"),
    ],
)
def test_bad_input_is_named(change: dict[str, Any], said: str) -> None:
    arguments = {
        "policy_logps": torch.zeros(2),
        "reference_logps": torch.zeros(2),
        "divergence": "pearson_chi2",
        **change,
    }
    with pytest.raises(ValueError, match=said):
        f_sft_loss_sequence(**arguments)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"aggregation": "mean"}, "aggregation must be"),
        ({"mask": torch.ones(2, 1)}, r"mask has shape \(2, 1\)"),
        ({"reference_token_logps": torch.zeros(2, 1)}, r"reference_token_logps has shape \(2, 1\)"),
        ({"policy_token_logps": torch.full((2, 2), math.nan)}, "policy_token_logps has a number"),
    ],
)
def test_bad_tokens_are_named(change: dict[str, Any], said: str) -> None:
    tokens = {name: torch.zeros(2, 2) for name in ("policy_token_logps", "reference_token_logps")}
    with pytest.raises(ValueError, match=said):
        f_sft_loss_token(**{**tokens, "mask": torch.ones(2, 2), "divergence": "pearson_chi2", **change})


# ---- Q and V ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 400.0])
def test_token_rewards_telescope(scale: float) -> None:
    generator = torch.Generator().manual_seed(1)
    policy, reference = (scale * torch.randn(7, 11, generator=generator, dtype=torch.float64) for _ in range(2))
    ids = torch.arange(7) % 11
    said = token_q_v_reward(policy, reference, ids, beta=0.3)
    log_ratio = (policy.log_softmax(-1) - reference.log_softmax(-1)).gather(-1, ids[:, None]).sum()
    expected = 0.3 * log_ratio + 0.3 * policy[0].logsumexp(-1)
    assert said.sum_reward.item() == pytest.approx(expected.item(), abs=1e-9)
    assert said.telescoped.item() == pytest.approx(expected.item(), abs=1e-9)
    assert torch.isfinite(said.reward).all()
    torch.testing.assert_close(said.advantage_taken, 0.3 * policy.log_softmax(-1)[torch.arange(7), ids])


def test_a_shift_of_a_states_logits_moves_q_and_v_alone() -> None:
    policy, reference, ids = torch.randn(4, 5).double(), torch.randn(4, 5).double(), torch.arange(4)
    shifted = policy + torch.tensor([[1.0], [-2.0], [300.0], [0.0]]).double()
    one, other = (token_q_v_reward(logits, reference, ids) for logits in (policy, shifted))
    torch.testing.assert_close(one.advantage_taken, other.advantage_taken)
    torch.testing.assert_close(one.implicit_reward_without_values, other.implicit_reward_without_values)
    assert not torch.allclose(one.V, other.V)


def test_no_tokens_have_no_reward() -> None:
    said = token_q_v_reward(torch.zeros(0, 5), torch.zeros(0, 5), torch.zeros(0, dtype=torch.long))
    assert len(said.reward) == 0
    assert said.sum_reward.item() == said.telescoped.item() == 0.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"token_ids": torch.tensor([0, 1])}, r"policy_logits must be \(T, vocabulary\) for token_ids \(T,\)"),
        ({"token_ids": torch.tensor([0, 1, 5])}, "token_ids has a token outside the vocabulary of 5"),
        ({"token_ids": torch.tensor([0, 1, -1])}, "token_ids has a token outside"),
        ({"reference_logits": torch.zeros(3, 4)}, r"reference_logits has shape \(3, 4\)"),
        ({"reference_logits": torch.full((3, 5), math.nan)}, "reference_logits has a logit that is NaN"),
        ({"beta": -1}, "beta must be a positive number, not -1"),
        ({"gamma": 1.5}, "gamma=1.5: give a number from 0 to 1"),
        ({"terminal_value": math.nan}, "terminal_value must be finite"),
    ],
)
def test_what_has_no_values_is_refused(change: dict[str, Any], said: str) -> None:
    logits = {"policy_logits": torch.zeros(3, 5), "reference_logits": torch.zeros(3, 5)}
    with pytest.raises(ValueError, match=said):
        token_q_v_reward(**{**logits, "token_ids": torch.tensor([0, 1, 2]), **change})


# ---- the tabular problem ----------------------------------------------------------------------------------


def test_the_inner_problem_is_a_minimum() -> None:
    rewards = torch.tensor([1.0, -0.5, 0.3, 0.0], dtype=torch.float64)
    best = kl_regularised_inner_problem(rewards, REF, MU, beta=0.4)

    def value(pi: Tensor) -> float:
        return (0.4 * (pi * (pi / REF).log()).sum() - (pi * rewards).sum()).item()

    assert value(best.optimal_probs) == pytest.approx(best.inner_min_value.item(), abs=1e-12)
    for seed in range(20):
        other = torch.rand(4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        assert value(other / other.sum()) > best.inner_min_value.item()
    torch.testing.assert_close(best.outer_objective_total_variation, best.equals_beta_expected_log_ratio)


@pytest.mark.parametrize("divergence", OTHERS)
@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_the_matching_is_a_minimum_and_4_has_its_value(divergence: Divergence, beta: float) -> None:
    best = f_matching_optimum(MU, REF, divergence=divergence, beta=beta)

    def primal(pi: Tensor) -> float:
        return ((MU * FORMS[divergence].f(pi / MU)).sum() + beta * (pi * (pi / REF).log()).sum()).item()

    assert primal(best.policy) == pytest.approx(best.primal_value.item(), abs=1e-12)
    for seed in range(10):
        noise = torch.randn(4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
        near = (best.policy.log() + 1e-3 * noise).softmax(-1)
        assert primal(near) > best.primal_value.item()
    z = beta * (best.policy / REF).log()
    phi, _ = phi_of(z + best.optimal_v, divergence, clamp_chi2_above_2=False)
    assert ((MU * phi).sum() - best.optimal_v).item() == pytest.approx(best.primal_value.item(), abs=1e-8)


@pytest.mark.parametrize("divergence", OTHERS)
def test_the_trainers_loss_with_a_learned_v_arrives_there(divergence: Divergence) -> None:
    """(4) as the trainer has it, on demonstrations that come exactly as often as μ says."""
    start = 1.0 if divergence == "forward_kl" else 0.0
    config = FSFTConfig(
        "unused", use_cpu=True, bf16=False, divergence=divergence, level="sequence", kl_beta=0.5, baseline="shared",
        baseline_v=start, baseline_learning_rate=0.3, linear_extension_below=None, clamp_chi2_above_2=False,
    )  # fmt: skip
    objective, demonstrations = FSFT(config), torch.tensor([0] * 11 + [1] * 5 + [2] * 3 + [3])
    logits = REF.log().clone().requires_grad_()
    for _ in range(400):
        ref_logps = REF.log()[demonstrations, None]
        logps = logits.log_softmax(-1)[demonstrations, None]
        batch = Demonstrations(logps, ref_logps, torch.ones_like(logps), training=True, step=0, max_steps=1)
        losses, _ = objective.loss(batch)
        (slope,) = torch.autograd.grad(losses.mean(), logits)
        objective.end_of_step(lambda value: value)
        logits = (logits - 2.0 * slope).detach().requires_grad_()
    best = f_matching_optimum(MU, REF, divergence=divergence, beta=0.5)
    torch.testing.assert_close(logits.softmax(-1).detach(), best.policy, atol=1e-4, rtol=0)
    assert pytest.approx(best.optimal_v.item(), abs=1e-4) == objective.V


def test_v_stays_in_a_step_without_a_token() -> None:
    objective = FSFT(FSFTConfig("unused", use_cpu=True, bf16=False, baseline="shared"))
    nothing = torch.zeros(2, 3)
    objective.loss(Demonstrations(nothing, nothing, nothing, training=True, step=0, max_steps=1))
    objective.end_of_step(lambda value: value)
    assert objective.V == 0.0


@pytest.mark.parametrize("bad", [{"beta": 0.0}, {"divergence": "kl"}, {"demonstration_probs": torch.zeros(4)},
                                 {"reference_probs": 2 * REF}, {"reference_probs": torch.tensor([1.0, 0, 0, 0])},
                                 {"demonstration_probs": torch.tensor([1.0, 0, 0, 0])}])  # fmt: skip
def test_a_problem_without_a_solution_is_refused(bad: dict[str, Any]) -> None:
    arguments = {"demonstration_probs": MU, "reference_probs": REF, "divergence": "pearson_chi2", "beta": 1.0, **bad}
    with pytest.raises(ValueError, match="must be"):
        f_matching_optimum(**arguments)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rewards": torch.zeros(3)}, "rewards has shape"),
        ({"rewards": torch.tensor([0.0, math.nan, 0.0, 0.0])}, "rewards has a number that is not finite"),
        ({"reference_probs": 2 * REF}, "reference_probs must be probabilities that sum to 1"),
        ({"demonstration_probs": torch.tensor([1.5, -0.5, 0.0, 0.0])}, "demonstration_probs must be probabilities"),
        ({"demonstration_probs": torch.ones(1)}, "demonstration_probs has shape"),
        ({"beta": math.inf}, "beta must be a positive number"),
    ],
)
def test_an_inner_problem_without_meaning_is_refused(change: dict[str, Any], said: str) -> None:
    arguments = {"rewards": torch.zeros(4), "reference_probs": REF, "demonstration_probs": MU, "beta": 1.0, **change}
    with pytest.raises(ValueError, match=said):
        kl_regularised_inner_problem(**arguments)
