"""MDPO's pure functions against plain float64 arithmetic, torch's own distributions and enumeration."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, Normal, kl_divergence

from jurybox.trainers.objectives import kl_k3
from jurybox.trainers.papers.mdpo import (
    gae,
    half_mean_square,
    mdpo_off_policy_losses,
    mdpo_on_policy_loss_categorical,
    mdpo_on_policy_loss_diag_gaussian,
    mdpo_step_size_schedule,
    mdpo_token_loss_full_kl,
    mdpo_token_loss_sampled_kl,
    mirror_descent_exact_steps,
    sampled_kl,
    step_size,
    tsallis_log,
)


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


MASK = torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]])


# ---- step sizes and exact steps ------------------------------------------------------------------------------


def test_the_schedule_ends_above_zero() -> None:
    assert mdpo_step_size_schedule(10) == pytest.approx([1 - k / 10 for k in range(10)])
    assert mdpo_step_size_schedule(1) == [1.0]
    for k, K in ((10, 10), (-1, 10)):
        with pytest.raises(ValueError, match="k must be one of"):
            step_size(k, K)
    for K in (0, -3, 2.5):
        with pytest.raises(ValueError, match="K must be a whole number of iterations"):
            mdpo_step_size_schedule(K)  # type: ignore[arg-type]


def test_exact_steps_concentrate_on_the_best_arm() -> None:
    start = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
    probs = mirror_descent_exact_steps(start, torch.tensor([0.0, 0.3, 0.6, 0.9]), [1.0] * 12)
    best = [0.1, *probs[:, 3].tolist()]
    assert all(earlier < later for earlier, later in pairwise(best))
    assert best[-1] > 0.9
    assert probs.sum(-1).tolist() == pytest.approx([1.0] * 12)


def test_an_impossible_arm_stays_impossible() -> None:
    probs = mirror_descent_exact_steps(torch.tensor([0.5, 0.5, 0.0]), torch.tensor([0.0, 1.0, 9.0]), [1.0, 0.5])
    assert probs[:, 2].tolist() == [0.0, 0.0]
    assert torch.isfinite(probs).all()
    with pytest.raises(ValueError, match="initial_probs"):
        mirror_descent_exact_steps(torch.tensor([-0.5, 1.5]), torch.tensor([0.0, 1.0]), [1.0])


def test_gradient_steps_on_the_loss_reach_the_exact_step() -> None:
    """From a uniform policy, whose actions are all enumerated, so that the mean is the expectation."""
    rewards, t_k = torch.tensor([0.0, 0.2, 1.0], dtype=torch.float64), 0.7
    logits, old = torch.zeros(1, 3, dtype=torch.float64, requires_grad=True), torch.zeros(3, 3, dtype=torch.float64)
    advantages = rewards - rewards.mean()
    for _ in range(300):
        loss = mdpo_on_policy_loss_categorical(
            logits.expand(3, 3), old, torch.arange(3), advantages, t_k, standardize_advantages=False
        ).loss
        (slope,) = torch.autograd.grad(loss, logits)
        logits = (logits - slope).detach().requires_grad_()
    exact = mirror_descent_exact_steps(torch.full((3,), 1 / 3, dtype=torch.float64), rewards, [t_k])
    torch.testing.assert_close(logits.softmax(-1), exact, atol=1e-9, rtol=0)


# ---- on-policy losses ------------------------------------------------------------------------------------------


def test_categorical_loss_is_that_of_torchs_distributions() -> None:
    new, old, actions, raw = normal(6, 4), normal(6, 4, seed=1), torch.tensor([0, 1, 2, 3, 0, 1]), normal(6, seed=2)
    pi, pi_k = Categorical(logits=new), Categorical(logits=old)
    advantages = (raw - raw.mean()) / (raw.std(correction=0) + 1e-8)
    ratio = (pi.log_prob(actions) - pi_k.log_prob(actions)).exp()
    expected = -((ratio * advantages).mean() - kl_divergence(pi, pi_k).mean() / 0.3)
    ours = mdpo_on_policy_loss_categorical(new, old, actions, raw, 0.3)
    torch.testing.assert_close(ours.loss, expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("rows_of_std", [None, 6])
def test_gaussian_loss_is_that_of_torchs_distributions(rows_of_std: int | None) -> None:
    shape = (2,) if rows_of_std is None else (rows_of_std, 2)
    mean, std, old_mean, old_std = normal(6, 2), normal(*shape, seed=1), normal(6, 2, seed=2), normal(*shape, seed=3)
    actions, raw = normal(6, 2, seed=4), normal(6, seed=5)
    pi, pi_k = (Independent(Normal(m, s.exp()), 1) for m, s in ((mean, std), (old_mean, old_std)))
    ratio = (pi.log_prob(actions) - pi_k.log_prob(actions)).exp()
    expected = -((ratio * raw).mean() - kl_divergence(pi, pi_k).mean() / 0.9)
    ours = mdpo_on_policy_loss_diag_gaussian(
        mean, std, old_mean, old_std, actions, raw, 0.9, standardize_advantages=False
    )
    torch.testing.assert_close(ours.loss, expected, atol=1e-10, rtol=1e-12)


def test_the_first_inner_step_is_a_policy_gradient() -> None:
    logits, actions, raw = normal(5, 3).requires_grad_(), torch.tensor([0, 1, 2, 0, 1]), normal(5, seed=1)
    ours = mdpo_on_policy_loss_categorical(logits, logits.detach(), actions, raw, 0.1, standardize_advantages=False)
    assert ours.loss.item() == pytest.approx(-raw.mean().item())
    assert ours.mean_kl.item() == 0
    plain = -(Categorical(logits=logits).log_prob(actions) * raw).mean()
    torch.testing.assert_close(*torch.autograd.grad(ours.loss, logits), *torch.autograd.grad(plain, logits))


@pytest.mark.parametrize("eps", [0.0, 1e-8])
def test_equal_advantages_are_no_advantages(eps: float) -> None:
    raw = torch.full((3,), 0.1, dtype=torch.float64)  # whose mean is not 0.1
    ours = mdpo_on_policy_loss_categorical(normal(3, 2), normal(3, 2), torch.tensor([0, 1, 1]), raw, 1.0, std_eps=eps)
    assert ours.advantages.tolist() == [0.0, 0.0, 0.0]
    assert ours.loss.item() == 0.0


def test_actions_that_are_masked_out_have_no_kl() -> None:
    logits = torch.tensor([[0.0, 1.0, -math.inf]], requires_grad=True)
    ours = mdpo_on_policy_loss_categorical(
        logits, torch.tensor([[1.0, 0.0, -math.inf]]), torch.tensor([1]), torch.ones(1), 1.0
    )
    ours.loss.backward()
    assert logits.grad is not None
    assert torch.isfinite(logits.grad).all()
    assert torch.isfinite(ours.mean_kl)


# ---- tokens ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ["ratio_log_ratio_minus_ratio_plus_1", "ratio_log_ratio"])
@pytest.mark.parametrize("aggregation", ["token_mean", "sequence_mean", "fixed_length"])
def test_token_loss_is_that_of_plain_arithmetic(estimator: str, aggregation: str) -> None:
    new, old, advantages, t_k = normal(3, 4) / 4, normal(3, 4, seed=1) / 4, [1.5, -0.5, 2.0], 0.4
    rows, kls = [], []
    for b in range(3):
        row = []
        for t in range(int(MASK[b].sum())):
            d = new[b, t].item() - old[b, t].item()
            rho = math.exp(d)
            kls.append(rho * d - rho + 1 if estimator.endswith("1") else rho * d)
            row.append(-(rho * advantages[b] - kls[-1] / t_k))
        rows.append(row)
    expected = {
        "token_mean": sum(map(sum, rows)) / 6,
        "sequence_mean": sum(sum(row) / max(len(row), 1) for row in rows) / 3,
        "fixed_length": sum(map(sum, rows)) / (3 * 10),
    }
    ours = mdpo_token_loss_sampled_kl(
        new, old, torch.tensor(advantages), MASK, t_k,
        kl_estimator=estimator, aggregation=aggregation, max_completion_length=10,  # type: ignore[arg-type]
    )  # fmt: skip
    assert ours.loss.item() == pytest.approx(expected[aggregation], abs=1e-12)
    assert ours.mean_kl_estimate.item() == pytest.approx(sum(kls) / 6, abs=1e-12)
    assert ours.ratio[MASK == 0].eq(0).all()


def test_the_gradient_by_a_log_probability() -> None:
    new, old, advantages = normal(3, 4).requires_grad_(), normal(3, 4, seed=1), normal(3, seed=2)
    ours = mdpo_token_loss_sampled_kl(new, old, advantages, MASK, 0.4)
    d = (new - old).detach()
    expected = -(d.exp() * advantages.unsqueeze(1) - d.exp() * d / 0.4) / 6 * MASK
    torch.testing.assert_close(*torch.autograd.grad(ours.loss, new), expected, atol=1e-12, rtol=0)


def test_tokens_of_the_sampling_policy_give_a_policy_gradient() -> None:
    logits = normal(3, 4, 7).requires_grad_()
    ids, advantages = torch.randint(7, (3, 4), generator=torch.Generator().manual_seed(0)), normal(3, seed=1)
    full = mdpo_token_loss_full_kl(logits, logits.detach(), ids, advantages, MASK, 0.2)
    logps = Categorical(logits=logits).log_prob(ids)
    sampled = mdpo_token_loss_sampled_kl(logps, logps.detach(), advantages, MASK, 0.2)
    plain = -(logps * advantages.unsqueeze(1) * MASK).sum() / 6
    (slope,) = torch.autograd.grad(plain, logits, retain_graph=True)
    for ours in (full, sampled):
        assert ours.kl_per_token.eq(0).all()
        assert ours.loss.item() == pytest.approx(-(advantages.unsqueeze(1) * MASK).sum().item() / 6)
        torch.testing.assert_close(*torch.autograd.grad(ours.loss, logits, retain_graph=True), slope)


def test_the_sampled_kl_has_the_exact_kls_value_and_gradient() -> None:
    """In expectation over all six actions of the old policy; GRPO's estimator has neither without the ratio."""
    logits, old = normal(6).requires_grad_(), Categorical(logits=normal(6, seed=1))
    new = Categorical(logits=logits)
    exact = kl_divergence(new, old)
    (slope,) = torch.autograd.grad(exact, logits, retain_graph=True)

    def off(per_action: Tensor) -> float:
        expectation = (old.probs * per_action).sum()
        (ours,) = torch.autograd.grad(expectation, logits, retain_graph=True)
        return max((ours - slope).abs().max().item(), (expectation - exact).abs().item())

    logps, old_logps = new.logits, old.logits
    assert off(sampled_kl(logps - old_logps)) < 1e-12
    assert off(sampled_kl(logps - old_logps, "ratio_log_ratio")) < 1e-12
    assert off(kl_k3(logps, old_logps) * (logps - old_logps).exp()) < 1e-12
    assert off(kl_k3(logps, old_logps)) > 0.05


