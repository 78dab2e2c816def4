"""The learner against stable-baselines3, and what only it can do: K objectives, masks, every autoreset mode."""

from __future__ import annotations

import gymnasium as gym
import mo_gymnasium
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from mo_gymnasium.wrappers.vector import MOSyncVectorEnv
from stable_baselines3 import PPO as SB3PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import DummyVecEnv

from jurybox.trainers.control import (
    PPO,
    ActorCritic,
    MLPActorCritic,
    Phase,
    PPOConfig,
    RunningNorm,
    SameStepVectorEnv,
    evaluate,
)
from jurybox.trainers.objectives import Categorical, vector_gae

MODES = list(AutoresetMode)


class Corridor(gym.Env):
    """Ten places; the right action pays, the episode ends at the end (or after some steps, by a wrapper)."""

    def __init__(self, length: int = 10, reward: tuple[float, ...] = (1.0, -2.0), ends: bool = True):
        self.length, self.reward, self.ends = length, np.array(reward), ends
        self.observation_space = spaces.Dict({"place": spaces.Discrete(length + 1), "mask": spaces.MultiBinary(3)})
        self.action_space = spaces.Discrete(3)
        self.reward_space = spaces.Box(-9, 9, (len(reward),))
        self.taken_when_impossible = 0

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 0
        return self._look(), {}

    def _look(self):
        over = self.ends and self.place == self.length
        self.mask = np.zeros(3, np.int8) if over else (self.np_random.random(3) < 0.5).astype(np.int8)
        if not over:
            self.mask[self.np_random.integers(3)] = 1
        return {"place": self.place, "mask": self.mask}

    def step(self, action):
        self.taken_when_impossible += not self.mask[action]
        self.place = min(self.place + 1, self.length)
        return self._look(), self.reward * (1 + self.place), self.ends and self.place == self.length, False, {}


def constant(limit: int = 10) -> gym.Env:
    """Reward 1 for ever, but episodes of ten steps."""
    return gym.wrappers.TimeLimit(Corridor(1, (1.0,), ends=False), limit)


class Constant(gym.RewardWrapper):
    def reward(self, reward):
        return 1.0


def one_number(env: gym.Env) -> gym.Env:
    return gym.wrappers.TransformReward(env, lambda reward: float(np.sum(reward)))


def test_vector_gae_is_its_definition_and_the_peers():
    rng = np.random.default_rng(0)
    T, E, gamma, lam = 40, 3, 0.9, 0.8
    reward, value = rng.normal(size=(T, E)), rng.normal(size=(T + 1, E))
    terminated, truncated = rng.random((T, E)) < 0.1, rng.random((T, E)) < 0.1
    end, last = terminated | truncated, rng.normal(size=(T, E))
    following = np.where(terminated, 0, np.where(truncated, last, value[1:]))

    expected = np.zeros((T, E))
    for t in range(T):  # the sum of all later residuals of the episode, each discounted by its distance
        for e in range(E):
            weight = 1.0
            for s in range(t, T):
                expected[t, e] += weight * (reward[s, e] + gamma * following[s, e] - value[s, e])
                weight *= gamma * lam
                if end[s, e]:
                    break

    two = [torch.tensor(np.stack([x, 3 * x], axis=-1)) for x in (reward, value[:-1], following)]
    ours = vector_gae(*two, torch.tensor(end), gamma=gamma, lam=lam)
    np.testing.assert_allclose(ours.adv[..., 0], expected, atol=1e-12)
    np.testing.assert_allclose(ours.adv[..., 1], 3 * expected, atol=1e-12)
    np.testing.assert_allclose(ours.tdlamret, ours.adv + two[1], atol=1e-12)

    buffer = RolloutBuffer(T, spaces.Box(-1, 1, (1,)), spaces.Discrete(2), "cpu", lam, gamma, E)
    starts = np.vstack([np.ones((1, E), bool), end[:-1]])
    for t in range(T):  # as it collects: a cut is a reward more
        cut = truncated[t] & ~terminated[t]
        buffer.add(
            np.zeros((E, 1)), np.zeros((E, 1)), reward[t] + gamma * cut * last[t], starts[t],
            torch.tensor(value[t]), torch.zeros(E),
        )  # fmt: skip
    buffer.compute_returns_and_advantage(torch.tensor(value[-1]), end[-1])
    np.testing.assert_allclose(ours.adv[..., 0], buffer.advantages, atol=1e-5)


