"""Distributions of actions against torch's own, and what masks do to values and gradients."""

from __future__ import annotations

import math

import pytest
import torch
from torch import distributions as torchs

from jurybox.trainers.objectives import Categorical, Gaussian, gae, token_gae


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_categorical_is_torchs() -> None:
    new, old = Categorical(normal(5, 4)), Categorical(normal(5, 4, seed=1))
    theirs, theirs_old = (torchs.Categorical(logits=d.logits) for d in (new, old))
    actions = torch.tensor([0, 3, 2, 1, 1])
    torch.testing.assert_close(new.logp(actions), theirs.log_prob(actions))
    torch.testing.assert_close(new.entropy(), theirs.entropy())
    torch.testing.assert_close(new.kl(old), torchs.kl_divergence(theirs, theirs_old))


def test_what_is_impossible_is_never_drawn_and_gives_neither_value_nor_gradient() -> None:
    possible = torch.tensor([[True, False, True, True], [False, False, True, False]])
    logits = normal(2, 4).requires_grad_()
    masked, old = Categorical(logits, possible), Categorical(normal(2, 4, seed=1), possible)
    kept = Categorical(logits[0, possible[0]])
    torch.testing.assert_close(masked.entropy()[0], kept.entropy())
    assert masked.entropy()[1] == masked.kl(old)[1] == 0, "there was no choice"
    (gradient,) = torch.autograd.grad((masked.entropy() + masked.kl(old)).sum(), logits)
    assert torch.isfinite(gradient).all()
    assert gradient[~possible].abs().max() == 0
    drawn = Categorical(logits.expand(500, 2, 4), possible.expand(500, 2, 4)).sample()
    assert drawn.shape == (500, 2)
    assert set(drawn[:, 0].tolist()) == {0, 2, 3}
    assert set(drawn[:, 1].tolist()) == {2}
    assert torch.isinf(Categorical(normal(1, 2)).kl(Categorical(normal(1, 2), torch.tensor([[True, False]])))).all()


def test_masks_without_meaning_are_refused() -> None:
    with pytest.raises(ValueError, match=r"possible has shape \(3,\), and logits \(2, 3\)"):
        Categorical(torch.zeros(2, 3), torch.ones(3).bool())
    with pytest.raises(ValueError, match="no action is possible in some state"):
        Categorical(torch.zeros(2, 3), torch.tensor([[True] * 3, [False] * 3]))


def test_a_gaussian_is_torchs() -> None:
    new, old = Gaussian(normal(5, 3), normal(3, seed=1)), Gaussian(normal(5, 3, seed=2), normal(5, 3, seed=3))
    theirs, theirs_old = (
        torchs.Independent(torchs.Normal(d.mean, d.log_std.exp().expand_as(d.mean)), 1) for d in (new, old)
    )
    torch.testing.assert_close(new.logp(old.mean), theirs.log_prob(old.mean))
    torch.testing.assert_close(new.entropy(), theirs.entropy())
    torch.testing.assert_close(new.kl(old), torchs.kl_divergence(theirs, theirs_old))
    drawn = Gaussian(torch.ones(20000, 1), torch.tensor([0.5])).sample(torch.Generator().manual_seed(0))
    assert (drawn.mean().item(), drawn.std().item()) == pytest.approx((1.0, math.exp(0.5)), abs=0.05)


@pytest.mark.parametrize(
    "made",
    [
        Categorical(normal(6, 3).requires_grad_(), normal(6, 3, seed=1) > -3),
        Categorical(normal(6, 3)),
        Gaussian(normal(6, 2), normal(2)),
    ],
)
def test_stored_parameters_make_the_same_distribution_of_any_rows(made: Categorical | Gaussian) -> None:
    rows = torch.tensor([4, 1])
    stored = {name: value[rows] for name, value in made.parameters().items()}
    again = type(made)(**stored)
    actions = torch.tensor([0, 2]) if isinstance(made, Categorical) else normal(2, 2, seed=5)
    everywhere = torch.zeros(6, dtype=torch.long) if isinstance(made, Categorical) else normal(6, 2)
    everywhere[rows] = actions
    torch.testing.assert_close(again.logp(actions), made.logp(everywhere)[rows])
    assert not any(value.requires_grad for value in stored.values())


# ---- advantages with a discount of each step, and critics of several objectives ---------------------------


def test_the_discount_of_a_step_is_for_what_comes_after_it() -> None:
    """Two actions of three and two tokens: discount 1 inside an action, 0.9 from action to action."""
    values = torch.tensor([0.5, 0.6, 0.7, 0.8, 0.9])
    rewards, discount = torch.tensor([0.0, 0, 0, 0, 1]), torch.tensor([1.0, 1, 0.9, 1, 0.9])
    starts = torch.tensor([True, False, False, False, False])
    found = gae(rewards, values, 0.0, starts, gamma=discount, lam=0.95).adv
    expected = [0.36351931, 0.27738875, 0.186725, 0.195, 0.1]
    assert found.tolist() == pytest.approx(expected, abs=1e-6)
    row = token_gae(rewards[None], values[None], torch.ones(1, 5), gamma=discount[None], lam=0.95).adv
    assert row[0].tolist() == pytest.approx(expected, abs=1e-6)


def test_every_objective_of_a_critic_has_advantages_of_its_own() -> None:
    rewards, vpred, last = normal(7, 2, 3), normal(7, 2, 3, seed=1), normal(2, 3, seed=2)
    starts, discount = normal(7, 2, seed=3) > 0.5, normal(7, 2, seed=4).sigmoid()
    whole = gae(rewards, vpred, last, starts, gamma=discount).adv
    mask = (normal(4, 6, seed=5) > 0).long()
    token_rewards, values = normal(4, 6, 3, seed=6), normal(4, 6, 3, seed=7)
    tokens = token_gae(token_rewards, values, mask, gamma=0.9)
    for k in range(3):
        alone = gae(rewards[..., k], vpred[..., k], last[:, k], starts, gamma=discount).adv
        torch.testing.assert_close(whole[..., k], alone)
        one = token_gae(token_rewards[..., k], values[..., k], mask, gamma=0.9)
        torch.testing.assert_close(tokens.adv[..., k], one.adv)
        torch.testing.assert_close(tokens.tdlamret[..., k], one.tdlamret)


def test_discounts_without_meaning_are_refused() -> None:
    steps = (torch.zeros(3), torch.zeros(3), 0.0, torch.zeros(3))
    with pytest.raises(ValueError, match=r"gamma must be \(3,\) or its first axes, not \(4,\)"):
        gae(*steps, gamma=torch.ones(4))
    for wrong in (torch.tensor([0.5, 1.5, 0.5]), torch.tensor([0.5, torch.nan, 0.5])):
        with pytest.raises(ValueError, match="gamma="):
            gae(*steps, gamma=wrong)
