"""A patient of two numbers, whose records show only cautious doses: what is optimised in a model of them.

s' = 0.8 s + 0.5 (a, −a) + noise. The dose raises the first number, which is wanted at 0.8, and lowers the second, which
must not fall below −0.6. Records are of doses that hardly ever bring it there, so that the nearest record promises
that large doses are harmless. What counts is measured in the true system.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from ....trainers.control import MLPActorCritic, Phase, PPOConfig
from ....trainers.papers.ogsrl.continuous import DensitySupport, NeighbourModel
from ....trainers.papers.ogsrl.cpo import CPO
from ....trainers.papers.ogsrl.guarded_env import GuardedEnv
from ....trainers.papers.ogsrl.primal_dual import OGSRL
from ....trainers.papers.ogsrl.records import Records
from ...claims import below
from ...experiment import Claim, Experiment, Measure, Result, Setting

HORIZON, TRAJECTORIES, PATIENTS = 8, 150, 32
LIMIT = 0.4  # of costs, and of steps outside, an episode
PENALTY = -2.0  # about the worst reward of a step
FIRST_SEED = 100  # the specification's numbers were seen on the first ones
STATE = spaces.Box(-np.inf, np.inf, (2,), np.float64)
DOSE = spaces.Box(-1.0, 1.0, (1,), np.float64)
ITERATIONS = 120


@dataclass(frozen=True)
class Arm:
    """What is constrained, and by which learner."""

    title: str
    safe: bool = False
    guarded: bool = False
    cpo: bool = False


ARMS = {
    "none": Arm("no constraint"),
    "safe": Arm("safety", safe=True),
    "guard": Arm("guardian", guarded=True),
    "both": Arm("both", safe=True, guarded=True),
    "cpo": Arm("both, CPO", safe=True, guarded=True, cpo=True),
}


def after(state: NDArray, dose: NDArray, rng: np.random.Generator) -> NDArray:
    """`(m, 2)` what comes of `(m, 2)` states and `(m, 1)` doses in truth."""
    noise = rng.normal(0.0, 0.05, state.shape)
    moved: NDArray = 0.8 * state + 0.5 * np.concatenate([dose, -dose], axis=1) + noise
    return moved


def first_states(count: int, rng: np.random.Generator) -> NDArray:
    """`(m, 2)`."""
    return rng.normal(0.0, 0.3, (count, 2))


def step_of(state: NDArray, dose: NDArray, rng: np.random.Generator) -> Records:
    """A step of each patient."""
    new = after(state, dose, rng)
    cost = (new[:, 1] < -0.6).astype(float)
    return Records(state, dose, new, -np.abs(new[:, 0] - 0.8), cost, np.zeros(len(new), bool))


def recorded(seed: int) -> tuple[Records, NDArray]:
    """The records of cautious clinicians, and their first states."""
    rng = np.random.default_rng(seed)
    starts = state = first_states(TRAJECTORIES, rng)
    steps = []
    for _ in range(HORIZON):
        dose = np.clip(0.35 * (0.6 - state[:, :1]) + rng.normal(0.0, 0.12, (len(state), 1)), -1, 1)
        steps.append(step_of(state, dose, rng))
        state = steps[-1].next_state
    parts = zip(*(vars(step).values() for step in steps), strict=True)
    return Records(*map(np.concatenate, parts)), starts


def in_truth(policy: MLPActorCritic, support: DensitySupport, seed: int, episodes: int = 1000) -> dict[str, float]:
    """Means of an episode of the true system: reward, cost, steps outside of the records' support."""
    rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    state, totals = first_states(episodes, rng), np.zeros(3)
    for _ in range(HORIZON):
        with torch.no_grad():
            params = policy.params(torch.as_tensor(state, dtype=torch.float32))
            dose = policy.to_env(policy.make(params).sample(generator))
        step = step_of(state, dose, rng)
        totals += step.reward.mean(), step.cost.mean(), support.outside(state, dose).mean()
        state = step.next_state
    return dict(zip(("reward", "cost", "outside"), totals.tolist(), strict=True))


def run(setting: Setting) -> Result:
    """Train one arm in the model of the seed's records."""
    arm, seed = ARMS[setting.arm], FIRST_SEED + setting.seed
    records, starts = recorded(seed)
    support = DensitySupport(records, sigma=0.3)
    env = GuardedEnv(
        NeighbourModel(records),
        starts,
        observation_space=STATE,
        action_space=DOSE,
        support=support if arm.guarded else None,
        leaving="freeze" if arm.guarded else "ignore",
        num_envs=PATIENTS,
        horizon=HORIZON,
        penalty_reward=PENALTY,
        penalty_cost=0.0 if not arm.safe else 1.0,
    )
    policy = MLPActorCritic(STATE, DOSE, objectives=3, log_std=-0.5, seed=seed)
    limit = LIMIT if arm.safe else math.inf
    config = PPOConfig(
        n_steps=HORIZON,
        policy=Phase(epochs=4, minibatch=None, lr=3e-3),
        critic=Phase(epochs=4, minibatch=None, lr=3e-3),
        advantage_norm="none" if arm.cpo else "batch",
    )
    learner = (
        CPO(env, policy, config, limit=limit, delta=0.02, seed=seed)
        if arm.cpo
        else OGSRL(
            env, policy, config, limit_cost=limit, limit_ood=LIMIT if arm.guarded else math.inf, eta=0.1, seed=seed
        )
    )
    learner.learn(setting.steps * HORIZON * PATIENTS, lambda ppo, steps: setting.listen(ppo.iteration, {"J": 0.0}))
    return Result(final=in_truth(policy, support, seed))


def unsafe_in_truth(results: Mapping[str, Result]) -> bool:
    """Whether the safety limit alone, kept in the model, is exceeded in the true system."""
    return results["safe"].final["cost"] > LIMIT


EXPERIMENT = Experiment(
    name="ogsrl-patient",
    title="A patient of two numbers: an episode of the true system",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={
        "cost": Measure(f"cost, limit {LIMIT}"),
        "outside": Measure("steps outside of 8"),
        "reward": Measure("reward"),
    },
    run=run,
    steps=ITERATIONS,
    quick_steps=2,
    claims=(
        Claim("the safety limit alone is exceeded in truth", unsafe_in_truth),
        Claim("with the guardian the cost is below the limit", lambda found: found["both"].final["cost"] < LIMIT),
        Claim("the guardian has less than a fifth of the steps outside", below("both", "safe", "outside", share=0.2)),
        Claim("CPO's form keeps the limit too", lambda found: found["cpo"].final["cost"] < LIMIT),
    ),
    step_name="iterations",
)
