"""POAD against token-level PPO as it comes and PPO on whole actions, on a chain of phrases."""

from __future__ import annotations

from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from .phrases import run_arm

ARMS = {
    "ntpo": ("NTPO: discounted at every word", {"credit": "ntpo"}),
    "action": ("PPO on whole actions", {"credit": "action"}),
    "poad": ("POAD", {"credit": "poad"}),
}
GAMMA = 0.7


def run(setting: Setting) -> Result:
    """Train one arm."""
    return run_arm(setting, {**ARMS[setting.arm][1], "gamma": GAMMA})


EXPERIMENTS = (
    Experiment(
        name="poad",
        title=f"Two phrases of three words, γ = {GAMMA}",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "success": Measure("success at the end", ".2f", curve=True),
            "mean": Measure("mean success", ".2f"),
        },
        run=run,
        steps=60,
        quick_steps=3,
        claims=(
            Claim("POAD is above NTPO: mean success over training", above("poad", "ntpo", "mean")),
            Claim("all end above 0.9", lambda r: min(result.final["success"] for result in r.values()) > 0.9),
        ),
        step_name="windows",
    ),
)
