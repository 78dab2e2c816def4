"""The shared functions against plain float64 arithmetic and against TRL's own."""

from __future__ import annotations

import math
import statistics
from typing import Any

import pytest
import torch
from trl.trainer.utils import nanstd

from jurybox.trainers.grpo import grpo_advantages, normalize_then_sum
from jurybox.trainers.objectives import (
    aggregate,
    clipped_surrogate,
    clipped_tokens,
    consecutive_groups,
    group_stats,
    importance_ratio,
    kl_k1,
    kl_k2,
    kl_k3,
    masked_mean,
    standardize,
    whole_batch,
)

NAN = math.nan


def rewards(seed: int, rows: int = 24, columns: int = 2) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    values = torch.randn(rows, columns, generator=generator)
    return torch.where(torch.rand(values.shape, generator=generator) < 0.2, NAN, values)


def trl_advantages(scores: torch.Tensor, size: int, scale: str) -> torch.Tensor:
    """TRL's formula, for consecutive groups."""
    grouped = scores.view(-1, size)
    centered = scores - grouped.nanmean(1).repeat_interleave(size)
    std = nanstd(scores) if scale == "batch" else nanstd(grouped, dim=1).repeat_interleave(size)
    return (centered if scale == "none" else centered / (std + 1e-4)).nan_to_num(nan=0.0)


@pytest.mark.parametrize("ddof", [0, 1])
def test_group_statistics_are_those_of_plain_arithmetic(ddof: int) -> None:
    ids = torch.tensor([5, 2, 5, 2, 5, 9, 2, 7, 7])
    values = torch.tensor([1.0, 0.5, NAN, 0.5, 4.0, 3.0, -1.0, NAN, NAN], dtype=torch.float64)
    stats = group_stats(values, ids, ddof=ddof)
    for row, group in enumerate(ids.tolist()):
        scored = [v for v, g in zip(values.tolist(), ids.tolist(), strict=True) if g == group and v == v]
        deviation = statistics.stdev if ddof else statistics.pstdev
        assert stats.count[row] == len(scored)
        assert stats.mean[row].item() == pytest.approx(statistics.fmean(scored) if scored else NAN, nan_ok=True)
        std = deviation(scored) if len(scored) > ddof else NAN
        assert stats.std[row].item() == pytest.approx(std, nan_ok=True)


def test_columns_are_independent() -> None:
    values, ids = rewards(0), consecutive_groups(24, 4)
    both = group_stats(values, ids)
    for column in (0, 1):
        one = group_stats(values[:, column], ids)
        torch.testing.assert_close(both.std[:, column], one.std, equal_nan=True)
        torch.testing.assert_close(both.mean[:, column], one.mean, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_equal_values_have_no_spread_whatever_their_rounding(dtype: torch.dtype) -> None:
    for size in (3, 7, 10):
        for value in (0.1, -2.3, 100.7):
            values = torch.full((2 * size,), value, dtype=dtype)
            assert group_stats(values, consecutive_groups(2 * size, size)).std.eq(0).all()
            assert standardize(values, consecutive_groups(2 * size, size), eps=1e-12).eq(0).all()


@pytest.mark.parametrize("size", [0, 4, 7])
def test_rows_that_are_no_whole_groups_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"6 rows are no whole groups of size .num_generations. {size}"):
        consecutive_groups(6, size)


def test_no_rows_no_statistics() -> None:
    assert group_stats(torch.zeros(0), torch.zeros(0, dtype=torch.long)).mean.shape == (0,)
    with pytest.raises(ValueError, match=r"group_ids must be \(2,\)"):
        group_stats(torch.zeros(2), torch.zeros(3, dtype=torch.long))


@pytest.mark.parametrize("scale", ["group", "batch", "none"])
@pytest.mark.parametrize("seed", range(5))
def test_advantages_are_trls(scale: str, seed: int) -> None:
    scores, ids = rewards(seed)[:, 0], consecutive_groups(24, 4)
    expected = trl_advantages(scores, 4, scale)
    torch.testing.assert_close(grpo_advantages(scores, ids, scale), expected, atol=1e-6, rtol=0)


def test_advantages_follow_their_rows() -> None:
    scores, ids = rewards(3)[:, 0], consecutive_groups(24, 4)
    order = torch.randperm(24, generator=torch.Generator().manual_seed(0))
    shuffled = grpo_advantages(scores[order], ids[order])
    torch.testing.assert_close(shuffled, grpo_advantages(scores, ids)[order])


def test_the_only_scored_row_of_a_group_and_unscored_rows_get_no_advantage() -> None:
    scores = torch.tensor([NAN, 1.0, NAN, 0.0, 2.0, 0.0])
    advantages = grpo_advantages(scores, consecutive_groups(6, 3))
    assert advantages[:3].tolist() == [0.0, 0.0, 0.0]
    assert advantages[4] > 0


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown scale 'row'"):
        grpo_advantages(torch.zeros(2), torch.zeros(2, dtype=torch.long), "row")


