"""CGPO's equations: what the paper says of them, and where an implementation would go wrong."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from jurybox.trainers.papers.cgpo import (
    calibrated_reward,
    codpo_loss,
    codpo_select,
    crpg,
    crpg_loss,
    crraft_loss,
    crraft_select,
    multi_task_loss,
    sequence_logps,
)

NAN, INF = math.nan, math.inf


def t(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def random_rows(n: int = 12, seed: int = 0) -> dict[str, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    names = ("rewards", "baseline_rewards", "logp_policy", "logp_ref")
    rows = {name: torch.randn(n, generator=rng, dtype=torch.float64) for name in names}
    return rows | {"satisfied": (torch.rand(n, generator=rng) < 0.6).double()}


def test_the_worked_example() -> None:
    rows = crpg(t(2, 0.5, 1, -1), t(1, 1, 0, 0), t(1, 0, 1, 1), t(-10, -12, -8, -9), t(-11, -12.5, -8, -7), kl_max=4.0)
    assert rows.kl_factor.tolist() == [0.75, 0.875, 1.0, 1.5]
    torch.testing.assert_close(rows.advantages, t(0.1276, -0.4207, 0.3104, -0.0173), atol=5e-5, rtol=0)


def test_advantages_sum_to_zero_and_ignore_a_prompts_constant() -> None:
    rows = random_rows()
    rows["rewards"][3], rows["satisfied"][5] = NAN, NAN
    plain = crpg(**rows, kl_max=5.0)
    assert plain.num_used == 10
    assert plain.advantages.sum().abs() < 1e-12
    assert plain.advantages[[3, 5]].tolist() == [0.0, 0.0]
    shift = torch.arange(12.0, dtype=torch.float64)
    rows["rewards"], rows["baseline_rewards"] = rows["rewards"] + shift, rows["baseline_rewards"] + shift
    torch.testing.assert_close(crpg(**rows, kl_max=5.0).advantages, plain.advantages)


def test_without_judges_and_limit_it_is_calibrated_reinforce_with_the_batch_mean() -> None:
    rows = random_rows() | {"satisfied": torch.ones(12, dtype=torch.float64)}
    calibrated = torch.sigmoid(rows["rewards"] - rows["baseline_rewards"])
    torch.testing.assert_close(crpg(**rows, kl_max=INF).advantages, calibrated - calibrated.mean())


def test_all_violated_gives_no_gradient_and_nobody_known_gives_a_loss() -> None:
    rows = random_rows()
    for label in (0.0, NAN):
        found = crpg(**rows | {"satisfied": torch.full((12,), label, dtype=torch.float64)}, kl_max=5.0)
        logp = rows["logp_policy"].clone().requires_grad_()
        loss = crpg_loss(found.advantages, logp, found.num_used)
        loss.backward()
        assert loss.item() == 0.0
        assert logp.grad is not None
        assert not logp.grad.any()


def test_unknown_may_count_as_violated() -> None:
    rows = random_rows() | {"satisfied": t(*[NAN] * 6, *[1] * 6)}
    found = crpg(**rows, kl_max=5.0, unknown="violated")
    assert found.num_used == 12
    assert (found.constraint_regularized[:6] == 0).all()


def test_the_sigmoid_does_not_overflow() -> None:
    assert calibrated_reward(t(1000, -1000, INF), t(-1000, 1000, INF)).tolist()[:2] == [1.0, 0.0]


@pytest.mark.parametrize("kl_max", [0.0, -1.0, NAN])
def test_the_kl_limit_is_positive(kl_max: float) -> None:
    with pytest.raises(ValueError, match="kl_max must be a positive number"):
        crpg(**random_rows(), kl_max=kl_max)
    with pytest.raises(ValueError, match="kl_max"):
        crraft_select(torch.ones(1, 2), torch.ones(1, 2), torch.zeros(1, 2), t(0), t(1), kl_max=kl_max)


def test_shapes_and_labels_are_checked() -> None:
    with pytest.raises(ValueError, match=r"satisfied has shape \(3,\), and rewards \(12,\)"):
        crpg(**random_rows() | {"satisfied": t(1, 1, 1)}, kl_max=1.0)
    with pytest.raises(ValueError, match="satisfied holds 0, 1 or NaN for unknown, not 2"):
        codpo_select(torch.ones(1, 2), t(1, 2).unsqueeze(0))
    with pytest.raises(ValueError, match="denominator must be 'kept' or 'all'"):
        crraft_loss(t(1), t(1), denominator="some")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="2 task_losses and 1 task_weights"):
        multi_task_loss(t(1, 2), t(1))


@pytest.mark.parametrize(
    ("rewards", "satisfied", "pair"),
    [
        ([-2, -1, -3], [1, 0, 0], (0, 2)),  # label · reward would choose a violated one
        ([1, 2, 3], [1, 1, 1], (2, 0)),
        ([1, 1, 1], [1, 1, 1], (-1, -1)),  # a+ would be a-
        ([1, 2, 3], [0, 0, 0], (-1, -1)),
        ([5, 5, 0], [1, 1, 0], (0, 2)),  # ties go to the lowest
        ([NAN, 2, 0], [1, 1, 0], (1, 2)),
        ([1, 2, 0], [1, NAN, NAN], (-1, -1)),  # alone
        ([NAN, NAN, NAN], [1, 1, 0], (-1, -1)),
        ([3], [1], (-1, -1)),  # K = 1
    ],
)
def test_pairs(rewards: list[float], satisfied: list[float], pair: tuple[int, int]) -> None:
    chosen, rejected = codpo_select(t(*rewards).unsqueeze(0), t(*satisfied).unsqueeze(0))
    assert (chosen.item(), rejected.item()) == pair


def pair_loss(lam: float, kept: bool = True, length: float = 4.0) -> Tensor:
    keep = torch.tensor([kept])
    return codpo_loss(t(-3), t(-5), t(-4), t(-4.5), t(length), keep, beta=0.1, lam=lam).loss


def test_codpo_without_bonus_is_dpo() -> None:
    margin = 0.1 * ((-3 - -4) - (-5 - -4.5))
    assert pair_loss(0.0).item() == pytest.approx(math.log1p(math.exp(-margin)))
    assert pair_loss(0.1).item() == pytest.approx(0.6960, abs=1e-4)


def test_pairs_that_are_not_kept_cost_nothing() -> None:
    assert pair_loss(0.1, kept=False).item() == 0.0
    assert pair_loss(0.1, length=0.0).item() == 0.0  # an answer without tokens is never a+


def test_crraft_with_weights_one_is_supervised_fine_tuning() -> None:
    logps = torch.randn(5, 7, dtype=torch.float64)
    mask = (torch.arange(7) < torch.tensor([[7], [3], [1], [5], [2]])).double()
    sums = (logps * mask).sum(-1)
    ones = torch.ones(5, dtype=torch.float64)
    torch.testing.assert_close(crraft_loss(sequence_logps(logps, mask), ones), -sums.mean())


@pytest.mark.parametrize(
    ("satisfied", "log_ratios", "baseline", "expected"),
    [
        ([1, 1], [0, 0], (0, 1), (1, False, 0.8808)),
        ([1, 1], [0, 9], (0, 1), (0, False, 0.5)),  # too far away
        ([1, 0], [-9, 0], (0, 1), (0, False, 0.5)),  # only k > KL_max is dropped
        ([0, 0], [0, 0], (0, 1), (-1, True, 0.5)),
        ([0, NAN], [0, 0], (0, 0), (-1, False, 0.0)),
        ([0, 0], [0, 0], (0, NAN), (-1, False, 0.0)),
        ([1, 1], [0, 0], (NAN, 1), (-1, False, 0.0)),
    ],
)
def test_what_crraft_imitates(
    satisfied: list[float], log_ratios: list[float], baseline: tuple[float, float], expected: tuple[int, bool, float]
) -> None:
    choice = crraft_select(
        t(0, 2).unsqueeze(0),
        t(*satisfied).unsqueeze(0),
        t(*log_ratios).unsqueeze(0),
        t(baseline[0]),
        t(baseline[1]),
        kl_max=4.0,
    )
    assert choice.chosen.item() == expected[0]
    assert choice.use_baseline.item() is expected[1]
    assert choice.weights.item() == pytest.approx(expected[2], abs=1e-4)


def test_the_baseline_may_be_held_to_the_limit_too() -> None:
    def use(log_ratio: float) -> bool:
        none = torch.zeros(1, 2, dtype=torch.float64)
        choice = crraft_select(none, none, none, t(0), t(1), kl_max=4.0, baseline_log_ratio=t(log_ratio))
        return bool(choice.use_baseline.item())

    assert use(3.0)
    assert not use(5.0)


# The hacking bandit: 4 prompts with 6 answers, of which the reward likes the one that violates most.


def bandit(seed: int, kl_max: float, judged: bool, steps: int = 300) -> tuple[float, Tensor]:
    """P(satisfied) over the prompts, and KL(π ‖ π_ref) of each, after training with CRPG."""
    rng = torch.Generator().manual_seed(seed)
    rewards = torch.rand(4, 6, generator=rng, dtype=torch.float64) * 2 - 1
    rewards[:, 0] = 2.0
    logits = torch.zeros(4, 6, dtype=torch.float64, requires_grad=True)
    reference = torch.log_softmax(torch.zeros(4, 6, dtype=torch.float64), -1)
    optimizer = torch.optim.Adam([logits], lr=0.05)
    for _ in range(steps):
        logps = torch.log_softmax(logits, -1)
        drawn = torch.multinomial(logps.detach().exp(), 8, replacement=True, generator=rng)
        sampled = logps.gather(-1, drawn)
        satisfied = (drawn != 0).double() if judged else torch.ones(4, 8, dtype=torch.float64)
        rows = crpg(
            rewards.gather(-1, drawn).flatten(),
            torch.zeros(32, dtype=torch.float64),
            satisfied.flatten(),
            sampled.detach().flatten(),
            reference.gather(-1, drawn).flatten(),
            kl_max=kl_max,
        )
        optimizer.zero_grad()
        crpg_loss(rows.advantages, sampled.flatten(), rows.num_used).backward()
        optimizer.step()
    final = torch.log_softmax(logits.detach(), -1)
    return 1 - final[:, 0].exp().mean().item(), (final.exp() * (final - reference)).sum(-1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_judge_keeps_the_bandit_from_hacking(seed: int) -> None:
    assert bandit(seed, 20.0, judged=True)[0] >= 0.95
    assert bandit(seed, 20.0, judged=False)[0] < 0.6


@pytest.mark.parametrize("kl_max", [0.5, 1.0])
def test_a_strict_limit_holds_the_policy_to_the_reference(kl_max: float) -> None:
    assert (bandit(0, kl_max, judged=True)[1] < kl_max).all()
    assert (bandit(0, 20.0, judged=True)[1] > 1.0).all()
