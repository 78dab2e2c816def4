"""OGSRL: a policy that is optimised in a model of records, with and without a guardian of what they support.

On ICU-Sepsis the true system is known, so that every number is exact: a policy's survival, cost and steps outside of
the support in truth, whatever the model promised it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from gymnasium import spaces
from torch import Tensor, nn

from ....trainers.control import ActorCritic, Distribution, Phase, PPOConfig, mlp
from ....trainers.objectives import Categorical
from ....trainers.papers.ogsrl.guarded_env import GuardedEnv
from ....trainers.papers.ogsrl.primal_dual import OGSRL
from ....trainers.papers.ogsrl.tabular import TabularModel
from ...checks import Checks
from ...claims import below
from ...experiment import Claim, Experiment, Measure, Result, Setting
from .guarding import EXPERIMENT as GUARDING
from .limit import EXPERIMENT as LIMIT
from .patient import EXPERIMENT as PATIENT
from .sepsis import HORIZON, Sepsis, sepsis

TRAJECTORIES, LEAST = 5000, 3
COST_LIMIT, LEAVING_LIMIT = 0.5, 0.05  # in the model
SMOOTHING = 0.1  # added to the counts of doses that the policy starts from
PATIENTS, ITERATIONS, EVERY = 256, 80, 20
FIRST_SEED = 100  # settings were chosen on the first ones


@dataclass(frozen=True)
class Arm:
    """What is constrained; None for the clinicians themselves."""

    title: str
    safe: bool = False
    guarded: bool = False


ARMS = {
    "clinicians": Arm("clinicians"),
    "none": Arm("no constraint"),
    "safe": Arm("safety", safe=True),
    "guard": Arm("guardian", guarded=True),
    "both": Arm("both", safe=True, guarded=True),
}


class Table(ActorCritic):
    """A policy with a row of logits a state; critics see the features of a state, and have a table too."""

    def __init__(self, logits: Tensor, features: Tensor) -> None:
        super().__init__(3)
        self.logits = nn.Parameter(logits)
        self.features = nn.Buffer(features)
        self.critic, self.table = (
            mlp([features.shape[1], 64, 64, 3], last_gain=1.0),
            nn.Parameter(torch.zeros(len(features), 3)),
        )

    def params(self, obs: Tensor) -> Tensor:
        return self.logits[obs.long()]

    def make(self, params: Tensor, mask: Tensor | None = None) -> Distribution:
        return Categorical(params, mask)

    def value(self, obs: Tensor) -> Tensor:
        state = obs.long()
        return self.critic(self.features[state]) + 10 * self.table[state]  # a table learns slowly at a network's rate


def run(setting: Setting) -> Result:
    """Train one arm in the model of the seed's records; its numbers are of the true system."""
    arm, seed, system = ARMS[setting.arm], FIRST_SEED + setting.seed, sepsis()
    records, starts = system.recorded(TRAJECTORIES, seed)
    counts = np.bincount(records.state * system.actions + records.action, minlength=system.states * system.actions)
    counts = counts.reshape(system.states, system.actions)
    if setting.arm == "clinicians":
        return Result(final=system.in_truth(system.clinicians, counts < LEAST))
    model = TabularModel(records, system.features, system.doses, least=LEAST)
    env = GuardedEnv(
        model,
        starts,
        observation_space=spaces.Discrete(system.states),
        action_space=spaces.Discrete(system.actions),
        support=model if arm.guarded else None,
        leaving="exit" if arm.guarded else "ignore",
        num_envs=PATIENTS,
        horizon=HORIZON,
        penalty_reward=0.0,
    )
    torch.manual_seed(seed)
    policy = Table(
        torch.as_tensor(np.log(counts + SMOOTHING), dtype=torch.float32), torch.as_tensor(system.features).float()
    )
    learner = OGSRL(
        env,
        policy,
        PPOConfig(
            n_steps=HORIZON,
            policy=Phase(epochs=4, minibatch=1280, lr=0.1),
            critic=Phase(epochs=4, minibatch=1280, lr=1e-3),
            advantage_norm="batch",
        ),
        limit_cost=COST_LIMIT if arm.safe else math.inf,
        limit_ood=LEAVING_LIMIT if arm.guarded else math.inf,
        eta=0.2,
        running=0.2,
        seed=seed,
    )
    checks = Checks(setting, EVERY)

    def in_truth() -> Mapping[str, float]:
        return measured(system, policy, counts, learner)

    checks.at(0, in_truth)
    learner.learn(setting.steps * HORIZON * PATIENTS, lambda ppo, steps: checks.at(ppo.iteration, in_truth))
    return checks.result()


@torch.no_grad()
def measured(system: Sepsis, policy: Table, counts: np.ndarray, learner: OGSRL) -> dict[str, float]:
    """In truth, and what the model says the cost is."""
    table = policy.logits.softmax(-1).double().numpy()
    said = 0.0 if math.isnan(learner.estimates[0]) else learner.estimates[0]
    return system.in_truth(table, counts < LEAST) | {"model cost": said}


def as_good_as_clinicians(results: Mapping[str, Result]) -> bool:
    """Whether both constraints together cost at most half a point of survival."""
    return results["both"].final["survival"] >= results["clinicians"].final["survival"] - 0.005


EXPERIMENTS = (
    Experiment(
        name="ogsrl",
        title="ICU-Sepsis: policies of a model of 5000 recorded patients, in the true system",
        arms={name: arm.title for name, arm in ARMS.items()},
        measures={
            "survival": Measure("survival", ".3f", curve=True),
            "cost": Measure("cost", ".3f", curve=True),
            "outside": Measure("steps outside", ".3f"),
            "model cost": Measure("cost in the model, limit 0.5", ".3f"),
        },
        run=run,
        steps=ITERATIONS,
        quick_steps=2,
        claims=(
            Claim("guardian and safety together: survival at least the clinicians' less .005", as_good_as_clinicians),
            Claim(
                "their cost is at least .04 below the clinicians'",
                lambda found: found["both"].final["cost"] <= found["clinicians"].final["cost"] - 0.04,
            ),
            Claim(
                "a quarter at most of the steps outside that safety alone has",
                below("both", "safe", "outside", share=0.25),
            ),
            Claim("safety alone survives less than the clinicians' patients", below("safe", "clinicians", "survival")),
            Claim(
                "and costs more, though the model says it keeps the limit",
                lambda found: found["safe"].final["cost"] > found["clinicians"].final["cost"],
            ),
        ),
        step_name="iterations",
    ),
    PATIENT,
    LIMIT,
    GUARDING,
)
