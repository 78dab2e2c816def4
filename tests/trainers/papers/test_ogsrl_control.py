"""OGSRL on the small PPO: the guarded environment, both learners, and models with their guardians."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from gymnasium import spaces

from jurybox.trainers.control import PPO, MLPActorCritic, Phase, PPOConfig
from jurybox.trainers.papers.ogsrl import guarded_rollout
from jurybox.trainers.papers.ogsrl.continuous import DensitySupport, NeighbourModel
from jurybox.trainers.papers.ogsrl.cpo import CPO
from jurybox.trainers.papers.ogsrl.guarded_env import GuardedEnv
from jurybox.trainers.papers.ogsrl.primal_dual import OGSRL
from jurybox.trainers.papers.ogsrl.records import Records
from jurybox.trainers.papers.ogsrl.tabular import TabularModel

LINE, STEP = spaces.Box(-np.inf, np.inf, (1,), np.float64), spaces.Box(-1, 1, (1,), np.float64)


def records(n=400, seed=0, terminal=0.0):
    """Steps on a line: reward for going right, cost beyond 1, few records beyond 1.5."""
    rng = np.random.default_rng(seed)
    state = rng.normal(0, 0.6, (n, 1))
    action = rng.uniform(-0.4, 0.6, (n, 1))
    new = state + 0.5 * action
    return Records(state, action, new, new[:, 0].copy(), (new[:, 0] > 1).astype(float), rng.random(n) < terminal)


def environment(leaving="freeze", data=None, **changes):
    data = data or records()
    support = None if leaving == "ignore" else DensitySupport(data, sigma=0.3)
    settings = {"num_envs": 8, "horizon": 5, "penalty_reward": -3.0, "observation_space": LINE, "action_space": STEP}
    return GuardedEnv(NeighbourModel(data), np.zeros((1, 1)), support=support, leaving=leaving, **settings | changes)


@pytest.mark.parametrize("terminal", [0.0, 0.3])
def test_an_episode_is_the_guarded_rollout_of_what_was_looked_up(terminal):
    data, rng = records(terminal=terminal), np.random.default_rng(1)
    flagged = rng.random(len(data)) < 0.1
    env = environment(data=data, flagged=flagged, num_envs=1, horizon=6, penalty_cost=2.0, reward_clip=(-0.5, 0.4))
    lengths = set()
    obs, _ = env.reset(seed=3)
    for _ in range(60):
        looked = {name: [] for name in ("reward", "cost", "density", "neighbour_ood", "terminal")}
        seen, done, cut = [], False, False
        while not (done or cut):
            action = rng.uniform(-1, 1, (1, 1))
            (found,) = env.model.look_up(obs, action, rng)
            row = (data.reward[found], data.cost[found], 1.0 - env.support.outside(obs, action)[0], flagged[found],
                   data.terminal[found])  # fmt: skip
            for name, value in zip(looked, row, strict=True):
                looked[name].append(value)
            before = obs
            obs, reward, (done,), (cut,), infos = env.step(action)
            seen.append([*reward[0], done])
            if seen[-1][2] and not (done or cut):
                assert (obs == before).all()
        expected = guarded_rollout(**looked, threshold=0.5, penalty_reward=-3.0, penalty_cost=2.0, horizon=6,
                                   reward_clip=(-0.5, 0.4))  # fmt: skip
        wanted = zip(expected.reward, expected.cost, expected.ood, expected.done, strict=True)
        assert seen == [list(step) for step in wanted]
        assert infos["final_obs"][0].shape == (1,)
        lengths.add(expected.length)
    assert len(lengths) > (1 if terminal else 0)


def test_to_leave_may_end_the_episode_or_be_ignored():
    env = environment("exit")
    env.reset(seed=0)
    far = np.ones((8, 1))
    for _ in range(20):
        _, reward, terminated, _, _ = env.step(far)
        assert (terminated == reward[:, 2].astype(bool)).all()
        assert (reward[terminated] == [-3.0, 1.0, 1.0]).all()
    ignored = environment("ignore")
    ignored.reset(seed=0)
    assert not any(ignored.step(far)[1][:, 2].any() for _ in range(20))


def learner(kind, seed=0, **changes):
    policy = MLPActorCritic(LINE, STEP, objectives=3, hidden=(16,), log_std=-1.5, seed=seed)
    config = PPOConfig(n_steps=5, policy=Phase(epochs=3, minibatch=None, lr=3e-3), advantage_norm="batch",
                       critic=Phase(epochs=3, minibatch=None, lr=3e-3))  # fmt: skip
    return kind(environment(num_envs=32, **changes.pop("environment", {})), policy, config, seed=seed, **changes)


def test_without_limits_it_is_ppo_bit_for_bit():
    ours = learner(OGSRL)
    ppo = learner(PPO, advantages=lambda steps: steps.adv[..., 0])
    for each in (ours, ppo):
        each.learn(5 * 32 * 4)
    for mine, theirs in zip(ours.policy.parameters(), ppo.policy.parameters(), strict=True):
        assert torch.equal(mine, theirs)
    assert ours.multipliers == [0.0, 0.0]


def test_multipliers_follow_the_episodes_and_a_limit_out_of_reach_is_told():
    ours = learner(OGSRL, limit_cost=0.1, limit_ood=0.2, eta=0.5, cap=1.0, running=0.5)
    with pytest.warns(UserWarning, match=r"the multiplier of the OOD limit 0.2 is at its cap of 1"):
        ours.dual(np.array([0.0, 0.3, 5.0]))
    ours.dual(np.array([0.0, 0.0, 5.0]))
    assert ours.estimates == pytest.approx([0.15, 5.0])
    assert ours.multipliers == pytest.approx([0.5 * 0.2 + 0.5 * 0.05, 1.0])


@pytest.mark.parametrize("kind", [OGSRL, CPO])
def test_it_learns_to_stay_inside_and_to_keep_the_limit(kind):
    """Always going right earns the most, costs, and leaves the records: three steps of five are beyond 1."""
    limits = {"limit_cost": 0.5, "limit_ood": 0.5, "eta": 0.2} if kind is OGSRL else {"limit": 0.5, "delta": 0.03}
    ours = learner(kind, **limits)
    means = []
    ours.learn(5 * 32 * 60, lambda ppo, steps: means.append(np.mean([e.returns for e in steps.episodes], axis=0)))
    first, last = np.mean(means[:5], axis=0), np.mean(means[-10:], axis=0)
    assert last[0] > first[0] + 0.5
    assert last[1] < 0.8
    assert last[2] < 0.8


def test_cpo_s_step_keeps_within_its_region_and_moves_only_the_policy():
    ours = learner(CPO, limit=0.2, delta=0.01)
    steps = ours.collect()
    batch = ours.batch(steps)
    ours._sums = {}
    critic = [p.clone() for p in ours.policy.critic.parameters()]
    ours.policy_phase(batch)
    old = ours.policy.make(batch.params_old)
    kl = ours.policy.make(ours.policy.params(batch.obs)).kl(old).mean()
    assert 0 < kl <= 0.01
    assert all(torch.equal(p, q) for p, q in zip(ours.policy.critic.parameters(), critic, strict=True))


def test_a_table_draws_among_the_records_of_a_pair_or_of_the_nearest():
    state, action, new = np.array([0, 0, 0, 1]), np.array([1, 1, 1, 0]), np.array([5, 6, 7, 8])
    data = Records(state, action, new, np.zeros(4), np.zeros(4), np.zeros(4, bool))
    model = TabularModel(data, [[0.0], [1.0], [1.4]], [[0.0], [0.1]], least=3)
    rng = np.random.default_rng(0)
    drawn = {int(data.next_state[model.look_up(np.array([0]), np.array([1]), rng)][0]) for _ in range(60)}
    assert drawn == {5, 6, 7}
    assert data.next_state[model.look_up(np.array([2, 1]), np.array([1, 1]), rng)].tolist() == [8, 8]
    assert model.outside(np.array([0, 1, 2]), np.array([1, 0, 1])).tolist() == [False, True, True]


def test_a_guardian_of_states_alone_has_nothing_against_any_action():
    data = records()
    both, states = (DensitySupport(data, sigma=0.2, states_only=only) for only in (False, True))
    state, action = np.zeros((1, 1)), np.full((1, 1), 30.0)
    assert both.outside(state, action).tolist() == [True]
    assert states.outside(state, action).tolist() == [False]
    assert DensitySupport(data, region="ellipsoid").outside(state, action).tolist() == [True]


def test_what_cannot_be_is_refused():
    data = records(10)
    with pytest.raises(ValueError, match="leaving='freeze' needs a guardian"):
        GuardedEnv(NeighbourModel(data), data.state, observation_space=LINE, action_space=STEP)
    with pytest.raises(ValueError, match="leaving='ignore' has no use for a guardian"):
        environment("ignore").__class__(NeighbourModel(data), data.state, observation_space=LINE, action_space=STEP,
                                        leaving="ignore", support=DensitySupport(data))  # fmt: skip
    with pytest.raises(ValueError, match="a cost is 0 or more"):
        environment(penalty_cost=-1.0)
    with pytest.raises(ValueError, match="a cost is 0 or more"):
        Records(data.state, data.action, data.next_state, data.reward, -1 - data.cost, data.terminal)
    with pytest.raises(ValueError, match="records are as many of each"):
        Records(data.state, data.action, data.next_state, data.reward[:3], data.cost, data.terminal)
    with pytest.raises(ValueError, match="region must be kernel or ellipsoid"):
        DensitySupport(data, region="box")
    with pytest.raises(ValueError, match="critics of 1 objectives"):
        OGSRL(environment(), MLPActorCritic(LINE, STEP))
    with pytest.raises(ValueError, match="running=0"):
        learner(OGSRL, running=0.0)
    with pytest.raises(ValueError, match="cost=3: objective 0 is the reward, and there are 3"):
        learner(CPO, cost=3)
    with pytest.raises(ValueError, match="the policy's alone"):
        CPO(environment(), MLPActorCritic(LINE, STEP, objectives=3), PPOConfig())
    assert math.isnan(learner(CPO).excess)
