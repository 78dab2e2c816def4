"""The formulas of Pairwise-RL and of its critic, against plain float64 arithmetic."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
import torch

from jurybox.trainers.critic import clipped_value_loss, explained_variance
from jurybox.trainers.objectives import gae, token_gae, whiten
from jurybox.trainers.papers.pairwise_rl import (
    pairwise_ppo_advantages,
    pairwise_ppo_loss,
    pairwise_rm_loss,
    token_rewards,
    verdict_cross_entropy,
)

DOUBLE = {"dtype": torch.float64}


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), **DOUBLE)


# ---- reward model -----------------------------------------------------------------------------------------


def test_the_worked_example() -> None:
    s12, s21, zero = (torch.tensor([value], **DOUBLE) for value in (1.2, -0.4, 0.0))
    found = pairwise_rm_loss(s12, zero, torch.ones(1, **DOUBLE), s21, zero, consistency_weight=0.0)
    assert found.loss.item() == pytest.approx(0.38814885986899195)
    assert found.mse_consistency.item() == pytest.approx(0.028844648480223486)
    assert found.p_debiased.item() == pytest.approx(0.6836062218057347)
    weighed = pairwise_rm_loss(s12, zero, torch.ones(1, **DOUBLE), s21, zero, consistency_weight=2.0)
    assert weighed.loss.item() == pytest.approx(0.38814885986899195 + 2 * 0.028844648480223486)


def test_extreme_logits_are_linear_and_keep_their_gradient() -> None:
    margin = torch.tensor([1600.0, -1600.0, 1600.0, -1600.0], requires_grad=True)
    losses = verdict_cross_entropy(margin, torch.tensor([0.0, 1.0, 1.0, 0.0]))
    assert losses.tolist() == [1600.0, 1600.0, 0.0, 0.0]
    losses.sum().backward()
    assert margin.grad.tolist() == [1.0, -1.0, 0.0, 0.0]


def test_under_pure_position_bias_the_gradient_pushes_the_orders_to_agree() -> None:
    s12, s21 = (torch.tensor([2.0], **DOUBLE, requires_grad=True) for _ in range(2))
    zero = torch.zeros(1, **DOUBLE)
    found = pairwise_rm_loss(s12, zero, torch.ones(1, **DOUBLE), s21, zero)
    assert found.p_debiased.item() == pytest.approx(0.5)
    assert found.mse_consistency.item() > 0.5
    found.loss.backward()
    assert s12.grad.item() != 0
    assert s21.grad.item() > 0  # b, shown first, was preferred: that must fall
    of_penalty = torch.autograd.grad(
        pairwise_rm_loss(s12, zero, torch.full((1,), 0.5, **DOUBLE), s21, zero).mse_consistency, (s12, s21)
    )
    assert all(slope.item() > 0 for slope in of_penalty)


def test_exchanging_answers_orders_and_labels_changes_no_loss() -> None:
    first, second, first_swapped, second_swapped = (drawn(5, seed=seed) for seed in range(4))
    y = torch.tensor([1.0, 0.0, 0.3, 0.8, 0.5], **DOUBLE)
    there = pairwise_rm_loss(first, second, y, first_swapped, second_swapped)
    back = pairwise_rm_loss(first_swapped, second_swapped, 1 - y, first, second)
    assert there.loss.item() == pytest.approx(back.loss.item(), abs=1e-15)
    torch.testing.assert_close(there.p_debiased, 1 - back.p_debiased)


# ---- advantages of tokens ---------------------------------------------------------------------------------


def test_token_advantages_are_the_sums_of_later_errors_over_the_tokens_of_the_mask() -> None:
    rng = random.Random(0)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 0, 0, 1, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [0, 1, 0, 1, 0]])
    rewards, values, gamma, lam = drawn(5, 5), drawn(5, 5, seed=1), 0.9, 0.8
    rewards[mask == 0] = math.nan
    values[mask == 0] = rng.random() * 1e9
    found = token_gae(rewards, values, mask, gamma=gamma, lam=lam)
    for row in range(5):
        places = [t for t in range(5) if mask[row, t]]
        following = [*(values[row, t].item() for t in places[1:]), 0.0][: len(places)]
        deltas = [
            rewards[row, t].item() + gamma * later - values[row, t].item()
            for t, later in zip(places, following, strict=True)
        ]
        for i, t in enumerate(places):
            expected = sum((gamma * lam) ** (j - i) * deltas[j] for j in range(i, len(deltas)))
            assert found.adv[row, t].item() == pytest.approx(expected, abs=1e-12)
            assert found.tdlamret[row, t].item() == pytest.approx(expected + values[row, t].item(), abs=1e-12)
    assert (found.adv[mask == 0] == 0).all()
    assert (found.tdlamret[mask == 0] == 0).all()


def test_a_row_is_an_episode_of_the_other_form() -> None:
    rewards, values = drawn(1, 6), drawn(1, 6, seed=1)
    found = token_gae(rewards, values, torch.ones(1, 6), gamma=0.99, lam=0.95)
    starts = torch.tensor([True] + [False] * 5)
    same = gae(rewards[0], values[0], 0.0, starts, gamma=0.99, lam=0.95)
    torch.testing.assert_close(found.adv[0], same.adv, atol=1e-14, rtol=0)


def test_the_reward_is_at_the_last_token_and_the_kl_at_each() -> None:
    mask = torch.tensor([[1, 1, 0], [1, 0, 1], [0, 0, 0]])
    logps, reference = torch.full((3, 3), -1.0), torch.full((3, 3), -1.5)
    logps[mask == 0] = math.nan
    found = token_rewards(logps, reference, torch.tensor([1.0, 2.0, 3.0]), mask, kl_coef=0.1)
    torch.testing.assert_close(found, torch.tensor([[-0.05, 0.95, 0.0], [-0.05, 0.0, 1.95], [0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("ddof", [0, 1])
def test_whitening(ddof: int) -> None:
    mask = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    values = torch.tensor([[1.0, 4.0, math.nan], [7.0, 99.0, 99.0], [5.0, 5.0, 5.0]], **DOUBLE)
    found = whiten(values, mask, ddof=ddof, eps=0.0)
    std = math.sqrt(18 / (3 - ddof))
    torch.testing.assert_close(
        found, torch.tensor([[-3 / std, 0, 0], [3 / std, 0, 0], [0, 0, 0]], **DOUBLE), atol=1e-12, rtol=0
    )


def test_whitening_over_processes_is_that_of_all_their_rows() -> None:
    values, mask = drawn(6, 4), (drawn(6, 4, seed=1) > -0.5).long()
    whole = whiten(values, mask)

    def process(rows: slice) -> torch.Tensor:
        """What one process gets whose gather() sees the row sums of both, in the order in which they are asked for."""
        other = slice(3, 6) if rows.start == 0 else slice(0, 3)
        kept = torch.where(mask > 0, values, 0.0)
        mean = kept.sum() / mask.sum()
        sums = iter([mask[other].double().sum(1), kept[other].sum(1), ((kept - mean) ** 2 * mask)[other].sum(1)])
        return whiten(values[rows], mask[rows], gather=lambda local: torch.cat([local, next(sums)]))

    torch.testing.assert_close(torch.cat([process(slice(0, 3)), process(slice(3, 6))]), whole, atol=1e-12, rtol=0)


def test_nothing_to_whiten_is_nothing() -> None:
    assert whiten(torch.ones(2, 3), torch.zeros(2, 3)).tolist() == [[0.0] * 3] * 2
    assert whiten(torch.full((1, 3), 0.1), torch.ones(1, 3)).abs().max() < 1e-3


def test_equal_rewards_without_kl_and_a_perfect_critic_have_no_advantage() -> None:
    mask, zero = torch.ones(3, 4, **DOUBLE), torch.zeros(3, 4, **DOUBLE)
    values, rewards = torch.full((3, 4), 0.7, **DOUBLE), torch.full((3,), 0.7, **DOUBLE)
    found = pairwise_ppo_advantages(zero, zero, values, rewards, mask, kl_coef=0.0)
    assert found.advantages.abs().max() < 1e-12
    torch.testing.assert_close(found.returns, values)


# ---- losses -----------------------------------------------------------------------------------------------


def test_a_value_that_has_moved_far_enough_has_no_gradient() -> None:
    values = torch.tensor([[0.5, 0.1, -0.5]], requires_grad=True)
    clipped_value_loss(values, torch.zeros(1, 3), torch.ones(1, 3), 0.2).sum().backward()
    assert values.grad[0].tolist() == pytest.approx([0.0, -0.9, -1.5])


def test_without_change_the_loss_is_the_policy_gradient_and_half_the_squared_error() -> None:
    logps, advantages = drawn(2, 3).requires_grad_(), drawn(2, 3, seed=1)
    values, returns = drawn(2, 3, seed=2), drawn(2, 3, seed=3)
    mask = torch.tensor([[1, 1, 0], [1, 1, 1]])
    found = pairwise_ppo_loss(logps, logps.detach(), advantages, values, values, returns, mask, value_coef=0.3)
    (slope,) = torch.autograd.grad(found.policy_loss, logps, retain_graph=True)
    torch.testing.assert_close(slope, -advantages * mask / 5)
    half_square = (0.5 * (values - returns) ** 2 * mask).sum() / 5
    assert found.value_loss.item() == pytest.approx(half_square.item())
    assert found.loss.item() == pytest.approx(found.policy_loss.item() + 0.3 * half_square.item())
    assert found.clip_fraction == 0


def test_explained_variance() -> None:
    returns, mask = drawn(2, 3), torch.tensor([[1, 1, 0], [1, 1, 1]])
    assert explained_variance(returns, returns, mask).item() == pytest.approx(1.0)
    assert explained_variance(torch.zeros_like(returns), returns, mask).item() == pytest.approx(0.0)
    assert explained_variance(-returns, returns, mask).item() == pytest.approx(-3.0)
    assert explained_variance(returns, torch.ones_like(returns), mask).isnan()


# ---- what the formulas refuse -----------------------------------------------------------------------------

VERDICTS = {
    name: torch.tensor([0.0, 1.0])
    for name in (
        "logit_first",
        "logit_second",
        "label_first_wins",
        "logit_first_swapped",
        "logit_second_swapped",
    )
}
TOKENS = torch.zeros(2, 3)
ADVANTAGES = dict.fromkeys(("logps", "ref_logps", "values", "mask"), TOKENS) | {"terminal_reward": torch.zeros(2)}
POLICY = ("logps_new", "logps_old", "advantages", "values_new", "values_old", "returns")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"logit_first_swapped": None}, "logit_first_swapped is missing"),
        ({"logit_second_swapped": None}, "logit_second_swapped is missing"),
        ({"logit_first": torch.zeros(0)}, "logit_first is empty"),
        ({"logit_second": torch.zeros(1)}, "logit_second has shape"),
        ({"logit_second": torch.tensor([0.0, math.inf])}, "logit_second has a number that is not finite"),
        ({"label_first_wins": torch.tensor([0.0, 1.5])}, "label_first_wins has a label outside"),
        ({"consistency_weight": -1.0}, "consistency_weight=-1"),
    ],
)
def test_bad_verdicts_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pairwise_rm_loss(**{**VERDICTS, **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"values": torch.zeros(2, 2)}, "values has shape"),
        ({"terminal_reward": torch.zeros(3)}, "terminal_reward"),
        ({"terminal_reward": torch.tensor([math.nan, 0.0])}, "terminal_reward has a number that is not finite"),
        ({"ref_logps": torch.full((2, 3), math.nan)}, "ref_logps has a number that is not finite"),
        ({"gamma": 1.1}, "gamma=1.1"),
        ({"gae_lambda": -0.1}, "gae_lambda=-0.1"),
        ({"kl_coef": math.nan}, "kl_coef=nan"),
        ({"whiten_eps": -1.0}, "whiten_eps=-1"),
    ],
)
def test_bad_advantages_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pairwise_ppo_advantages(**{**ADVANTAGES, "mask": torch.ones(2, 3), **change})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"returns": torch.zeros(2, 2)}, "returns has shape"),
        ({"advantages": torch.full((2, 3), math.nan)}, "advantages has a number that is not finite"),
        ({"clip_eps": -0.1}, "clip_eps=-0.1"),
        ({"value_coef": math.nan}, "value_coef=nan"),
    ],
)
def test_bad_policy_losses_are_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        pairwise_ppo_loss(**{**dict.fromkeys(POLICY, TOKENS), "mask": torch.ones(2, 3), **change})


def test_what_is_masked_may_be_anything() -> None:
    mask = torch.tensor([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    clean = [drawn(2, 3, seed=seed) for seed in range(6)]
    dirty = [x.masked_fill(mask == 0, bad) for x, bad in zip(clean, (1e4, *[math.nan] * 5), strict=True)]
    clean[0], dirty[0] = (logps.requires_grad_() for logps in (clean[0], dirty[0]))
    expected, found = (pairwise_ppo_loss(*tensors, mask).loss for tensors in (clean, dirty))
    assert found == expected
    expected.backward()
    found.backward()
    assert torch.equal(dirty[0].grad, clean[0].grad)


def test_a_row_without_a_token_needs_no_reward() -> None:
    mask = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    found = pairwise_ppo_advantages(**{**ADVANTAGES, "mask": mask, "terminal_reward": torch.tensor([1.0, math.nan])})
    assert found.token_rewards.tolist() == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