def copied_weights(ours: MLPActorCritic, peer) -> None:
    linear = [*[m for m in peer.mlp_extractor.policy_net if hasattr(m, "weight")], peer.action_net]
    linear += [*[m for m in peer.mlp_extractor.value_net if hasattr(m, "weight")], peer.value_net]
    mine = [m for m in [*ours.actor, *ours.critic] if hasattr(m, "weight")]
    with torch.no_grad():
        for a, b in zip(mine, linear, strict=True):
            a.weight.copy_(b.weight)
            a.bias.copy_(b.bias)


@pytest.mark.parametrize("name", ["CartPole-v1", "Pendulum-v1"])
def test_a_rollout_and_an_update_are_the_peers(name):
    """Same actions, one minibatch of everything, ten epochs: the same weights. Pendulum's limit falls into it."""
    T, E = 250, 2
    peer_env = DummyVecEnv([lambda: gym.make(name) for _ in range(E)])
    peer = SB3PPO(
        "MlpPolicy", peer_env, n_steps=T, batch_size=T * E, n_epochs=10, seed=0, ent_coef=0.01, clip_range=0.02
    )
    peer.set_logger(configure(None, []))
    env = SyncVectorEnv([lambda: gym.make(name) for _ in range(E)], autoreset_mode=AutoresetMode.SAME_STEP)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    copied_weights(policy, peer.policy)
    peer_env.seed(0)
    _, callback = peer._setup_learn(T * E, None)
    assert peer.collect_rollouts(peer_env, callback, peer.rollout_buffer, T)
    actions = iter(torch.as_tensor(peer.rollout_buffer.actions))

    class Replayed(MLPActorCritic):
        def make(self, params, mask=None):
            dist = super().make(params, mask)
            action = next(actions, None)
            if action is not None:
                action = action.long().squeeze(-1) if isinstance(dist, Categorical) else action
                object.__setattr__(dist, "sample", lambda generator: action)
            return dist

    policy.__class__ = Replayed
    config = PPOConfig(n_steps=T, policy=Phase(minibatch=None), entropy_coef=0.01, clip=0.02)
    ppo = PPO(env, policy, config, seed=0)
    steps = ppo.collect()
    if name == "Pendulum-v1":
        assert steps.end.any(0).all()
    np.testing.assert_array_equal(steps.obs, peer.rollout_buffer.observations)
    np.testing.assert_allclose(steps.adv[..., 0], peer.rollout_buffer.advantages, atol=2e-4)
    np.testing.assert_allclose(steps.logp, peer.rollout_buffer.log_probs, atol=1e-5)
    before = [parameter.detach().clone() for parameter in policy.parameters()]
    ppo.update(steps)
    peer.train()
    assert max(float((p - q.detach()).abs().max()) for p, q in zip(before, policy.parameters(), strict=True)) > 1e-3
    updated = MLPActorCritic(env.single_observation_space, env.single_action_space)
    copied_weights(updated, peer.policy)
    for (name, mine), theirs in zip(policy.named_parameters(), updated.parameters(), strict=True):
        if name != "log_std":
            assert float((mine - theirs).abs().max()) < 1e-5, name
    if policy.log_std is not None:
        assert float((policy.log_std - peer.policy.log_std).abs().max()) < 1e-5


