"""TGPO: PPO on stage rewards, with times that the critic helps to choose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from ....judges.trajectory.logic import Formula, horizon
from ...control import PPO, ActorCritic, MLPActorCritic, Phase, PPOConfig, Steps
from .environment import Choose, GroundedEnv, Signals
from .grounding import Alternative, ground
from .stages import Floats, Stages, StageWeights
from .times import Allocation, Choice, Metropolis, Worth


@dataclass(frozen=True)
class TGPOConfig:
    """What is learned how.

    ppo: `n_steps` is replaced by an episode's length. weights: of the stage reward.
    metropolis: None draws times uniformly in training (TGPO), else by chains on the critic (the paper's TGPO*).
    warmup: iterations with uniform draws before the first chains; the critic knows nothing yet.
    """

    ppo: PPOConfig = field(
        default_factory=lambda: PPOConfig(policy=Phase(epochs=8, minibatch=640, lr=7e-4), gamma=0.99, lam=0.95)
    )
    weights: StageWeights = field(default_factory=StageWeights)
    metropolis: Metropolis | None = None
    warmup: int = 5


@dataclass(frozen=True)
class Episodes:
    """What a policy did.

    robustness: (E,) ρ(formula, 0) on each real trajectory. choices: the times it was given.
    signals: (T, E) each.
    """

    robustness: Floats
    choices: list[Choice]
    signals: dict[str, Floats]

    @property
    def success(self) -> float:
        """The share of trajectories that satisfy the formula."""
        return float((self.robustness >= 0.0).mean())


class TGPO:
    """Learns a policy for one formula.

        tgpo = TGPO(make_env, parse("F[0,25] (a & F[5,20] b)"), signals, samples=46)
        tgpo.learn(400_000)
        tgpo.evaluate(256, best_of=64).success

    Args:
        make_env: so many environments, of flat Box observations, in autoreset mode DISABLED.
        formula: of numeric predicates over signals; see `ground` for what it may not be.
        signals: observations (E, D) to each signal, (E,).
        samples: of an episode, the first one counted; the formula must be decided by them.
        alternatives: the formula's, if they are not all to be tried or their times to be narrowed.
        policy: observations as `GroundedEnv` makes them; a function of its spaces.
        envs: how many are trained on at once.

    Raises:
        ValueError: the formula cannot be grounded, or needs more samples.
    """

    def __init__(
        self,
        make_env: Callable[[int], VectorEnv],
        formula: Formula,
        signals: Signals,
        samples: int,
        *,
        config: TGPOConfig | None = None,
        alternatives: Sequence[Alternative] | None = None,
        policy: Callable[[GroundedEnv], ActorCritic] | None = None,
        envs: int = 128,
        seed: int = 0,
    ) -> None:
        if samples <= horizon(formula, None):
            raise ValueError(f"the formula needs more than {horizon(formula, None)} samples, not {samples}")
        self.config = config or TGPOConfig()
        self.make_env, self.formula, self.signals, self.samples = make_env, formula, signals, samples
        self.alternatives = tuple(alternatives or ground(formula, t_end=samples - 1))
        self.stages = Stages(self.alternatives, self.config.weights)
        self.allocation = Allocation(self.alternatives, samples, seed)
        self.env = self._grounded(make_env(envs), self._training_times)
        if policy is None:
            self.policy: ActorCritic = MLPActorCritic(
                self.env.single_observation_space, self.env.single_action_space, log_std=-0.5, seed=seed
            )
        else:
            self.policy = policy(self.env)
        self.iteration = 0
        self._judged_on: dict[int, VectorEnv] = {}  # environments of `evaluate`, by how many: some take long to make
        ppo = PPOConfig(**{**vars(self.config.ppo), "n_steps": samples - 1})
        self.ppo = PPO(self.env, self.policy, ppo, seed=seed)

    def learn(self, total_steps: int, callback: Callable[[TGPO, Steps], None] | None = None) -> TGPO:
        """Train until so many steps were made in all; the callback follows each iteration."""

        def heard(_: PPO, steps: Steps) -> None:
            self.iteration += 1
            if callback is not None:
                callback(self, steps)

        self.ppo.learn(total_steps, heard)
        return self

    @torch.no_grad()
    def evaluate(self, episodes: int, *, best_of: int = 1, seed: int = 0) -> Episodes:
        """The likeliest actions on fresh starts, with times drawn once, or the best of so many by the critic."""
        allocation = Allocation(self.alternatives, self.samples, seed)

        def choose(obs: Floats) -> list[Choice]:
            if best_of == 1:
                return allocation.uniform(len(obs))
            return allocation.best_of(len(obs), best_of, self._worth(obs))

        if episodes not in self._judged_on:
            self._judged_on[episodes] = self.make_env(episodes)
        env = self._grounded(self._judged_on[episodes], choose)
        obs, _ = env.reset(seed=seed)
        found = np.full(episodes, np.nan)
        for _ in range(self.samples - 1):
            params = self.policy.params(self._tensor(obs))
            obs, _, _, _, infos = env.step(self.policy.to_env(self.policy.make(params).mode()))
            found = np.where(np.isnan(found), infos["robustness"], found)
            if not np.isnan(found).any():
                break
        return Episodes(found, env.choices, dict(env.traces()))

    def close(self) -> None:
        """Close all environments."""
        for env in (self.env, *self._judged_on.values()):
            env.close()

    def _grounded(self, env: VectorEnv, choose: Choose) -> GroundedEnv:
        return GroundedEnv(env, self.formula, self.stages, self.signals, self.samples, choose)

    def _training_times(self, obs: Floats) -> Sequence[Choice]:
        settings = self.config.metropolis
        if settings is None or self.iteration < self.config.warmup:
            return self.allocation.uniform(len(obs))
        return self.allocation.metropolis(len(obs), self._worth(obs), settings)

    def _worth(self, obs: Floats) -> Worth:
        """The critic's value of starting from these observations (N, D) with given times."""

        @torch.no_grad()
        def worth(rows: NDArray[np.int64], choices: Sequence[Choice]) -> Floats:
            start = np.zeros(len(rows), dtype=np.int64)
            inputs = self.env.augmented(obs[rows], start, self.stages.schedule(choices), choices)
            values = self.policy.value(self._tensor(inputs)) * self.policy.scale
            return np.asarray(values[:, 0].cpu(), dtype=np.float64)

        return worth

    def _tensor(self, obs: Floats) -> torch.Tensor:
        return torch.as_tensor(obs, dtype=torch.get_default_dtype(), device=self.policy.device)
