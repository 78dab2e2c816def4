"""Three discs in the plane in order and in time: stage rewards with chosen times against robustness at the end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from ....trainers.control import PPO, MLPActorCritic, Phase, PPOConfig
from ....trainers.papers.tgpo import TGPO, Metropolis, TGPOConfig, ground
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from .picture import save_paths
from .plane import EARLIEST, FORMULA, SAMPLES, Plane, signals
from .terminal import TerminalEnv, success

ENVS, EVALUATED, DRAWS, SHOWN = 128, 256, 64, 12
ROLLOUT = ENVS * (SAMPLES - 1)
ITERATIONS = 50
EVERY = 5
PPO_SETTINGS = PPOConfig(policy=Phase(epochs=8, minibatch=640, lr=7e-4), n_steps=SAMPLES - 1)
ARMS = {
    "terminal": "PPO, robustness at the end",
    "uniform": "TGPO, times drawn uniformly",
    "metropolis": "TGPO*, times by Metropolis-Hastings",
}


def learner(arm: str, seed: int) -> TGPO:
    """TGPO on the plane; the first time begins when A can be reached at all."""
    (alternative,) = ground(FORMULA)
    first, *others = alternative.variables
    later = replace(alternative, variables=(replace(first, lo=first.lo + EARLIEST), *others))
    chains = Metropolis() if arm == "metropolis" else None
    config = TGPOConfig(ppo=PPO_SETTINGS, metropolis=chains)
    return TGPO(Plane, FORMULA, signals, SAMPLES, config=config, alternatives=[later], envs=ENVS, seed=seed)


def run(setting: Setting) -> Result:
    """Train one arm; all are judged by the formula on 256 fresh episodes with the likeliest actions."""
    return _run_terminal(setting) if setting.arm == "terminal" else _run_tgpo(setting)


def _run_tgpo(setting: Setting) -> Result:
    tgpo = learner(setting.arm, setting.seed)
    curve = _Curve(setting, lambda: tgpo.evaluate(EVALUATED, seed=1000 + setting.seed).success)
    tgpo.learn(setting.steps * ROLLOUT, lambda learner, _: curve.heard(learner.iteration))
    best = tgpo.evaluate(EVALUATED, best_of=DRAWS, seed=1000 + setting.seed)
    paths = np.stack([best.signals["x"], best.signals["y"]], axis=-1)[:, :SHOWN].transpose(1, 0, 2)
    notes = {"paths": paths.round(3).tolist(), "met": (best.robustness >= 0)[:SHOWN].tolist()}
    return Result(
        final={"success": curve.points[-1][1], "best": best.success},
        start={"success": curve.points[0][1]},
        curves={"success": curve.points},
        notes=notes,
    )


def _run_terminal(setting: Setting) -> Result:
    env = TerminalEnv(Plane(ENVS), FORMULA, signals, SAMPLES)
    judged_on = TerminalEnv(Plane(EVALUATED), FORMULA, signals, SAMPLES)
    policy = MLPActorCritic(env.single_observation_space, env.single_action_space, log_std=-0.5, seed=setting.seed)
    curve = _Curve(setting, lambda: success(judged_on, policy, 1000 + setting.seed))
    PPO(env, policy, PPO_SETTINGS, seed=setting.seed).learn(
        setting.steps * ROLLOUT, lambda ppo, _: curve.heard(ppo.iteration)
    )
    return Result(
        final={"success": curve.points[-1][1]}, start={"success": curve.points[0][1]}, curves={"success": curve.points}
    )


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


def _reaches(arm: str) -> Claim:
    return Claim(f"{ARMS[arm]} succeeds in 0.4 of episodes", lambda results: results[arm].final["success"] >= 0.4)


def _chosen(results: Mapping[str, Result]) -> bool:
    return results["uniform"].final["best"] >= results["uniform"].final["success"]


EXPERIMENT = Experiment(
    name="tgpo",
    title="Three discs in the plane, in order and in time",
    arms=ARMS,
    measures={
        "success": Measure("success, times drawn once", curve=True),
        "best": Measure(f"success, best of {DRAWS} draws"),
    },
    run=run,
    steps=ITERATIONS,
    quick_steps=4,
    claims=(
        _reaches("uniform"),
        Claim(
            "robustness at the end alone stays below 0.1", lambda results: results["terminal"].final["success"] < 0.1
        ),
        Claim(f"choosing the best of {DRAWS} draws by the critic is no worse than one draw", _chosen),
        Claim("TGPO* is above TGPO, times drawn once", above("metropolis", "uniform", "success")),
    ),
    picture=save_paths,
    step_name="iterations of 8,960 steps",
)
EXPERIMENTS = (EXPERIMENT,)
