"""A formula in a world, and how TGPO and the PPO that it is compared with are trained on it and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from gymnasium.vector import VectorEnv

from ....judges.trajectory.logic import Formula
from ....trainers.control import PPO, ActorCritic, MLPActorCritic, Phase, PPOConfig
from ....trainers.papers.tgpo import TGPO, Alternative, Metropolis, TGPOConfig
from ....trainers.papers.tgpo.environment import Signals
from ...checks import Checks
from ...experiment import Measure, Result, Setting
from .terminal import TerminalEnv, success

DRAWS, SHOWN, EVERY = 64, 12, 5
FRESH = 1000  # seeds of the episodes that are judged
ARMS = {
    "terminal": "PPO, robustness at the end",
    "uniform": "TGPO, times drawn uniformly",
    "metropolis": "TGPO*, times by Metropolis-Hastings",
}
MEASURES = {
    "success": Measure("success, times drawn once", curve=True),
    "best": Measure(f"success, best of {DRAWS} draws"),
}


@dataclass(frozen=True)
class Task:
    """What is to be done where, by so many environments at once; judged on how many episodes."""

    make_env: Callable[[int], VectorEnv]
    formula: Formula
    signals: Signals
    samples: int
    alternatives: tuple[Alternative, ...]
    phase: Phase
    envs: int = 128
    judged_on: int = 256
    normalise: bool = False

    @property
    def rollout(self) -> int:
        """Steps of an iteration: one episode of each environment."""
        return self.envs * (self.samples - 1)

    def run(self, setting: Setting) -> Result:
        """Train one arm; all are judged by the formula on fresh episodes with the likeliest actions."""
        return self._run_terminal(setting) if setting.arm == "terminal" else self._run_tgpo(setting)

    def _ppo(self) -> PPOConfig:
        return PPOConfig(policy=self.phase, n_steps=self.samples - 1)

    def _policy(self, env: VectorEnv, seed: int) -> ActorCritic:
        spaces = env.single_observation_space, env.single_action_space
        return MLPActorCritic(*spaces, log_std=-0.5, normalise=self.normalise, seed=seed)

    def _run_tgpo(self, setting: Setting) -> Result:
        fresh, chains = FRESH + setting.seed, Metropolis() if setting.arm == "metropolis" else None
        tgpo = TGPO(
            self.make_env,
            self.formula,
            self.signals,
            self.samples,
            config=TGPOConfig(ppo=self._ppo(), metropolis=chains),
            alternatives=self.alternatives,
            policy=lambda env: self._policy(env, setting.seed),
            envs=self.envs,
            seed=setting.seed,
        )
        checks = Checks(setting, EVERY)

        def check(*_: object) -> None:
            checks.at(tgpo.iteration, lambda: {"success": tgpo.evaluate(self.judged_on, seed=fresh).success})

        check()
        tgpo.learn(setting.steps * self.rollout, check)
        best = tgpo.evaluate(self.judged_on, best_of=DRAWS, seed=fresh)
        paths = np.stack([best.signals["x"], best.signals["y"]], axis=-1)[:, :SHOWN].transpose(1, 0, 2)
        tgpo.close()
        notes = {"paths": paths.round(3).tolist(), "met": (best.robustness >= 0)[:SHOWN].tolist()}
        return replace(checks.result().with_final(best=best.success), notes=notes)

    def _run_terminal(self, setting: Setting) -> Result:
        env, judged_on = (
            TerminalEnv(self.make_env(count), self.formula, self.signals, self.samples)
            for count in (self.envs, self.judged_on)
        )
        policy = self._policy(env, setting.seed)
        ppo, checks = PPO(env, policy, self._ppo(), seed=setting.seed), Checks(setting, EVERY)

        def check(*_: object) -> None:
            checks.at(ppo.iteration, lambda: {"success": success(judged_on, policy, FRESH + setting.seed)})

        check()
        ppo.learn(setting.steps * self.rollout, check)
        return checks.result()