def test_the_worked_example() -> None:
    logits, old = torch.tensor([[[0.2, 0.0]]], dtype=torch.float64), torch.zeros(1, 1, 2, dtype=torch.float64)
    ids, one, mask = torch.tensor([[0]]), torch.ones(1, dtype=torch.float64), torch.ones(1, 1)
    full = mdpo_token_loss_full_kl(logits, old, ids, one, mask, 0.5)
    assert full.loss.item() == pytest.approx(-1.0897177733432577, abs=1e-14)
    logps, old_logps = logits.log_softmax(-1)[..., 0], old.log_softmax(-1)[..., 0]
    sampled = mdpo_token_loss_sampled_kl(logps, old_logps, one, mask, 0.5)
    assert sampled.kl_per_token.item() == pytest.approx(0.004809604401247891, abs=1e-14)
    assert sampled.loss.item() == pytest.approx(-1.0900487858224601, abs=1e-14)


def test_what_padding_holds_is_of_no_importance() -> None:
    new, old = normal(3, 4), normal(3, 4, seed=1)
    clean = mdpo_token_loss_sampled_kl(new, old, normal(3), MASK, 1.0).loss
    new[MASK == 0], old[MASK == 0] = math.nan, math.inf
    leaf = new.requires_grad_()
    dirty = mdpo_token_loss_sampled_kl(leaf, old, normal(3), MASK, 1.0).loss
    assert dirty.item() == clean.item()
    (slope,) = torch.autograd.grad(dirty, leaf)
    assert slope[MASK == 0].eq(0).all()
    assert torch.isfinite(slope).all()


