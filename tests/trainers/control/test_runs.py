"""What a run needs beside learning: checkpoints, things to look at, and rewards of this project."""

from __future__ import annotations

import io
import sys
import types

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from rich.console import Console

from jurybox.judges import judge
from jurybox.trainers.control import (
    PPO,
    JudgedEpisodes,
    MLPActorCritic,
    Phase,
    PPOConfig,
    ProgressBar,
    TensorBoard,
)


def learner(name: str, mode=AutoresetMode.SAME_STEP, kind=SyncVectorEnv, **settings) -> PPO:
    env = kind([lambda: gym.make(name)] * 2, autoreset_mode=mode)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, normalise=True)
    critic = {"critic": Phase(epochs=2, minibatch=16)} if mode is AutoresetMode.NEXT_STEP else {}
    config = PPOConfig(n_steps=25, policy=Phase(epochs=2, minibatch=16), reward_norm=True, anneal=True, **critic)
    return PPO(env, policy, config, seed=3)


@pytest.mark.parametrize("mode", list(AutoresetMode))
@pytest.mark.parametrize("name", ["CartPole-v1", "InvertedDoublePendulum-v5"])
def test_a_resumed_run_is_the_run_that_was_not_stopped(name, mode, tmp_path):
    """Stopped in the middle of episodes; MuJoCo's environments would pickle as new ones by themselves."""
    whole = learner(name, mode)
    seen = []
    whole.learn(200, lambda ppo, steps: seen.append((steps, ppo.save(tmp_path / str(ppo.iteration)))))
    stopped = learner(name, mode).restore(tmp_path / "2")
    again = []
    stopped.learn(200, lambda ppo, steps: again.append(steps))
    assert len(again) == len(seen) - 2
    for before, after in zip([steps for steps, _ in seen[2:]], again, strict=True):
        assert torch.equal(before.obs, after.obs)
        assert torch.equal(before.adv, after.adv)
        assert [e.returns.tolist() for e in before.episodes] == [e.returns.tolist() for e in after.episodes]
    for mine, theirs in zip(whole.policy.state_dict().values(), stopped.policy.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    assert whole.metrics == stopped.metrics


def test_a_mask_function_goes_on_with_the_environments_it_holds(tmp_path):
    ppo = learner("CartPole-v1")
    ppo.rollout.mask_fn = lambda obs, infos: np.array([[ppo.env.envs[i].unwrapped.state[0] > 0, True] for i in (0, 1)])
    ppo.learn(50)
    ppo.save(tmp_path)
    state = ppo.env.envs[0].unwrapped.state
    ppo.learn(100)
    ppo.restore(tmp_path)
    assert ppo.env.envs[0].unwrapped.state == pytest.approx(state)
    torch.testing.assert_close(ppo.collect().mask[0, 0, 0], torch.tensor(bool(state[0] > 0)))


def test_environments_that_cannot_be_saved_are_told_of(tmp_path):
    ppo = learner("CartPole-v1", kind=AsyncVectorEnv)
    try:
        ppo.learn(50)
        with pytest.warns(UserWarning, match="the environments cannot be saved"):
            ppo.save(tmp_path)
        with pytest.warns(UserWarning, match="episodes begin anew"):
            ppo.restore(tmp_path)
        assert ppo.rollout.tally.lengths.tolist() == [0, 0]
    finally:
        ppo.env.close()
    with pytest.raises(ValueError, match="environments and objectives"):
        PPO(SyncVectorEnv([lambda: gym.make("CartPole-v1")]), ppo.policy).restore(tmp_path)


def test_the_same_seed_is_the_same_run_and_another_another():
    one, same = learner("CartPole-v1").collect(), learner("CartPole-v1").collect()
    env = SyncVectorEnv([lambda: gym.make("CartPole-v1")] * 2)
    other = PPO(env, learner("CartPole-v1").policy, PPOConfig(n_steps=25), seed=4).collect()
    assert torch.equal(one.obs, same.obs)
    assert not torch.equal(one.obs, other.obs)


def test_a_bar_and_a_writer_are_told(monkeypatch):
    written = []

    class Writer:
        def __init__(self, folder):
            assert folder == "here"

        def add_scalar(self, *what):
            written.append(what)

        def flush(self):
            pass

    module = types.ModuleType("torch.utils.tensorboard")
    module.SummaryWriter = Writer
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", module)
    console = Console(file=io.StringIO(), force_terminal=True, width=120)
    with ProgressBar(console=console) as bar:
        learner("CartPole-v1").learn(100, [bar, TensorBoard("here")])
    assert "100/100" in console.file.getvalue()
    assert "return " in console.file.getvalue()
    names = {name for name, _, _ in written}
    assert names >= {"episode/return", "episode/length", "update/kl", "update/value_loss", "update/policy_loss"}
    assert {step for _, _, step in written} == {50, 100}
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(ImportError, match="pip install tensorboard"):
        TensorBoard("here")


@judge(reads="completion")
def lasted(completion, side):
    """The share of ten that an episode has of observations; no verdict on one that began to the left."""
    return None if side < 0 else min(1.0, len(completion) / 10)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_a_judge_of_episodes_pays_at_their_ends(mode):
    def make():
        return gym.wrappers.TimeLimit(gym.make("CartPole-v1").unwrapped, 12)

    seen = []

    def reward(completions, side, **_):
        seen.extend(zip(completions, side, strict=True))
        return lasted(completions=completions, side=side)

    env = JudgedEpisodes(
        SyncVectorEnv([make] * 3, autoreset_mode=mode),
        reward,
        completion=lambda trace: trace.obs,
        columns=lambda trace: {"side": float(trace.obs[0, 0])},
        paid="objective",
    )
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, objectives=2)
    ppo = PPO(env, policy, PPOConfig(n_steps=60), advantages=lambda steps: steps.adv.sum(-1))
    with pytest.warns(UserWarning, match="had no number for an episode"):
        steps = ppo.collect()
    judged = steps.reward[..., 1]
    assert len(seen) == len(steps.episodes) > 5
    assert env.abstained == sum(side < 0 for _, side in seen) > 0
    assert not judged[~steps.end | ~steps.valid].any()
    for (obs, side), episode in zip(seen, steps.episodes, strict=True):
        assert len(obs) == episode.length + 1  # the last observation is there
        expected = 0.0 if side < 0 else min(1.0, (episode.length + 1) / 10)
        assert episode.returns.tolist() == pytest.approx([episode.length, expected])
        assert np.abs(np.diff(obs[:, 0])).max() < 0.1  # of one episode
    env.close()


def test_a_reward_expression_teaches_a_policy():
    """What is paid is the judge's alone: keep the cart to the right."""

    @judge(reads="completion")
    def right(completion):
        return float(np.mean(completion[:, 0] > 0))

    env = JudgedEpisodes(
        SyncVectorEnv([lambda: gym.make("CartPole-v1")] * 8, autoreset_mode=AutoresetMode.SAME_STEP),
        2 * right,
        completion=lambda trace: trace.obs,
    )
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    ppo = PPO(env, policy, PPOConfig(n_steps=64, policy=Phase(epochs=4, minibatch=128, lr=3e-3)))
    returns = []
    ppo.learn(8000, lambda ppo, steps: returns.append(np.mean([e.returns[0] for e in steps.episodes])))
    assert np.mean(returns[-3:]) > np.mean(returns[:3]) + 0.4
