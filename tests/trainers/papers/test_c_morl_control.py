"""C-MORL on a small environment: what J is, what an extension trains on, and a front on disk."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
import torch

from jurybox.trainers.control import MLPActorCritic, Phase, PPOConfig, SameStepVectorEnv, Steps
from jurybox.trainers.papers.c_morl import Front, barrier_weights
from jurybox.trainers.papers.c_morl.control import (
    CMORLControl,
    Constraint,
    ControlSearch,
    EpisodeReturns,
    discover_policies,
    load_policies,
    paper_ppo,
    save_policies,
)


class Choices(gymnasium.Env[int, int]):
    """Two steps, in each an angle is chosen; the rewards are its cosine and its sine, over 2."""

    observation_space = gymnasium.spaces.Discrete(2)
    action_space = gymnasium.spaces.Discrete(5)
    reward_space = gymnasium.spaces.Box(-1.0, 1.0, (2,))

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return 0, {}

    def step(self, action: int) -> tuple[int, Any, bool, bool, dict[str, Any]]:
        self.steps += 1
        angle = math.pi / 2 * int(action) / 4
        return self.steps % 2, np.array([math.cos(angle), math.sin(angle)]) / 2, self.steps == 2, False, {}


CONFIG = PPOConfig(n_steps=16, policy=Phase(epochs=4, minibatch=32, lr=1e-2), gamma=1.0)


def search(**changed: Any) -> ControlSearch:
    settings = {
        "ref_point": [0.0, 0.0],
        "total_steps": 6000,
        "stage_one_share": 0.4,
        "delta": 1.0,
        "chunk_updates": 4,
        "archive_every": 2,
        "num_select": 3,
        "eval_episodes": 1,
        "eval_gamma": 1.0,
    }
    return ControlSearch(**{**settings, **changed})


def make_policy(seed: int) -> MLPActorCritic:
    return MLPActorCritic(Choices.observation_space, Choices.action_space, objectives=2, hidden=(16,), seed=seed)


def control(**changed: Any) -> CMORLControl:
    envs = [SameStepVectorEnv([Choices] * n) for n in (4, 1)]
    return CMORLControl(*envs, make_policy, search(**changed), CONFIG, ("cosine", "sine"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("form", "mode"), [("advantage", "library"), ("loss", "library"), ("loss", "official"), ("cpo", "library")]
)
def test_a_front_is_found_and_comes_back_from_disk(form: str, mode: str, tmp_path: Path) -> None:
    envs = [SameStepVectorEnv([Choices] * n) for n in (4, 1)]
    few = search(form=form, mode=mode) if form == "advantage" else search(form=form, mode=mode, total_steps=2000)
    found = discover_policies(*envs, make_policy, few, objectives=("cosine", "sine"), config=CONFIG)
    assert found.steps >= few.total_steps
    assert found.children
    if form == "advantage":  # two weightings know the ends alone
        assert len(found.front) > 2
        assert found.front.metrics["hypervolume"] > 0.6
    save_policies(found.front, tmp_path)
    again: Front[Any] = load_policies(tmp_path, lambda: make_policy(0))
    assert again.metrics == found.front.metrics
    obs = torch.tensor([0, 1])
    for weights in ([1.0, 0.0], [0.5, 0.5], [0.0, 1.0]):
        torch.testing.assert_close(again.assign(weights).params(obs), found.front.assign(weights).params(obs))
    found.front.draw(tmp_path / "front.png", {"stage 1": found.stage_one})
    assert (tmp_path / "front.png").stat().st_size > 1000


def steps_of(reward: Any, end: Any, valid: Any) -> Steps:
    steps = object.__new__(Steps)
    steps.reward, steps.end, steps.valid = torch.tensor(reward), torch.tensor(end), torch.tensor(valid)
    return steps


def test_discounted_returns_of_episodes_that_collections_cut() -> None:
    returns = EpisodeReturns(0.5)
    first = steps_of([[[1.0]], [[2.0]]], [[False], [False]], [[True], [True]])
    second = steps_of([[[4.0]], [[9.0]], [[3.0]]], [[True], [True], [True]], [[True], [False], [True]])
    assert returns.of(first).tolist() == []
    assert returns.of(second).tolist() == [[1 + 1 + 1], [3.0]]  # the middle one only began anew


def test_an_extension_weighs_advantages_by_the_slack() -> None:
    owner = control()
    policy = make_policy(0)
    constraint = Constraint(owner, policy, torch.tensor([0.4, 0.6]).double(), objective=0)
    start = constraint.J.clone()
    ppo = owner._ppo(policy, constraint.advantages)
    steps = ppo.collect()
    got = constraint.advantages(steps)
    mean = EpisodeReturns(1.0).of(steps).mean(0)
    J = 0.7 * start + 0.3 * torch.as_tensor(mean)
    weights = barrier_weights(J, torch.tensor([0.36, 0.54]).double(), 0).weights.float()
    scalar = steps.adv @ weights
    torch.testing.assert_close(got, (scalar - scalar.mean()) / (scalar.std() + 1e-5))


def test_units_make_weights_and_slacks_mean_the_same() -> None:
    owner = control(units=[1.0, 100.0])
    constraint = Constraint(owner, make_policy(0), torch.tensor([1.0, 50.0]).double(), objective=0)
    assert constraint.threshold.tolist() == pytest.approx([0.9, 0.45])


def test_what_a_child_does_leaves_its_parent() -> None:
    owner = control(total_steps=10**6)
    parent = make_policy(0)
    before = [p.clone() for p in parent.parameters()]
    snapshots = list(owner.extend((parent, {}), np.array([0.5, 0.5]), 1))
    assert len(snapshots) == 4
    assert all(torch.equal(p, q) for p, q in zip(parent.parameters(), before, strict=True))
    first, last = (snapshots[k][1][0] for k in (0, -1))
    assert not torch.equal(next(first.parameters()), next(last.parameters()))
    assert snapshots[0][1][1]["objective"] == "sine"


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"form": "both"}, "form"),
        ({"units": [1.0]}, "units"),
        ({"units": [1.0, 0.0]}, "units"),
        ({"chunk_updates": 0}, "at least 1"),
        ({"stage_one_share": 1.2}, "stage_one_share"),
        ({"t": -1.0}, "t=-1.0"),
        ({"stage_one_share": 0.0}, "above 0"),
        ({"delta_kl": 0.0}, "delta_kl"),
    ],
)
def test_searches_that_cannot_be(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        search(**changed)


def test_the_papers_ppo() -> None:
    config = paper_ppo(8)
    assert config.policy.minibatch == 128  # 32 of them
    with pytest.raises(ValueError, match="ref_point"):
        CMORLControl(*[SameStepVectorEnv([Choices])] * 2, make_policy, search(), CONFIG, ("cosine",))  # type: ignore[call-arg]


def test_a_constrained_step_raises_its_objective_and_keeps_the_others() -> None:
    owner = control(form="cpo", total_steps=10**6, delta_kl=0.02)
    parent = make_policy(3)
    value = owner.value(parent, greedy=False, episodes=400)
    constraint = Constraint(owner, parent, torch.as_tensor(value), objective=0)
    ppo = owner._cpo(parent, constraint)
    for _ in range(40):
        ppo.update(ppo.collect())
    assert ppo.metrics["line_search"] >= 0
    after = owner.value(parent, greedy=False, episodes=400)
    assert after[0] > value[0] + 0.1  # of 1 at most; without the constraint sine would go to 0
    assert after[1] > 0.9 * value[1] - 0.06


def test_where_no_constraint_is_near_the_step_fills_the_trust_region() -> None:
    owner = control(form="cpo", total_steps=10**6, delta_kl=0.01)
    policy = make_policy(1)
    constraint = Constraint(owner, policy, torch.tensor([-5.0, -5.0]).double(), objective=1)
    ppo = owner._cpo(policy, constraint)
    batch = ppo.batch(ppo.collect())
    ppo._sums = {}
    ppo.policy_phase(batch)
    mb = ppo.view(batch, torch.arange(len(batch)))
    assert ppo._sums["recovered"] == [0.0]
    assert 0.0 < mb.dist.kl(mb.dist_old).mean().item() <= 0.015
    assert ppo._gains(mb)[1].item() > 0  # type: ignore[attr-defined]