def test_no_tokens_no_loss() -> None:
    leaf = normal(3, 4).requires_grad_()
    for aggregation in ("token_mean", "sequence_mean", "fixed_length"):
        ours = mdpo_token_loss_sampled_kl(
            leaf, leaf.detach(), normal(3), torch.zeros(3, 4), 1.0,
            aggregation=aggregation, max_completion_length=4,  # type: ignore[arg-type]
        )  # fmt: skip
        assert ours.loss.item() == 0
        assert torch.autograd.grad(ours.loss, leaf)[0].eq(0).all()


def test_huge_ratios_stay_finite_and_are_counted() -> None:
    new = torch.tensor([[0.0, -500.0, 0.1]], requires_grad=True)
    ours = mdpo_token_loss_sampled_kl(new, torch.tensor([[-500.0, 0.0, 0.0]]), torch.ones(1), torch.ones(1, 3), 0.5)
    ours.loss.backward()
    assert torch.isfinite(ours.loss)
    assert new.grad is not None
    assert new.grad[0, :2].tolist() == [0.0, 0.0]
    assert new.grad[0, 2] != 0
    assert ours.clamped.tolist() == [[1.0, 1.0, 0.0]]


def test_what_cannot_be_meant_is_refused() -> None:
    zeros, mask = torch.zeros(1, 2), torch.ones(1, 2)
    for t_k in (0.0, -1.0, math.nan):
        with pytest.raises(ValueError, match="t_k must be above 0"):
            mdpo_token_loss_sampled_kl(zeros, zeros, torch.ones(1), mask, t_k)
    with pytest.raises(ValueError, match="advantages must be finite"):
        mdpo_token_loss_sampled_kl(zeros, zeros, torch.tensor([math.nan]), mask, 1.0)
    with pytest.raises(ValueError, match="unknown kl_estimator 'k3'"):
        mdpo_token_loss_sampled_kl(zeros, zeros, torch.ones(1), mask, 1.0, kl_estimator="k3")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown aggregation 'sum'"):
        mdpo_token_loss_sampled_kl(zeros, zeros, torch.ones(1), mask, 1.0, aggregation="sum")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="max_completion_length"):
        mdpo_token_loss_sampled_kl(zeros, zeros, torch.ones(1), mask, 1.0, aggregation="fixed_length")
    for setting in ({"std_eps": -1e-8}, {"std_ddof": 2}):
        with pytest.raises(ValueError, match=next(iter(setting))):
            mdpo_on_policy_loss_categorical(zeros, zeros, torch.tensor([0]), torch.ones(1), 1.0, **setting)  # type: ignore[arg-type]


