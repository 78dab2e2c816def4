"""TGPO's engine: episodes with times of their own, the chain over times, the learner."""

from __future__ import annotations

from collections import Counter

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from jurybox.benchmarks.papers.tgpo.plane import Plane
from jurybox.judges.trajectory.logic import parse, robustness
from jurybox.trainers.control import Phase, PPOConfig
from jurybox.trainers.papers.tgpo import (
    TGPO,
    Allocation,
    GroundedEnv,
    Metropolis,
    Stages,
    TGPOConfig,
    ground,
    stage_rewards,
)

NEAR = parse("F[0,6] (a >= 0 & F[2,6] (b >= 0)) & G[0,12] (b > -9)")
DISCS = {"a": (0.8, 0.0), "b": (0.8, 0.8)}
SAMPLES = 13


def signals(obs):
    return {name: 0.4 - np.linalg.norm(2 * obs[:, :2] - centre, axis=1) for name, centre in DISCS.items()}


def grounded(env=None, formula=NEAR):
    stages = Stages(ground(formula, t_end=SAMPLES - 1))
    allocation = Allocation(stages.alternatives, SAMPLES)
    return GroundedEnv(env or Plane(5), formula, stages, signals, SAMPLES, lambda obs: allocation.uniform(len(obs)))


def test_an_episode_earns_the_stage_rewards_of_its_times_and_is_judged_by_the_formula():
    env = grounded(formula=parse("(F[0,6] (a >= 0 & F[2,6] (b >= 0))) | F[1,9] (b >= 0.1)"))
    obs, _ = env.reset(seed=0)
    rewards, stages, rng = [], [], np.random.default_rng(0)
    first = 3 + env.stages.variables
    for t in range(SAMPLES - 1):
        assert np.allclose(obs[:, 2], t / SAMPLES)
        stages.append(obs[:, first : first + 3].argmax(1))
        obs, reward, terminated, truncated, infos = env.step(rng.uniform(-1, 1, (5, 2)))
        rewards.append(reward)
        assert not truncated.any()
        assert terminated.all() == (t == SAMPLES - 2) == ~np.isnan(infos["robustness"]).all()
    for row, (number, times) in enumerate(env.choices):
        own = {name: values[:, row].tolist() for name, values in env.traces().items()}
        expected, reached = stage_rewards(env.stages.alternatives[number], times, own)
        assert np.allclose(np.array(rewards)[:, row], expected)
        assert np.array(stages)[:, row].tolist() == reached
        assert infos["robustness"][row] == robustness(env.formula, own)[0]


def test_episodes_that_begin_anew_have_new_times_and_the_others_keep_theirs():
    env = grounded()
    env.reset(seed=0)
    env.step(np.ones((5, 2)))
    before, mask = list(env.choices), np.array([True, False, False, True, False])
    chosen = [(0, {"t1": 6, "t2": 12})] * 2
    env.choose = lambda obs: chosen[: len(obs)]
    obs, _ = env.reset(options={"reset_mask": mask})
    assert [env.choices[row] for row in (0, 3)] == chosen
    assert [env.choices[row] for row in (1, 2, 4)] == [before[row] for row in (1, 2, 4)]
    assert env.t.tolist() == [0, 1, 1, 0, 1]
    assert np.allclose(obs[0, 3:5], np.array([6, 12]) / SAMPLES)


class Ends(Plane):
    """Points whose episodes end by themselves in the third step, or are cut there."""

    def __init__(self, cut):
        super().__init__(2)
        self.cut, self.steps = cut, 0

    def step(self, actions):
        obs, reward, terminated, truncated, infos = super().step(actions)
        self.steps += 1
        (truncated if self.cut else terminated)[0] = self.steps == 3
        return obs, reward, terminated, truncated, infos


def test_an_episode_that_ends_too_soon_has_failed():
    env = grounded(Ends(cut=False))
    env.reset(seed=0)
    for _ in range(2):
        env.step(np.zeros((2, 2)))
    _, _, terminated, _, infos = env.step(np.zeros((2, 2)))
    assert terminated.tolist() == [True, False]
    assert infos["robustness"][0] == -np.inf


def test_what_an_environment_must_be():
    env = grounded(Ends(cut=True))
    env.reset(seed=0)
    for _ in range(2):
        env.step(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="own time limit ends episodes after 3 steps, before 13 samples"):
        env.step(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="autoreset_mode DISABLED"):
        grounded(SyncVectorEnv([lambda: gymnasium.make("Pendulum-v1")]))
    discrete = SyncVectorEnv([lambda: gymnasium.make("FrozenLake-v1")], autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match="a flat Box"):
        grounded(discrete)


