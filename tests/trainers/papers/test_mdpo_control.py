"""MDPO's learners: what they add to the losses, which have tests of their own."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from jurybox.trainers.control import MLPActorCritic, Phase
from jurybox.trainers.control.replay import ReplayBuffer, Transitions
from jurybox.trainers.papers.mdpo import mdpo_off_policy_losses, mdpo_on_policy_loss_categorical
from jurybox.trainers.papers.mdpo.control import MDPOControl, MDPOControlConfig
from jurybox.trainers.papers.mdpo.off_policy_control import OffPolicyMDPO, OffPolicyMDPOConfig
from jurybox.trainers.papers.mdpo.soft_networks import SquashedPolicy


def cartpole(mode=AutoresetMode.SAME_STEP, number=2):
    return SyncVectorEnv([lambda: gym.make("CartPole-v1")] * number, autoreset_mode=mode)


def on_policy() -> MDPOControl:
    env = cartpole()
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space)
    config = MDPOControlConfig(n_steps=50, policy=Phase(epochs=4, minibatch=None, lr=1e-2, max_grad_norm=9.0))
    return MDPOControl(env, policy, config)


def test_the_policys_steps_are_those_of_the_loss_of_the_paper():
    """Four steps of Adam on the whole batch, the old policy held, written out."""
    mdpo = on_policy()
    steps = mdpo.collect()
    mdpo.t_k = 0.3
    batch = mdpo.batch(steps)
    written_out = MLPActorCritic(mdpo.policy.observation_space, mdpo.policy.action_space)
    written_out.load_state_dict(mdpo.policy.state_dict())
    adam = torch.optim.Adam(written_out.parameters(), lr=1e-2, eps=1e-5)
    old = written_out.params(batch.obs).detach()
    for _ in range(4):
        adam.zero_grad()
        logits = written_out.params(batch.obs)
        mdpo_on_policy_loss_categorical(logits, old, batch.action, steps.adv.flatten(), 0.3).loss.backward()
        adam.step()
    mdpo._sums = {}
    mdpo.policy_phase(batch)
    for mine, other in zip(mdpo.policy.parameters(), written_out.parameters(), strict=True):
        torch.testing.assert_close(mine, other, atol=1e-6, rtol=0)
    assert not torch.equal(mdpo.policy.params(batch.obs), old)


def test_the_step_size_goes_from_one_to_the_last_share():
    seen = []
    on_policy().learn(500, lambda mdpo, steps: seen.append(mdpo.metrics["step_size"]))
    assert seen == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2])


def test_a_policy_that_leaps_is_told_of():
    mdpo = on_policy()
    mdpo.config.policy.__dict__["lr"] = 1.0
    with pytest.warns(UserWarning, match="moved the policy by a KL of"):
        mdpo.learn(100)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"policy": Phase()}, "policy.minibatch must be None"),
        ({"critic": None}, "give critic=Phase"),
        ({"advantage_norm": "batch"}, "must stay 'none'"),
    ],
)
def test_another_method_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        MDPOControlConfig(**settings)


class Target(gym.Env):
    """The nearer the actions are to 2.5, the better; three steps, and then a limit cuts."""

    observation_space = spaces.Box(-1, 1, (1,))
    action_space = spaces.Box(0.0, 4.0, (2,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.looks = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        assert self.action_space.contains(action)
        self.looks += 1
        return (
            np.full(1, self.looks / 10, np.float32),
            -float(np.square(action - 2.5).sum()),
            False,
            self.looks == 3,
            {},
        )


def off_policy(mode=AutoresetMode.SAME_STEP, **settings) -> OffPolicyMDPO:
    env = SyncVectorEnv([Target] * 2, autoreset_mode=mode)
    quick = {"warm_up": 100, "batch_size": 32, "hidden": (32,), "lr": 3e-3, "gamma": 0.5, "refresh": 20}
    return OffPolicyMDPO(env, OffPolicyMDPOConfig(**{**quick, **settings}))


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{}, {"kl_coef_c": 0.2}, {"tsallis_q": 1.4}], ids=["mdpo", "sac", "tsallis"])
def test_the_off_policy_form_learns(settings):
    learner = off_policy(**settings).learn(700)
    mean = [sum(e.returns[0] for e in part) / len(part) for part in (learner.episodes[:30], learner.episodes[-30:])]
    assert mean[1] > 0.5 * mean[0], mean  # returns are negative
    assert learner.updates == 600


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_buffer_holds_what_a_cut_episode_ended_with(mode):
    learner = off_policy(mode)
    for _ in range(9):
        learner.interact()
    kept = learner.buffer.stored
    n = len(learner.buffer)
    assert n == learner.steps_done == (14 if mode is AutoresetMode.NEXT_STEP else 18)
    torch.testing.assert_close(kept.next_obs[:n], kept.obs[:n] + 0.1)
    assert not kept.over.any()


def test_an_update_takes_the_losses_of_the_paper():
    learner = off_policy()
    while len(learner.buffer) < 50:
        learner.interact()
    drawn = learner.buffer.sample(32, learner.generator)
    state = learner.generator.get_state()
    mean, log_std = learner.policy(drawn.obs)
    new = learner.policy.draw(mean, log_std, learner.generator)
    learner.generator.set_state(state)
    old = SquashedPolicy.logp(*learner.old(drawn.obs), new.raw)
    with torch.no_grad():
        losses = mdpo_off_policy_losses(
            new.logp.sum(-1),
            old.sum(-1),
            *learner.critics.q(drawn.obs, new.action),
            drawn.reward.squeeze(-1),
            drawn.over,
            learner.target_v(drawn.next_obs).squeeze(-1),
            learner.critics.value(drawn.obs),
            learner.critics.q(drawn.obs, drawn.action)[0],
            gamma=0.5,
        )
        q2 = 0.5 * (learner.critics.q(drawn.obs, drawn.action)[1] - losses.q_target).square().mean()
    learner.update(drawn)
    assert learner.metrics["policy_loss"] == pytest.approx(float(losses.policy_loss), abs=1e-5)
    assert learner.metrics["critic_loss"] == pytest.approx(float(losses.q1_loss + q2 + losses.value_loss), rel=1e-5)


def test_the_density_of_a_squashed_action_is_torchs():
    torch.manual_seed(0)
    mean, log_std, raw = torch.randn(50, 2).double(), torch.randn(50, 2).double(), torch.randn(50, 2).double() * 3
    normal = torch.distributions.Normal(mean, log_std.exp())
    squashed = torch.distributions.TransformedDistribution(normal, torch.distributions.TanhTransform(cache_size=1))
    torch.testing.assert_close(SquashedPolicy.logp(mean, log_std, raw), squashed.log_prob(raw.tanh()))
    assert torch.isfinite(SquashedPolicy.logp(mean, log_std, torch.full_like(raw, 50.0))).all()


def test_old_transitions_make_room():
    buffer = ReplayBuffer(5)
    for first in (0, 3, 6):
        x = torch.arange(first, first + 3.0).unsqueeze(-1)
        buffer.add(Transitions({"a": (x,)}, x, x, {"a": (x,)}, x.squeeze(-1)))
    drawn = buffer.sample(200, torch.Generator().manual_seed(0))
    assert sorted(set(drawn.obs["a"][0].flatten().tolist())) == [4, 5, 6, 7, 8]
    torch.testing.assert_close(drawn.obs["a"][0], drawn.reward)


def test_unbounded_actions_are_refused():
    class Unbounded(Target):
        action_space = spaces.Box(-np.inf, np.inf, (1,))

    with pytest.raises(TypeError, match="bounded Box"):
        OffPolicyMDPO(SyncVectorEnv([Unbounded]))