def test_shapes_that_would_broadcast_in_silence_are_refused() -> None:
    logits, ids, ones, mask = normal(3, 4, 5), torch.zeros(3, 4, dtype=torch.long), torch.ones(3), MASK
    with pytest.raises(ValueError, match="actions"):
        mdpo_on_policy_loss_categorical(logits[0], logits[0], ids[0, :1], torch.ones(4), 1.0)
    with pytest.raises(ValueError, match="advantages_raw"):
        mdpo_on_policy_loss_diag_gaussian(
            logits[0], ones.new_zeros(5), logits[0], ones.new_zeros(5), logits[0], ones[:1], 1.0
        )
    with pytest.raises(ValueError, match="mask"):
        mdpo_token_loss_sampled_kl(logits[..., 0], logits[..., 0], ones, mask[:1], 1.0)
    with pytest.raises(ValueError, match="advantages"):
        mdpo_token_loss_sampled_kl(logits[..., 0], logits[..., 0], ones[:1], mask, 1.0)
    with pytest.raises(ValueError, match="completion_ids"):
        mdpo_token_loss_full_kl(logits, logits, ids[:1], ones, mask, 1.0)


# ---- off-policy losses -----------------------------------------------------------------------------------------

NAMES = (
    "logp_new", "logp_old", "q1_at_policy_action", "q2_at_policy_action", "rewards", "next_value_target", "value",
    "q1_at_buffer_action",
)  # fmt: skip


def transitions() -> dict[str, Tensor]:
    tensors = {name: normal(8, seed=seed) for seed, name in enumerate(NAMES)}
    return tensors | {"terminals": torch.tensor([0.0, 1.0] * 4, dtype=torch.float64)}


def test_without_trust_region_the_policy_loss_is_sacs() -> None:
    given = transitions()
    ours = mdpo_off_policy_losses(**given, kl_coef_c=0.2, entropy_coef_lambda=0.2)
    assert ours.implied_inverse_t == 0
    torch.testing.assert_close(ours.policy_loss, (0.2 * given["logp_new"] - given["q1_at_policy_action"]).mean())


def test_the_policy_loss_is_a_soft_value_and_a_kl() -> None:
    given = transitions()
    ours = mdpo_off_policy_losses(**given, kl_coef_c=1.0, entropy_coef_lambda=0.2)
    new, old, q1 = given["logp_new"], given["logp_old"], given["q1_at_policy_action"]
    torch.testing.assert_close(ours.policy_loss, -(q1 - 0.2 * new - ours.implied_inverse_t * (new - old)).mean())


