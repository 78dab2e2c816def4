"""A formula in a world, and how TGPO and the PPO that it is compared with are trained on it and judged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gymnasium.vector import VectorEnv

from ....judges.trajectory.logic import Formula
from ....trainers.control import PPO, ActorCritic, MLPActorCritic, Phase, PPOConfig
from ....trainers.papers.tgpo import TGPO, Alternative, Metropolis, TGPOConfig
from ....trainers.papers.tgpo.environment import Signals
from ...experiment import Measure, Result, Setting
from .terminal import TerminalEnv, success

EVALUATED, DRAWS, SHOWN, EVERY = 256, 64, 12, 5
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
    """What is to be done where, by so many environments at once; `normalise` observations."""

    make_env: Callable[[int], VectorEnv]
    formula: Formula
    signals: Signals
    samples: int
    alternatives: tuple[Alternative, ...]
    phase: Phase
    envs: int = 128
    normalise: bool = False

    @property
    def rollout(self) -> int:
        """Steps of an iteration: one episode of each environment."""
        return self.envs * (self.samples - 1)

    def run(self, setting: Setting) -> Result:
        """Train one arm; all are judged by the formula on 256 fresh episodes with the likeliest actions."""
        return self._run_terminal(setting) if setting.arm == "terminal" else self._run_tgpo(setting)

    def _ppo(self) -> PPOConfig:
        return PPOConfig(policy=self.phase, n_steps=self.samples - 1)

    def _policy(self, env: VectorEnv, seed: int) -> ActorCritic:
        spaces = env.single_observation_space, env.single_action_space
        return MLPActorCritic(*spaces, log_std=-0.5, normalise=self.normalise, seed=seed)

    def _run_tgpo(self, setting: Setting) -> Result:
        chains = Metropolis() if setting.arm == "metropolis" else None
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
        curve = _Curve(setting, lambda: tgpo.evaluate(EVALUATED, seed=1000 + setting.seed).success)
        tgpo.learn(setting.steps * self.rollout, lambda learner, _: curve.heard(learner.iteration))
        best = tgpo.evaluate(EVALUATED, best_of=DRAWS, seed=1000 + setting.seed)
        paths = np.stack([best.signals["x"], best.signals["y"]], axis=-1)[:, :SHOWN].transpose(1, 0, 2)
        notes = {"paths": paths.round(3).tolist(), "met": (best.robustness >= 0)[:SHOWN].tolist()}
        return curve.result(notes, best=best.success)

    def _run_terminal(self, setting: Setting) -> Result:
        env, judged_on = (
            TerminalEnv(self.make_env(count), self.formula, self.signals, self.samples)
            for count in (self.envs, EVALUATED)
        )
        policy = self._policy(env, setting.seed)
        curve = _Curve(setting, lambda: success(judged_on, policy, 1000 + setting.seed))
        PPO(env, policy, self._ppo(), seed=setting.seed).learn(
            setting.steps * self.rollout, lambda ppo, _: curve.heard(ppo.iteration)
        )
        return curve.result({})


class _Curve:
    """Success before training, every few iterations, and after the last."""

    def __init__(self, setting: Setting, measure: Callable[[], float]) -> None:
        self.setting, self.measure = setting, measure
        self.points = [(0, measure())]

    def heard(self, iteration: int) -> None:
        """After an iteration."""
        if iteration % EVERY == 0 or iteration == self.setting.steps:
            self.points.append((iteration, self.measure()))
        self.setting.listen(iteration, {"success": self.points[-1][1]})

    def result(self, notes: dict[str, object], **final: float) -> Result:
        """What came of it."""
        first, last = self.points[0][1], self.points[-1][1]
        return Result({"success": last, **final}, {"success": self.points}, notes, {"success": first})
