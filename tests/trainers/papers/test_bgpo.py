"""BGPO's equations: the bound and what it bounds, the released clip, the ELBO of a response, its maskings."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jurybox.trainers.papers.bgpo import (
    bgpo_bound,
    bgpo_clipped_loss,
    elbo_ratio_objective,
    mc_elbo,
    stratified_mask_counts,
    stratified_masks,
)


def tensor(values: Any, **more: Any) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64, **more)


def drawn(seed: int, B: int, n: int, scale: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    old, moved = (torch.randn(B, n, generator=generator, dtype=torch.float64) for _ in range(2))
    return old, (old + scale * moved).requires_grad_(), torch.randn(B, generator=generator, dtype=torch.float64)


def slope(value: torch.Tensor, leaf: torch.Tensor) -> torch.Tensor:
    return torch.autograd.grad(value, leaf)[0]


def test_the_worked_example() -> None:
    old, new = tensor([[-2.0, -1.5]]), tensor([[-1.8, -1.6]], requires_grad=True)
    for advantage, objective, elbo, gradient in (
        (1.0, 1.05, 1.0513, [-0.5, -0.5]),
        (-1.0, -1.0631, -1.0513, [0.6107, 0.4524]),
    ):
        A = tensor([advantage])
        found = bgpo_bound(old, new, A)
        assert found.objective.item() == pytest.approx(objective, abs=1e-4)
        assert elbo_ratio_objective(old, new, A).item() == pytest.approx(elbo, abs=1e-4)
        assert slope(found.loss, new)[0].tolist() == pytest.approx(gradient, abs=1e-4)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5), st.integers(1, 17), st.sampled_from([0.0, 1e-3, 0.3, 2.0]))
def test_the_bound_is_never_above_the_objective_and_touches_it(seed: int, B: int, n: int, scale: float) -> None:
    old, new, A = drawn(seed, B, n, scale)
    bound, bounded = bgpo_bound(old, new, A), elbo_ratio_objective(old, new, A)
    assert bound.objective <= bounded + 1e-12
    gradient = slope(bound.loss, new)
    expected = -A.unsqueeze(1) / (B * n) * torch.where(A.unsqueeze(1) >= 0, 1.0, torch.exp(new - old))
    torch.testing.assert_close(gradient, expected.detach())
    if scale == 0.0:
        assert bound.objective.item() == pytest.approx(A.mean().item(), abs=1e-12)
        torch.testing.assert_close(gradient, slope(-bounded, new), atol=1e-12, rtol=0)
        torch.testing.assert_close(slope(bgpo_clipped_loss(old, new, A), new), gradient, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("advantage", "gain", "loss", "gradient"),
    [
        (1.0, 0.1, -1.1, -1.0),
        (1.0, 0.5, -1.2, 0.0),  # clipped from above
        (1.0, -3.0, 2.0, -1.0),  # 1 + d below zero: legal, and released as NaN
        (-1.0, -0.5, 0.8, 0.0),  # clipped from below
        (-1.0, 0.5, math.exp(0.5), math.exp(0.5)),
        (-1.0, 2.0, 3.0, 0.0),  # the dual clip
        (0.0, 2.0, 0.0, 0.0),
    ],
)
def test_the_released_clip(advantage: float, gain: float, loss: float, gradient: float) -> None:
    new = tensor([[gain]], requires_grad=True)
    found = bgpo_clipped_loss(tensor([[0.0]]), new, tensor([advantage]))
    assert found.item() == pytest.approx(loss)
    assert slope(found, new).item() == pytest.approx(gradient)


def test_far_off_policy_nothing_overflows() -> None:
    old, new = tensor([[0.0], [0.0]]), tensor([[900.0], [-900.0]], requires_grad=True)
    found = bgpo_bound(old, new, tensor([-1.0, 1.0]))
    assert found.terms.flatten().tolist() == pytest.approx([-math.exp(20.0), -899.0])
    assert torch.isfinite(slope(found.loss, new)).all()


def test_an_advantage_of_zero_has_no_gradient() -> None:
    (old, new, _), A = drawn(0, 3, 4, 2.0), torch.zeros(3).double()
    for loss in (bgpo_bound(old, new, A).loss, bgpo_clipped_loss(old, new, A)):
        assert loss.item() == 0.0
        assert (slope(loss, new) == 0).all()


def test_the_elbo_divides_by_masked_tokens_once_and_ignores_what_is_not_masked() -> None:
    masks = torch.tensor([[[1, 0, 0, 1], [0, 1, 0, 0]]])
    logps = tensor([[[-1.0, math.nan, -math.inf, -3.0], [5.0, -2.0, 5.0, 5.0]]])
    found = mc_elbo(logps, masks)
    assert found.per_sample.tolist() == [[-2.0, -2.0]]
    assert found.elbo.tolist() == [-2.0]
    padded = mc_elbo(logps, masks, "padded", length=3)
    assert padded.per_sample[0].tolist() == pytest.approx([-1.5, -1.5]), "L/R of it"
    torch.testing.assert_close(mc_elbo(logps, masks, "padded").per_sample, found.per_sample)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mc_elbo(torch.zeros(2, 3), torch.tensor([[1, 0, 0], [0, 0, 0]])), "masks"),
        (lambda: mc_elbo(torch.zeros(2, 3), torch.ones(2, 2)), "shape"),
        (lambda: mc_elbo(torch.zeros(2, 3), torch.ones(2, 3), "tokens"), "normalise"),  # type: ignore[arg-type]
        (lambda: stratified_mask_counts(1, 0, 4), "n=0"),
        (lambda: stratified_mask_counts(1, 4, 0), "L=0"),
        (lambda: stratified_mask_counts(5, 4, 4), "k=5"),
        (lambda: stratified_mask_counts(0, 4, 4), "k=0"),
        (lambda: bgpo_bound(torch.zeros(2, 0), torch.zeros(2, 0), torch.zeros(2)), "one masking or more"),
        (lambda: bgpo_bound(torch.zeros(2, 1), torch.zeros(2, 1), torch.zeros(3)), "advantages"),
        (lambda: bgpo_bound(torch.zeros(1, 1), torch.full((1, 1), math.nan), torch.ones(1)), "new_elbo"),
        (lambda: bgpo_clipped_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1), 1.5), "eps_low"),
        (lambda: bgpo_clipped_loss(torch.zeros(1, 1), torch.zeros(1, 1), torch.ones(1), 0.2, 0.2, 1.0), "dual_clip_c"),
    ],
)
def test_mistakes_are_told(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 24), st.integers(1, 40))
def test_maskings_are_stratified_and_hide_exactly_their_counts(seed: int, n: int, L: int) -> None:
    masks = stratified_masks(L, n, torch.Generator().manual_seed(seed))
    counts = masks.sum(1).tolist()
    assert masks.shape == (n, L)
    assert min(counts) >= 1
    assert counts in [stratified_mask_counts(k, n, L) for k in range(1, L + 1)]
    if n == L:
        assert sorted(counts) == list(range(1, L + 1)), "every number of hidden tokens once"


def test_every_token_and_every_number_of_tokens_is_hidden_equally_often() -> None:
    generator = torch.Generator().manual_seed(0)
    masks = torch.cat([stratified_masks(5, 3, generator) for _ in range(4000)])
    assert masks.double().mean(0).tolist() == pytest.approx([0.6] * 5, abs=0.02)
    assert masks.sum(1).bincount(minlength=6)[1:].div(len(masks)).tolist() == pytest.approx([0.2] * 5, abs=0.02)
