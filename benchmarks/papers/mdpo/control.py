"""MDPO's two forms for control tasks, against PPO, TRPO and SAC: training returns of the same steps.

The learning rate of the policy is what matters, because it decides how far an iteration goes; those here were chosen
on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...worlds.control import off_policy, ours, peers
from ...worlds.control.record import MEASURES
from ...worlds.control.task import CARTPOLE, DOUBLE_PENDULUM, HOPPER

Arms = dict[str, tuple[str, Callable[[Setting], Result]]]

PENDULUM_ARMS: Arms = {
    "ppo": ("PPO", partial(ours.ppo, DOUBLE_PENDULUM)),
    "trpo": ("TRPO of sb3-contrib", partial(peers.trpo, DOUBLE_PENDULUM)),
    "one": ("MDPO, m = 1", partial(ours.mdpo, DOUBLE_PENDULUM, inner_steps=1, lr=1e-2)),
    "mdpo": ("MDPO, m = 10", partial(ours.mdpo, DOUBLE_PENDULUM, inner_steps=10, lr=1e-2)),
}
HOPPER_ARMS: Arms = {
    "ppo": ("PPO", partial(ours.ppo, HOPPER)),
    "mdpo": ("MDPO, m = 10", partial(ours.mdpo, HOPPER, inner_steps=10, lr=3e-3)),
}
CARTPOLE_TASK = replace(CARTPOLE, gamma=0.99, lam=0.95)
CARTPOLE_ARMS: Arms = {
    "one": ("m = 1", partial(ours.mdpo, CARTPOLE_TASK, inner_steps=1, lr=3e-3, value_lr=3e-3)),
    "mdpo": ("m = 10", partial(ours.mdpo, CARTPOLE_TASK, inner_steps=10, lr=3e-3, value_lr=3e-3)),
}
OFF_POLICY_ARMS: Arms = {
    "peer": ("SAC of SB3", off_policy.sac),
    "sac": ("c = λ: SAC", partial(off_policy.mdpo, kl_coef_c=off_policy.TEMPERATURE)),
    "mdpo": ("MDPO, c = 1", off_policy.mdpo),
}


def run(arms: Arms, setting: Setting) -> Result:
    """One arm with one seed."""
    return arms[setting.arm][1](setting)


def experiment(
    name: str, title: str, arms: Arms, steps: int, claims: tuple[Claim, ...], *, kl: bool = True
) -> Experiment:
    """Learners on one task."""
    return Experiment(
        name=f"mdpo-{name}",
        title=title,
        arms={arm: label for arm, (label, _) in arms.items()},
        measures={**MEASURES, **({"kl": Measure("KL an iteration", ".3f")} if kl else {})},
        run=partial(run, arms),
        steps=steps,
        quick_steps=4096,
        claims=claims,
        step_name="steps",
    )


EXPERIMENTS = (
    experiment(
        "double-pendulum",
        "InvertedDoublePendulum-v5 (MuJoCo)",
        PENDULUM_ARMS,
        61_440,
        (
            Claim("MDPO's mean return is at least 1.2 times PPO's", above("mdpo", "ppo", "auc", share=1.2)),
            Claim("and at least 1.3 times that of one step", above("mdpo", "one", "auc", share=1.3)),
        ),
    ),
    experiment(
        "hopper",
        "Hopper-v5 (MuJoCo)",
        HOPPER_ARMS,
        40_960,
        (Claim("MDPO's mean return is at least .9 of PPO's", above("mdpo", "ppo", "auc", share=0.9)),),
    ),
    experiment(
        "cartpole",
        "CartPole-v1, 15 iterations of 1024 steps",
        CARTPOLE_ARMS,
        15_360,
        (Claim("ten steps end above one: the last fifth", above("mdpo", "one", "tail")),),
    ),
    experiment(
        "off-policy",
        "Pendulum-v1 with a replay buffer",
        OFF_POLICY_ARMS,
        5000,
        (
            Claim(
                "MDPO's mean return is no more than a fifth worse than SAC's with the same networks",
                lambda results: results["mdpo"].final["auc"] > 1.2 * results["sac"].final["auc"],
            ),
        ),
        kl=False,
    ),
)