@pytest.mark.parametrize("mode", [*MODES, "mo-gymnasium", "ours"])
def test_a_time_limit_is_not_the_end(mode):
    """With a reward of 1 for ever and γ = 0.9 every state is worth 10, however often episodes are cut."""
    torch.manual_seed(0)  # from some first weights 4000 steps are not enough
    fns = [constant] * 4
    if mode == "mo-gymnasium":
        env = MOSyncVectorEnv(fns)
    elif mode == "ours":
        env = SameStepVectorEnv(fns)
    else:
        env = SyncVectorEnv([lambda: one_number(Constant(constant()))] * 4, autoreset_mode=mode)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    if mode in ("mo-gymnasium", "ours"):
        for each in env.envs:
            each.unwrapped.reward = np.array([0.5])
    passes = Phase(epochs=4, minibatch=None, lr=1e-2, max_grad_norm=100.0)
    ppo = PPO(env, policy, PPOConfig(n_steps=25, gamma=0.9, lam=0.95, policy=passes))
    ppo.learn(4000)
    steps = ppo.collect()
    assert steps.end.any()
    assert float((steps.value[steps.valid] - 10).abs().max()) < 0.2


@pytest.mark.parametrize("mode", MODES)
def test_episodes_are_counted_alike_in_every_mode(mode):
    env = SyncVectorEnv([lambda: one_number(Corridor(4))] * 2, autoreset_mode=mode)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    ppo = PPO(env, policy, PPOConfig(n_steps=10))
    steps = ppo.collect()
    assert [(e.length, e.returns.tolist()) for e in steps.episodes] == [(4, [-14.0])] * 4
    assert ppo.steps_done == int(steps.valid.sum()) == (16 if mode is AutoresetMode.NEXT_STEP else 20)
    assert evaluate(env, policy, 5, gamma=0.5).tolist() == [[-(2 + 1.5 + 1 + 0.625)]] * 5


def test_masks_hold_in_acting_and_in_the_update():
    env = SameStepVectorEnv([Corridor] * 4)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, objectives=2)
    config = PPOConfig(n_steps=30, policy=Phase(minibatch=32, lr=1e-2))
    ppo = PPO(env, policy, config, mask_fn=lambda obs, infos: obs["mask"], advantages=lambda steps: steps.adv.sum(-1))
    seen = []
    ppo.learn(600, lambda ppo, steps: seen.append(steps))
    assert sum(each.taken_when_impossible for each in env.envs) == 0
    for steps in seen:
        assert not steps.mask.all()
        assert steps.mask.gather(-1, steps.action.unsqueeze(-1)).all()
    old = policy.make(steps.params, steps.mask)
    torch.testing.assert_close(old.logp(steps.action), steps.logp)


@pytest.mark.parametrize("mode", MODES)
def test_an_episode_may_end_where_nothing_is_possible(mode):
    env = SyncVectorEnv([lambda: one_number(Corridor(3))] * 2, autoreset_mode=mode)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    PPO(env, policy, PPOConfig(n_steps=9), mask_fn=lambda obs, infos: obs["mask"]).learn(40)
    assert sum(each.unwrapped.taken_when_impossible for each in env.envs) == 0


def test_critics_apart_leave_the_policy_alone():
    env = SameStepVectorEnv([Corridor] * 2)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, objectives=2)
    before = [p.clone() for p in policy.actor.parameters()]
    ppo = PPO(
        env,
        policy,
        PPOConfig(n_steps=20, critic=Phase(epochs=2, minibatch=8, lr=1e-2), reward_norm=True, value_clip=0.2),
        advantages=lambda steps: torch.zeros_like(steps.logp),
    )
    ppo.learn(40)
    for p, q in zip(before, policy.actor.parameters(), strict=True):
        torch.testing.assert_close(p, q)
    assert set(ppo.metrics) > {"value_loss", "kl"}
    assert policy.scale.tolist() != [1.0, 1.0]
    assert policy.scale[1] / policy.scale[0] == pytest.approx(2.0)