def test_targets_and_the_old_policy_carry_no_gradient() -> None:
    given = {name: tensor.requires_grad_() for name, tensor in transitions().items()}
    ours = mdpo_off_policy_losses(**given)
    (ours.policy_loss + ours.q1_loss + ours.value_loss + half_mean_square(given["value"], ours.q_target)).backward()
    learning = {name for name, tensor in given.items() if tensor.grad is not None}
    assert learning == {"logp_new", "q1_at_policy_action", "value", "q1_at_buffer_action"}


def test_tsallis_losses_are_powers_and_tend_to_the_logarithm() -> None:
    given = transitions() | {"logp_new": normal(8, 3, seed=20), "logp_old": normal(8, 3, seed=21)}
    q, c, lam = 1.4, 1.0, 0.2
    new, old = ((given[name].exp() ** (q - 1) - 1).div(q - 1).sum(-1) for name in ("logp_new", "logp_old"))
    ours = mdpo_off_policy_losses(**given, kl_coef_c=c, entropy_coef_lambda=lam, tsallis_q=q)
    expected = (c * new + (lam - c) * q * old - given["q1_at_policy_action"]).mean()
    torch.testing.assert_close(ours.policy_loss, expected, atol=1e-12, rtol=0)
    smaller = torch.minimum(given["q1_at_policy_action"], given["q2_at_policy_action"])
    torch.testing.assert_close(ours.value_target, smaller - lam * new, atol=1e-12, rtol=0)
    logarithm = tsallis_log(given["logp_new"], 1.0)
    torch.testing.assert_close(logarithm, given["logp_new"].sum(-1))
    torch.testing.assert_close(tsallis_log(given["logp_new"], 1 + 1e-7), logarithm, atol=1e-5, rtol=0)


def test_impossible_off_policy_settings_are_refused() -> None:
    with pytest.raises(ValueError, match=r"kl_coef_c=0\.1 must be at least entropy_coef_lambda=0\.2"):
        mdpo_off_policy_losses(**transitions(), kl_coef_c=0.1)
    with pytest.raises(ValueError, match=r"tsallis_q=1\.5 needs log-probabilities of each action dimension"):
        mdpo_off_policy_losses(**transitions(), tsallis_q=1.5)
    for setting in ({"gamma": 1.5}, {"entropy_coef_lambda": -0.2}, {"rewards": torch.zeros(1)}):
        with pytest.raises(ValueError, match=next(iter(setting))):
            mdpo_off_policy_losses(**{**transitions(), **setting})  # type: ignore[arg-type]


# ---- advantages over time --------------------------------------------------------------------------------------


def test_gae_is_the_discounted_sum_of_errors_within_an_episode() -> None:
    n, gamma, lam = 9, 0.9, 0.8
    rewards, vpred, last = normal(n).tolist(), normal(n, seed=1).tolist(), 0.7
    starts = [True, False, False, True, False, True, False, False, False]
    ends = [*starts[1:], False]
    values = [*vpred, last]
    deltas = [rewards[i] + gamma * values[i + 1] * (not ends[i]) - values[i] for i in range(n)]
    expected = []
    for i in range(n):
        stop = next((j for j in range(i, n) if ends[j]), n - 1)
        expected.append(sum((gamma * lam) ** (j - i) * deltas[j] for j in range(i, stop + 1)))
    columns = [torch.tensor(x) for x in (rewards, vpred)]
    ours = gae(*columns, last, torch.tensor(starts), gamma=gamma, lam=lam)
    assert ours.adv.tolist() == pytest.approx(expected, abs=1e-6)
    assert ours.tdlamret.tolist() == pytest.approx([a + v for a, v in zip(expected, vpred, strict=True)], abs=1e-6)


def test_environments_side_by_side_are_independent() -> None:
    rewards, vpred, last = normal(6, 2), normal(6, 2, seed=1), normal(2, seed=2)
    starts = torch.tensor([[1, 1], [0, 0], [1, 0], [0, 1], [0, 0], [0, 1]], dtype=torch.bool)
    both = gae(rewards, vpred, last, starts).adv
    for e in range(2):
        torch.testing.assert_close(both[:, e], gae(rewards[:, e], vpred[:, e], last[e], starts[:, e]).adv)


def test_gae_refuses_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"vpred must be \(3,\)"):
        gae(torch.zeros(3), torch.zeros(4), 0.0, torch.zeros(3))
    for setting in ({"gamma": 1.5}, {"lam": -0.1}):
        with pytest.raises(ValueError, match=next(iter(setting))):
            gae(torch.zeros(3), torch.zeros(3), 0.0, torch.zeros(3), **setting)
