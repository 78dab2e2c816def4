"""Fruit Tree, a binary tree of depth 6 whose 64 leaves hold fruit with six nutrients: how much of it a front covers.

Every leaf is on the convex hull of the front, so that some weighting wants it; the question is how many weightings one
can afford to train. All arms have the same number of training steps; evaluations (greedy, one episode) are not counted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ....trainers.control import MLPActorCritic, Phase, PPOConfig, SameStepVectorEnv
from ....trainers.papers.c_morl import expected_utility, hypervolume, sparsity
from ....trainers.papers.c_morl.barrier import T
from ....trainers.papers.c_morl.control import CMORLControl, ControlSearch
from ...experiment import Claim, Experiment, Measure, Result, Setting

STEPS = 120_000
REFERENCE = (-1.0,) * 6
NUTRIENTS = ("protein", "carbs", "fats", "vitamins", "minerals", "water")
FIRST_SEED = 100  # settings were chosen on the first ones
NODES = 127


@dataclass(frozen=True)
class Arm:
    """delta: of stage 1's weights, 1 for 6 of them and 0.5 for 21. share: of the steps, for stage 1."""

    title: str
    delta: float
    share: float
    t: float = T


ARMS = {
    "dense": Arm("stage 1 with 21 weightings", 0.5, 1.0),
    "stage-1": Arm("stage 1 with 6 weightings", 1.0, 1.0),
    "extension": Arm("6 weightings and extension", 1.0, 0.375),
    "no-barrier": Arm("extension without barrier", 1.0, 0.375, t=math.inf),
}

PPO_CONFIG = PPOConfig(
    n_steps=16,
    gamma=0.99,
    lam=0.95,
    policy=Phase(epochs=5, minibatch=128, lr=3e-3),
    entropy_coef=0.01,
)


def one_node() -> Any:
    """The tree, with the node that one is at as a number."""
    import gymnasium
    import mo_gymnasium

    class Node(gymnasium.ObservationWrapper):
        def __init__(self, env: Any) -> None:
            super().__init__(env)
            self.observation_space = gymnasium.spaces.Discrete(NODES)

        def observation(self, observation: Any) -> int:
            row, place = map(int, observation)
            return 2**row - 1 + place

    return Node(mo_gymnasium.make("fruit-tree-v0", disable_env_checker=True))


def run(setting: Setting) -> Result:
    """Train one arm."""
    arm = ARMS[setting.arm]
    env, eval_env = SameStepVectorEnv([one_node] * 16), SameStepVectorEnv([one_node])
    search = ControlSearch(
        REFERENCE,
        setting.steps,
        stage_one_share=arm.share,
        delta=arm.delta,
        chunk_updates=8,
        t=arm.t,
        eval_episodes=1,
    )
    seed = FIRST_SEED + setting.seed

    def policy(seed: int) -> MLPActorCritic:
        return MLPActorCritic(env.single_observation_space, env.single_action_space, objectives=6, seed=seed)

    control = CMORLControl(env, eval_env, policy, search, PPO_CONFIG, NUTRIENTS, seed)
    curve: list[tuple[int, float]] = []

    def tell(control: CMORLControl) -> None:
        volume = hypervolume(control.buffer.values, REFERENCE)
        curve.append((control.steps, volume))
        setting.listen(control.steps, {"volume": volume})

    found = control.discover(tell)
    values = found.front.values
    final = {
        "volume": hypervolume(values, REFERENCE),
        "points": float(len(values)),
        "utility": expected_utility(values),
        "sparsity": sparsity(values),
    }
    if found.children:
        final["accepted"] = float(np.mean([child.accepted for child in found.children]))
    notes = {
        "steps": found.steps,
        "stage_one": hypervolume(found.stage_one, REFERENCE),
        "front": values.round(3).tolist(),
    }
    return Result(final=final, curves={"volume": [*curve, (found.steps, final["volume"])]}, notes=notes)


EXPERIMENT = Experiment(
    name="c-morl-fruit-tree",
    title="Fruit Tree with six objectives: the front after equally many steps",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={
        "volume": Measure("hypervolume, of at most 46035", ".0f", curve=True),
        "points": Measure("leaves of 64", ".0f"),
        "utility": Measure("expected utility"),
        "sparsity": Measure("sparsity"),
        "accepted": Measure("extensions that keep the others"),
    },
    run=run,
    steps=STEPS,
    quick_steps=12_000,
    claims=(
        Claim(
            "extension has three times the volume of the same 6 weightings alone",
            lambda results: results["extension"].final["volume"] > 3 * results["stage-1"].final["volume"],
        ),
        Claim(
            "it has 1.2 times the volume of 21 weightings",
            lambda results: results["extension"].final["volume"] > 1.2 * results["dense"].final["volume"],
        ),
        Claim("it finds 20 leaves or more", lambda results: results["extension"].final["points"] >= 20),
        Claim(
            "the barrier keeps the others 1.5 times as often",
            lambda results: results["extension"].final["accepted"] > 1.5 * results["no-barrier"].final["accepted"],
        ),
    ),
    step_name="steps of the environment",
)