def test_running_statistics_are_those_of_all_rows():
    rows, norm = torch.randn(1000, 3) * 5 + 100, RunningNorm(3)
    for part in rows.split([1, 400, 599]):
        norm.update(part)
    torch.testing.assert_close(norm.mean, rows.double().mean(0))
    torch.testing.assert_close(norm.var, rows.double().var(0, correction=0))
    copy = RunningNorm(3)
    copy.load_state_dict(norm.state_dict())
    torch.testing.assert_close(copy(rows), norm(rows))


def test_mistakes_are_told():
    env = SameStepVectorEnv([lambda: mo_gymnasium.make("deep-sea-treasure-v0")])
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    with pytest.raises(ValueError, match="rewards have 2 numbers and the policy critics of 1"):
        PPO(env, policy).collect()
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, objectives=2)
    with pytest.raises(ValueError, match="2 objectives: give advantages="):
        PPO(env, policy, PPOConfig(n_steps=2)).learn(2)
    with pytest.raises(ValueError, match="must be \\(2, 1\\), one a step"):
        PPO(env, policy, PPOConfig(n_steps=2), advantages=lambda steps: steps.adv).learn(2)
    with pytest.raises(ValueError, match="advantage_norm must be one of"):
        PPOConfig(advantage_norm="all")
    with pytest.raises(TypeError, match="no policy for actions of"):
        MLPActorCritic(env.single_observation_space, spaces.MultiBinary(3))


class Graph(ActorCritic):
    """Shared layers over a dict of tensors, of which each row uses another number of nodes; parameters are a dict."""

    def __init__(self):
        super().__init__(2)
        self.node = torch.nn.Linear(3, 8)
        self.score, self.worth = torch.nn.Linear(8, 1), torch.nn.Linear(8, 2)
        self.runs = 0

    def encode(self, obs):
        self.runs += 1
        return torch.tanh(self.node(obs["nodes"]))

    def forward(self, obs):
        nodes = self.encode(obs)
        return {"logits": self.score(nodes).squeeze(-1), "pair": (nodes,)}, self.worth(nodes.mean(1))

    def params(self, obs):
        return self.forward(obs)[0]

    def value(self, obs):
        return self.forward(obs)[1]

    def make(self, params, mask=None):
        return Categorical(params["logits"], mask)


class Nodes(gym.Env):
    observation_space = spaces.Dict(
        {"nodes": spaces.Box(-9, 9, (5, 3)), "more": spaces.Tuple((spaces.Discrete(7), spaces.MultiBinary(5)))}
    )
    action_space = spaces.Discrete(5)
    reward_space = spaces.Box(-9, 9, (2,))

    def _look(self):
        """The first number of a node says what choosing it pays."""
        self.nodes = self.np_random.normal(size=(5, 3)).astype(np.float32)
        return {"nodes": self.nodes, "more": (3, np.ones(5, np.int8))}

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self._look(), {}

    def step(self, action):
        paid = self.nodes[action, 0]
        return self._look(), np.array([1.0, paid]), False, self.np_random.random() < 0.2, {}


@pytest.mark.parametrize("kind", [SameStepVectorEnv, MOSyncVectorEnv])
def test_any_module_with_dicts_and_tuples(kind):
    torch.manual_seed(0)
    env, policy = kind([Nodes] * 3), Graph()
    ppo = PPO(
        env,
        policy,
        PPOConfig(n_steps=64, gamma=0.0, policy=Phase(epochs=5, lr=2e-2)),
        advantages=lambda steps: steps.adv[..., 1],
        mask_fn=lambda obs, infos: obs["more"][1],
    )
    first = ppo.collect()
    assert first.obs["more"][0].shape == (64, 3)
    assert policy.runs <= 64 + 2  # shared layers once a step, then the last and the cut observations
    ppo.update(first)
    ppo.learn(1500)
    last = ppo.collect()
    assert last.reward[last.valid][:, 1].mean() > first.reward[first.valid][:, 1].mean() + 0.4
