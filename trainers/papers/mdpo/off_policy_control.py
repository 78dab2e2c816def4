"""The off-policy form as a learner: one gradient step for every step of an environment, from a replay buffer."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from gymnasium import spaces
from gymnasium.vector import VectorEnv
from torch import Tensor

from ...control.environments import Environments, Transition
from ...control.mlp import flat
from ...control.replay import ReplayBuffer, Transitions
from ...control.steps import Episode, Tally
from ...control.tree import Tree, as_tensors, rows, tree_map
from ...objectives import require_within
from .off_policy import (
    half_mean_square,
    off_policy_loss,
    soft_q_target,
    soft_value_target,
    tsallis_log,
)
from .soft_networks import SoftCritics, SquashedPolicy


@dataclass(frozen=True)
class OffPolicyMDPOConfig:
    """The settings of the authors' program.

    kl_coef_c, entropy_coef_lambda: c and λ; 1/t = c − λ. With c = λ it is SAC with a fixed temperature.
    tsallis_q: 1 is the logarithm. refresh: steps of the environment after which π_old becomes the policy of then.
    warm_up: first steps with random actions and no learning. tau: how fast the target of V follows.
    penalty: of mean² and log std², before the tanh.

    Raises:
        ValueError: a number out of its range.
    """

    kl_coef_c: float = 1.0
    entropy_coef_lambda: float = 0.2
    tsallis_q: float = 1.0
    refresh: int = 1000
    gamma: float = 0.99
    tau: float = 0.005
    lr: float = 3e-4
    batch_size: int = 256
    buffer_size: int = 1_000_000
    warm_up: int = 10_000
    penalty: float = 1e-3
    hidden: tuple[int, ...] = (256, 256)

    def __post_init__(self) -> None:
        require_within(0.0, 1.0, gamma=self.gamma, tau=self.tau)
        require_within(0.0, math.inf, entropy_coef_lambda=self.entropy_coef_lambda, lr=self.lr, penalty=self.penalty)
        for name in ("refresh", "batch_size", "buffer_size", "warm_up"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, not {getattr(self, name)}")
        if self.kl_coef_c < self.entropy_coef_lambda:
            raise ValueError(
                f"kl_coef_c={self.kl_coef_c} must be at least entropy_coef_lambda={self.entropy_coef_lambda}: "
                "their difference is 1/t"
            )


class OffPolicyMDPO:
    """MDPO with a replay buffer, for Box actions that have bounds.

    learner = OffPolicyMDPO(env, OffPolicyMDPOConfig(warm_up=1000), seed=1)
    learner.learn(10_000)

    Actions in the environment are drawn from the policy. Metrics: the losses, `kl_old` (mean sampled log π − log π_old)
    and `entropy` (mean −log π), of the last gradient step.

    Raises:
        TypeError: another action space.
    """

    def __init__(self, env: VectorEnv, config: OffPolicyMDPOConfig | None = None, *, seed: int = 0) -> None:
        self.config = config = config or OffPolicyMDPOConfig()
        actions, observations = env.single_action_space, env.single_observation_space
        if not (isinstance(actions, spaces.Box) and actions.is_bounded()):
            raise TypeError(f"a squashed normal distribution needs a bounded Box of actions, not {actions}")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.policy = SquashedPolicy(observations, actions, config.hidden)
            self.critics = SoftCritics(observations, actions, config.hidden)
        self.old = copy.deepcopy(self.policy).requires_grad_(False)
        self.target_v = copy.deepcopy(self.critics.v).requires_grad_(False)
        self.policy_optimizer = torch.optim.Adam(self.policy.parameters(), lr=config.lr)
        self.critic_optimizer = torch.optim.Adam(self.critics.parameters(), lr=config.lr)
        self.generator = torch.Generator().manual_seed(seed)
        self.buffer = ReplayBuffer(config.buffer_size)
        self.environments = Environments(env)
        self.obs, _ = self.environments.reset(seed)
        self.steps_done, self.updates = 0, 0
        self.tally = Tally(self.environments.num_envs, 1)
        self.episodes: list[Episode] = []
        self.metrics: dict[str, float] = {}

    def learn(self, total_steps: int, callback: Callable[[OffPolicyMDPO], None] | None = None) -> OffPolicyMDPO:
        """Go on until `total_steps` were made; the callback follows each step of the environments."""
        while self.steps_done < total_steps:
            before = self.steps_done
            self.interact()
            for step in range(before + 1, self.steps_done + 1):
                if step > self.config.warm_up:
                    self.update(self.buffer.sample(self.config.batch_size, self.generator))
                if step % self.config.refresh == 0:
                    self.old.load_state_dict(self.policy.state_dict())
            if callback is not None:
                callback(self)
        return self

    @torch.no_grad()
    def interact(self) -> None:
        """One step of every environment into the buffer."""
        device = next(self.policy.parameters()).device
        obs = as_tensors(self.obs, device)
        mean, log_std = self.policy(obs)
        if self.steps_done < self.config.warm_up:
            action = 2 * torch.rand(mean.shape, generator=self.generator).to(mean) - 1
        else:
            action = self.policy.draw(mean, log_std, self.generator).action
        step = self.environments.step(self.policy.to_env(action))
        valid = torch.as_tensor(step.valid, device=device)
        self.buffer.add(
            Transitions(
                obs=rows(obs, valid),
                action=action[valid],
                reward=torch.as_tensor(step.reward, dtype=mean.dtype, device=device)[valid],
                next_obs=rows(_reached(step, device), valid),
                over=torch.as_tensor(step.terminated, device=device).to(mean)[valid],
            )
        )
        self.steps_done += int(step.valid.sum())
        self.episodes += self.tally.add(step)
        self.obs = step.obs

    def update(self, drawn: Transitions) -> None:
        """One gradient step of the critics and of the policy, from the same actions."""
        config, critics = self.config, self.critics
        mean, log_std = self.policy(drawn.obs)
        new = self.policy.draw(mean, log_std, self.generator)
        log_new = tsallis_log(new.logp, config.tsallis_q)
        old_mean, old_log_std = self.old(drawn.obs)
        log_old = tsallis_log(self.policy.logp(old_mean, old_log_std, new.raw), config.tsallis_q)

        with torch.no_grad():
            next_value = self.target_v(flat(self.policy.observation_space, drawn.next_obs)).squeeze(-1)
        q_target = soft_q_target(drawn.reward.squeeze(-1), drawn.over, next_value, config.gamma)
        q1_new, q2_new = critics.q(drawn.obs, new.action)
        value_target = soft_value_target(q1_new, q2_new, log_new, config.entropy_coef_lambda)
        q1, q2 = critics.q(drawn.obs, drawn.action)
        critic_loss = half_mean_square(q1, q_target) + half_mean_square(q2, q_target)
        critic_loss = critic_loss + half_mean_square(critics.value(drawn.obs), value_target)

        policy_loss = off_policy_loss(
            log_new, config.tsallis_q * log_old, q1_new, config.kl_coef_c, config.entropy_coef_lambda
        )
        penalty = config.penalty * ((mean**2).mean() + (log_std**2).mean())
        _descend(self.policy_optimizer, policy_loss + penalty)
        _descend(self.critic_optimizer, critic_loss)  # forgets the gradient that the policy's loss has left in Q1
        with torch.no_grad():
            for slow, fast in zip(self.target_v.parameters(), critics.v.parameters(), strict=True):
                slow.lerp_(fast, config.tau)
        self.updates += 1
        self.metrics = {
            "policy_loss": float(policy_loss.detach()),
            "critic_loss": float(critic_loss.detach()),
            "kl_old": float((log_new - log_old).detach().mean()),
            "entropy": -float(new.logp.detach().sum(-1).mean()),
        }


def _reached(step: Transition, device: torch.device) -> Tree:
    """The observations that the steps led to: of a cut episode its last one, not the first of the next."""
    reached = as_tensors(step.obs, device)
    if step.final_obs is not None:
        cut = torch.as_tensor(step.cut, device=device)
        tree_map(lambda leaf, last: leaf.index_put_((cut,), last), reached, as_tensors(step.final_obs, device))
    return reached


def _descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