def test_gymnasiums_own_vector_environment_begins_anew_where_it_is_asked():
    chosen = []

    def choose(obs):
        chosen.append(len(obs))
        return [(0, {"t1": 2})] * len(obs)

    formula = parse("F[1,3] (a > 0)")
    inner = SyncVectorEnv([lambda: gymnasium.make("Pendulum-v1")] * 3, autoreset_mode=AutoresetMode.DISABLED)
    env = GroundedEnv(inner, formula, Stages(ground(formula)), lambda obs: {"a": obs[:, 0]}, 4, choose)
    env.reset(seed=0)
    for _ in range(3):
        _, _, end, _, _ = env.step(np.zeros((3, 1), dtype=np.float32))
    assert end.all()
    env.reset(options={"reset_mask": np.array([True, False, True])})
    assert (chosen, env.t.tolist()) == ([3, 2], [0, 3, 0])


# Who chooses the times.


def by_value(rows, choices):
    """Made up: later is better, and the second alternative somewhat."""
    return np.array([0.7 * number + 0.4 * sum(times.values()) / (1 + len(times)) for number, times in choices])


def test_chains_draw_times_in_proportion_to_the_exponential_of_their_worth():
    """Over all choices of both alternatives, which differ in variables: the whole draws are corrected for."""
    alternatives = ground(parse("(F[0,2] (a & F[1,3] b)) | F[1,6] b"))
    allocation = Allocation(alternatives, samples=6, seed=0)
    everything = [(0, times) for times in alternatives[0].assignments()]
    everything += [(1, times) for times in alternatives[1].assignments()]
    allowed = [choice for choice in everything if allocation.allows(choice)]
    assert 0 < len(allowed) < len(everything)  # the trace is too short for the latest
    weights = np.exp(by_value(range(len(allowed)), allowed) / 0.5)
    ends = allocation.metropolis(3000, by_value, Metropolis(temperature=0.5, steps=25, width=2, uniform=0.0))
    counted = Counter((number, *times.values()) for number, times in ends)
    seen = np.array([counted[(number, *times.values())] for number, times in allowed]) / 3000
    assert seen.sum() == pytest.approx(1.0)
    assert np.abs(seen - weights / weights.sum()).max() < 0.025


def test_the_best_of_many_draws_and_a_share_that_stays_uniform():
    (alternative,) = ground(parse("F[0,40] a"))
    allocation = Allocation([alternative], samples=50)
    best = [times["t1"] for _, times in allocation.best_of(20, 64, by_value)]
    assert min(best) > 30
    kept = allocation.metropolis(200, lambda rows, choices: 50 * by_value(rows, choices), Metropolis(uniform=1.0))
    assert len({times["t1"] for _, times in kept}) > 30


def test_what_is_refused():
    with pytest.raises(ValueError, match="no times within"):
        Allocation(ground(parse("F[5,9] a")), samples=4)
    with pytest.raises(ValueError, match="a share"):
        Metropolis(uniform=1.5)
    with pytest.raises(ValueError, match="needs more than 12 samples"):
        TGPO(Plane, NEAR, signals, 12)


# The learner.


def learner(seed=0, metropolis=None):
    ppo = PPOConfig(policy=Phase(epochs=8, minibatch=96, lr=2e-3))
    config = TGPOConfig(ppo=ppo, metropolis=metropolis, warmup=1)
    return TGPO(Plane, NEAR, signals, SAMPLES, config=config, envs=32, seed=seed)


@pytest.mark.parametrize("metropolis", [None, Metropolis(steps=3)], ids=["uniform", "metropolis"])
def test_a_seed_decides_everything(metropolis):
    runs = [learner(metropolis=metropolis).learn(3 * 32 * 12).evaluate(16, best_of=4) for _ in range(2)]
    assert np.array_equal(runs[0].robustness, runs[1].robustness)
    assert runs[0].choices == runs[1].choices


@pytest.mark.slow
def test_two_goals_in_order_are_learnt():
    heard = []
    tgpo = learner()
    before = tgpo.evaluate(64).success
    tgpo.learn(25 * 32 * 12, lambda tgpo, steps: heard.append(float(steps.reward.sum())))
    after = tgpo.evaluate(64, best_of=16)
    assert before == 0.0
    assert after.success > 0.8
    assert heard[-1] > heard[0]
    assert all(times["t2"] - times["t1"] >= 2 for _, times in after.choices)
