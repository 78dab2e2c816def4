"""CapTAIN as a learner: the environment, the policy under its mask, and PPO on the simulator."""

from __future__ import annotations

import warnings
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from jurybox.judges.fleet import FleetDay, FleetWorld, RandomDispatcher, Scenario, operate
from jurybox.trainers.control import Phase
from jurybox.trainers.papers.uam_fleet import masked_ppo_loss
from jurybox.trainers.papers.uam_fleet.environment import FleetEnv
from jurybox.trainers.papers.uam_fleet.observation import Observer
from jurybox.trainers.papers.uam_fleet.policy import CapTAIN, PolicyDispatcher
from jurybox.trainers.papers.uam_fleet.training import CONFIG, captain_ppo

MINI = FleetWorld.mini()


def batch(day: FleetDay, **observer) -> dict[str, torch.Tensor]:
    return {name: torch.as_tensor(values).unsqueeze(0) for name, values in Observer(day.world, **observer)(day).items()}


def test_gymnasium_finds_nothing_wrong():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", message=".*render.*")
        check_env(FleetEnv(masked=False), skip_render_check=True)


def test_an_episode_is_a_day():
    env, day = FleetEnv(), FleetDay(Scenario(MINI, -7))
    observation, _ = env.reset(options={"day": -7})
    total, ended = 0.0, False
    dispatcher = RandomDispatcher(1)
    dispatcher.begin(day)
    while not ended:
        assert env.action_masks().tolist() == day.mask() == observation["mask"].astype(bool).tolist()
        assert observation in env.observation_space
        action = dispatcher.choose(day)
        day.decide(action)
        observation, reward, ended, truncated, _ = env.step(np.int64(action))
        total += reward
        assert not truncated
    assert 20 * total == pytest.approx(day.profit, abs=1e-6)
    with pytest.raises(ValueError, match="the day is over"):
        env.step(0)


def test_what_is_forbidden_raises_or_without_masks_is_a_stay():
    closed = replace(MINI, closure=1.0)
    env = FleetEnv(closed)
    with pytest.raises(ValueError, match="call reset"):
        env.step(0)
    env.reset(options={"day": 0})
    with pytest.raises(ValueError, match="may not fly"):
        env.step(1)
    free = FleetEnv(closed, masked=False)
    observation, _ = free.reset(options={"day": 0})
    assert observation["mask"].all()
    free.step(1)
    assert free.day.decisions[0].destination == 0


def test_days_are_drawn_by_the_seed_and_never_below_zero():
    env = FleetEnv()
    env.reset(seed=3)
    drawn = [env.day.scenario.seed]
    for _ in range(20):
        env.reset()
        drawn.append(env.day.scenario.seed)
    env.reset(seed=3)
    assert env.day.scenario.seed == drawn[0]
    assert len(set(drawn)) == 21
    assert min(drawn) >= 0


def test_the_policy_gives_what_is_forbidden_no_probability_and_no_gradient():
    policy = CapTAIN(MINI, seed=1)
    day = FleetDay(Scenario(replace(MINI, closure=0.6), 4))
    while sum(day.mask()) != 2:
        day.decide(day.aircraft.place)
    obs = batch(day)
    mask = obs["mask"].bool()
    params = policy.params(obs)
    params.retain_grad()
    dist = policy.make(params, mask)
    assert (dist.probs > 0).tolist() == mask.tolist()
    dist.entropy().sum().backward()
    assert (params.grad[~mask] == 0).all()
    assert (params.grad[mask] != 0).all()
    assert all(p.grad is None or p.grad.isfinite().all() for p in policy.parameters())
    both, apart = policy(obs), (policy.params(obs), policy.value(obs))
    assert torch.equal(both[0], apart[0])
    assert torch.equal(both[1], apart[1])


def test_aircraft_that_change_numbers_change_nothing():
    policy = CapTAIN(MINI, seed=1).double()
    day = operate_until(40)
    obs = {name: values.double() for name, values in batch(day).items()}
    wanted = policy(obs)
    for order in list(permutations(range(MINI.aircraft)))[::97]:
        turned = policy({**obs, "fleet": obs["fleet"][:, list(order)]})
        assert torch.allclose(turned[0], wanted[0], atol=1e-10)
        assert torch.allclose(turned[1], wanted[1], atol=1e-10)
    order = [2, 0, 3, 1]
    turned = policy({**obs, "vertiports": obs["vertiports"][:, order], "mask": obs["mask"][:, order]})
    assert torch.allclose(turned[0], wanted[0][:, order], atol=1e-10)


def operate_until(decisions: int) -> FleetDay:
    day, dispatcher = FleetDay(Scenario(MINI, 5)), RandomDispatcher()
    dispatcher.begin(day)
    while len(day.decisions) < decisions:
        day.decide(dispatcher.choose(day))
    return day


def test_the_learner_s_loss_is_the_paper_s():
    fast = Phase(epochs=4, minibatch=16, lr=1e-2)
    ppo = captain_ppo(config=replace(CONFIG, n_steps=64, policy=fast, advantage_norm="none"), environments=2, seed=1)
    steps = ppo.collect()
    ppo.update(steps)
    rows = ppo.batch(steps)
    mb = ppo.view(rows, torch.arange(len(rows)))
    paper = masked_ppo_loss(mb.params, mb.mask, mb.action, mb.logp_old, mb.adv)
    assert not mb.mask.all()
    assert ((mb.ratio - 1).abs() > 0.2).any()
    assert torch.allclose(mb.logp, paper.logp)
    wanted = paper.loss - CONFIG.entropy_coef * paper.entropy.mean()
    assert ppo.loss(mb).item() == pytest.approx(wanted.item(), abs=1e-6)


def test_days_side_by_side_are_the_days_one_by_one():
    dispatcher = PolicyDispatcher(CapTAIN(MINI, seed=2), MINI)
    scenarios = [Scenario(MINI, day) for day in (-1, -2, -3)]
    together = [day.decisions for day in dispatcher.operate(scenarios)]
    assert together == [operate(scenario, dispatcher).decisions for scenario in scenarios]


@pytest.mark.slow
def test_it_learns_and_dispatches():
    days = [Scenario(MINI, -day) for day in range(1, 6)]
    ppo = captain_ppo(config=replace(CONFIG, n_steps=128), environments=4, seed=0)

    def profit() -> float:
        return sum(day.profit for day in PolicyDispatcher(ppo.policy, MINI).operate(days)) / len(days)

    before = profit()
    ppo.learn(4 * 128 * 15)
    assert profit() > before + 50
