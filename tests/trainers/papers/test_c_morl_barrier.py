"""C-MORL's constrained step: thresholds, the two forms of the barrier, and what becomes of them at their ends."""

from __future__ import annotations

import math

import pytest
import torch

from jurybox.trainers.papers.c_morl import (
    barrier_reward_weights,
    barrier_weights,
    ipo_loss,
    scalarised_gae,
    thresholds,
)


def sample(seed: int = 0, m: int = 3, rows: int = 8) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64)  # noqa: E731
    logp = draw(rows) * 0.05 - 1
    return {
        "logp": logp.requires_grad_(),
        "old_logp": logp.detach() + 0.03 * draw(rows),
        "advantage": draw(rows),
        "returns": draw(rows, m).abs() + 1,
        "parent_value": torch.ones(m, dtype=torch.float64),
    }


def gradient(**settings: object) -> torch.Tensor:
    loss = ipo_loss(**settings)  # type: ignore[arg-type]
    (slope,) = torch.autograd.grad(loss.loss, [settings["logp"]])  # type: ignore[list-item]
    return slope


def test_a_negative_value_is_relaxed_too() -> None:
    parent = torch.tensor([2.0, 0.0, -2.0], dtype=torch.float64)
    assert (thresholds(parent, 0.9) <= parent).all()
    assert thresholds(parent, 0.9).tolist() == pytest.approx([1.8, 0.0, -2.2])
    assert thresholds(parent, 1.0).tolist() == parent.tolist()


@pytest.mark.parametrize("mode", ["library", "official", "official_column_fixed"])
def test_without_slack_the_loss_stays_finite(mode: str) -> None:
    data = sample()
    for returns in (data["returns"], -data["returns"], torch.zeros_like(data["returns"])):
        given = {**data, "returns": returns, "parent_value": returns.mean(0) + 5}
        assert math.isfinite(ipo_loss(**given, objective=1, beta=1.0, mode=mode).loss.item())  # type: ignore[arg-type]
        assert gradient(**given, objective=1, beta=1.0, mode=mode).isfinite().all()


def test_at_the_floor_the_loss_form_is_silent_and_the_advantage_form_is_loud() -> None:
    data = sample()
    data["parent_value"] = data["returns"].mean(0) + 5
    alone = ipo_loss(**data, objective=0).surrogate
    (of_surrogate,) = torch.autograd.grad(alone, [data["logp"]])
    assert torch.equal(gradient(**data, objective=0), of_surrogate)
    weights = barrier_reward_weights(data["returns"], 0, data["parent_value"]).weights
    assert weights.tolist() == pytest.approx([1.0, 50.0, 50.0])


def test_the_weight_of_a_constraint_grows_as_its_slack_shrinks() -> None:
    J = torch.tensor([0.0, 1.0], dtype=torch.float64)
    for slack in (0.5, 0.1, 0.01, 0.002):
        threshold = torch.tensor([0.0, 1.0 - slack], dtype=torch.float64)
        assert barrier_weights(J, threshold, 0, t=20.0).weights[1].item() == pytest.approx(1 / (20 * slack))


def test_on_policy_the_loss_form_has_the_gradient_of_the_advantage_form() -> None:
    """With r_i minus its mean as the advantage; the constraints' baselines change nothing in expectation."""
    data = sample()
    data["old_logp"] = data["logp"].detach()
    returns, parent = data["returns"], data["parent_value"] * 0.2
    weights = barrier_reward_weights(returns, 0, parent).weights
    weighed = (returns[:, 1:] * weights[1:]).sum(1) + returns[:, 0] - returns[:, 0].mean()
    expected = -weighed / len(returns)
    found = gradient(**{**data, "parent_value": parent, "advantage": returns[:, 0] - returns[:, 0].mean()}, objective=0)
    assert torch.allclose(found, expected, atol=1e-12)


def test_far_from_every_threshold_only_the_objective_is_left() -> None:
    data = sample()
    data["old_logp"] = data["logp"].detach()
    given = {**data, "returns": data["returns"] + 1000, "parent_value": data["parent_value"] * 1000}
    alone = -data["advantage"] / len(data["advantage"])
    difference = gradient(**given, objective=2, beta=0.0) - alone
    # the constraints together pull by (m − 1)/t, whatever their scale; their baseline-free part is the same for all
    assert (difference - difference.mean()).norm() < 0.01 * alone.norm()


def test_the_program_drops_a_row_where_it_means_an_objective() -> None:
    """A sum over what each mode keeps, written out entry by entry."""
    data = sample(m=2, rows=4)
    ratio = (data["logp"] - data["old_logp"]).exp().clamp(0.8, 1.2).tolist()
    mean = data["returns"].mean(0).tolist()
    kept = {
        "official": [(b, j) for b in (0, 2, 3) for j in (0, 1)],
        "official_column_fixed": [(b, 0) for b in range(4)],
    }
    for mode, entries in kept.items():
        logs = [math.log(max(1e-3, ratio[b] * mean[j] - 0.9 * mean[j])) for b, j in entries]
        found = ipo_loss(**data, objective=1, mode=mode).barrier.item()  # type: ignore[arg-type]
        assert found == pytest.approx(-sum(logs) / len(logs) / 20)


def test_rewards_that_nobody_gave() -> None:
    nan = math.nan
    rewards = torch.tensor([[1.0, nan], [0.0, 0.5], [nan, nan], [1.0, nan]], dtype=torch.float64)
    found = barrier_reward_weights(rewards, 0, torch.tensor([0.5, 0.4], dtype=torch.float64))
    assert found.J.tolist() == pytest.approx([2 / 3, 0.5])
    assert found.advantage[2] == 0
    assert found.advantage.isfinite().all()
    unknown = barrier_reward_weights(torch.tensor([[1.0, nan], [0.0, nan]]), 0, torch.tensor([0.5, 0.4]))
    assert unknown.weights.tolist() == [1.0, 0.0]
    equal = barrier_reward_weights(torch.full((10, 2), 0.1), 0, torch.tensor([0.1, 0.1]))
    assert equal.advantage.tolist() == [0.0] * 10


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"objective": 3}, "objective=3"),
        ({"objective": -1}, "objective=-1"),
        ({"beta": 1.5}, "beta=1.5"),
        ({"t": 0.0}, "t=0.0"),
        ({"slack_floor": 0.0}, "slack_floor=0.0"),
        ({"mode": "paper"}, "mode"),
    ],
)
def test_settings_without_meaning(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ipo_loss(**{**sample(), "objective": 0, **settings})  # type: ignore[arg-type]


def test_equal_advantages_are_zero() -> None:
    steps = {"rewards": torch.full((5, 2), 0.1), "values": torch.zeros(5, 2), "next_value": torch.zeros(2)}
    ends = torch.zeros(5)  # every step is an episode
    found = scalarised_gae(**steps, not_done=ends, weights=torch.tensor([0.3, 0.7]))
    assert found.advantage.tolist() == [0.0] * 5
    with pytest.raises(ValueError, match="weights"):
        scalarised_gae(**steps, not_done=ends, weights=torch.tensor([0.3, 0.3]))