def test_a_row_without_score_or_company_has_no_advantage() -> None:
    scores, ids = torch.tensor([1.0, NAN, 0.0, 2.0, NAN]), torch.tensor([0, 0, 0, 1, 2])
    sample, population = (grpo_advantages(scores, ids, eps=0.0, ddof=ddof) for ddof in (1, 0))
    torch.testing.assert_close(sample, torch.tensor([0.5**0.5, 0.0, -(0.5**0.5), 0.0, 0.0]))
    torch.testing.assert_close(population[:3], torch.tensor([1.0, 0.0, -1.0]))


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"scores": torch.tensor([1.0, math.inf])}, "scores"), ({"eps": -1.0}, "eps=-1.0"), ({"ddof": 2}, "ddof=2")],
)
def test_statistics_of_no_meaning_are_refused(settings: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"scores": torch.zeros(2), "group_ids": torch.zeros(2, dtype=torch.long)}
    with pytest.raises(ValueError, match=message):
        grpo_advantages(**{**given, **settings})


def test_normalising_each_reward_first_is_trls() -> None:
    values, weights = rewards(1), torch.tensor([1.0, 0.5])
    grouped = values.view(-1, 4, 2)
    z = (grouped - grouped.nanmean(1, keepdim=True)) / (nanstd(grouped, dim=1, keepdim=True) + 1e-4)
    total = (z.view(-1, 2) * weights).nansum(1).masked_fill(values.isnan().all(1), NAN)
    expected = ((total - total.nanmean()) / (nanstd(total) + 1e-4)).nan_to_num(nan=0.0)
    ours = normalize_then_sum(values, weights, consecutive_groups(24, 4))
    torch.testing.assert_close(ours, expected, atol=1e-6, rtol=0)


def test_the_whole_batch_is_one_group() -> None:
    values = rewards(2)[:, 0]
    torch.testing.assert_close(group_stats(values, whole_batch(values)).std[0], nanstd(values))


def test_kl_estimators_at_a_known_point() -> None:
    logps, ref = torch.tensor([-1.0], dtype=torch.float64), torch.tensor([-1.5], dtype=torch.float64)
    assert kl_k1(logps, ref).item() == 0.5
    assert kl_k2(logps, ref).item() == 0.125
    assert kl_k3(logps, ref).item() == pytest.approx(math.exp(-0.5) + 0.5 - 1)


def test_kl_estimators_agree_with_the_divergence_in_expectation() -> None:
    """Exact expectation over a small vocabulary; k2 is biased and only close."""
    p = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)
    q = torch.tensor([0.4, 0.4, 0.2], dtype=torch.float64)
    exact = (p * (p / q).log()).sum()
    for estimator, tolerance in ((kl_k1, 1e-12), (kl_k3, 1e-12), (kl_k2, 2e-3)):
        assert (p * estimator(p.log(), q.log())).sum().item() == pytest.approx(exact.item(), abs=tolerance)


def test_ratios_of_tokens_and_of_sequences() -> None:
    logps = torch.tensor([[0.1, 0.3, 9.0], [0.2, 5.0, 5.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
    mask = torch.tensor([[1, 1, 0], [1, 0, 0], [0, 0, 0]])
    old = torch.zeros_like(logps)
    torch.testing.assert_close(importance_ratio(logps, old, mask), torch.where(mask > 0, logps.exp(), 1.0))
    sequence = importance_ratio(logps, old, mask, "sequence")
    assert sequence.flatten().tolist() == pytest.approx([math.exp(0.2), math.exp(0.2), 1.0])
    with pytest.raises(ValueError, match="unknown level 'word'"):
        importance_ratio(logps, old, mask, "word")  # type: ignore[arg-type]


def test_what_padding_holds_is_of_no_importance() -> None:
    mask = torch.tensor([[1, 1, 0, 0, 0]])
    logps = torch.tensor([[0.1, 0.3, NAN, -math.inf, 2000.0]], dtype=torch.float64, requires_grad=True)
    for level in ("token", "sequence"):
        ratio = importance_ratio(logps, torch.zeros_like(logps), mask, level)  # type: ignore[arg-type]
        (slope,) = torch.autograd.grad(masked_mean(ratio.expand_as(mask), mask), logps)
        assert slope.isfinite().all()
        assert slope[0].ne(0).tolist() == [True, True, False, False, False]
    assert masked_mean(logps, mask).item() == pytest.approx(0.2)


def test_where_the_surrogate_stops_pulling() -> None:
    """The table of PPO: gradient of each token for low, inner and high ratios and either sign of A."""
    ratio = torch.tensor([[0.5, 1.0, 1.5, 3.0]], dtype=torch.float64)
    for advantage, pulling in ((1.0, [1, 1, 0, 0]), (-1.0, [0, 1, 1, 0])):
        leaf = ratio.clone().requires_grad_()
        advantages = torch.tensor([[advantage]], dtype=torch.float64)
        clipped_surrogate(leaf, advantages, 0.2, 0.2, delta=2.0).sum().backward()
        assert leaf.grad is not None
        assert leaf.grad.flatten().tolist() == [-advantage * p for p in pulling]
        low, high = clipped_tokens(ratio, advantages, 0.2, 0.2)
        assert low.flatten().tolist() == [advantage < 0, False, False, False]
        assert high.flatten().tolist() == [False, False, advantage > 0, advantage > 0]


def test_averages_of_rows_without_tokens_are_zero() -> None:
    values, mask = torch.ones(2, 3), torch.zeros(2, 3, dtype=torch.long)
    assert masked_mean(values, mask) == 0
    assert masked_mean(values, mask, dim=1).tolist() == [0, 0]
    for how in ("grpo", "bnpo", "dr_grpo", "dapo"):
        assert aggregate(values, mask, how, num_items=1.0, max_length=3) == 0  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="unknown aggregation 'sum'"):
        aggregate(values, mask, "sum", num_items=1.0, max_length=3)  # type: ignore[arg-type]
