"""DPO against supervised fine-tuning on the chosen answers, where the optimum is known.

Raters prefer some of four phrasings, and not always: fine-tuning learns how often each is chosen, DPO what the raters'
rewards must be for that.
"""

from __future__ import annotations

from typing import Any

from trl import SFTConfig, SFTTrainer

from ....trainers.papers.dpo import DPOConfig, DPOTrainer
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.phrasings import QUICK_STEPS, STEPS, Distribution, preference_pairs, prepare, train

BETA = 0.5

# name -> (label, settings)
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "sft": ("SFT on the chosen answers", {}),
    "dpo": ("DPO, β = .5", {"beta": BETA}),
    "dpo-weak": ("DPO, β = .1", {"beta": 0.1}),
    "conservative": ("conservative, β = .5, ε = .1", {"beta": BETA, "label_smoothing": 0.1}),
    "ipo": ("IPO, β = .5", {"beta": BETA, "ipo": True}),
}


def measure(policy: Distribution, reference: Distribution) -> dict[str, float]:
    """What the policy is worth, and how far it is from where it started and from DPO's optimum."""
    return {
        "reward": policy.reward,
        "margin": policy.margin(reference),
        "kl": policy.kl(reference),
        "distance": policy.distance(reference.optimum(divergence="reverse_kl", beta=BETA)),
        "other": policy.other,
    }


def run(setting: Setting) -> Result:
    """Train one arm."""
    pairs = preference_pairs(setting)
    if setting.arm == "sft":
        chosen = pairs.remove_columns("rejected").rename_column("chosen", "completion")
        return train(setting, SFTTrainer, SFTConfig, chosen, measure)
    return train(setting, DPOTrainer, DPOConfig, pairs, measure, **ARMS[setting.arm][1])


EXPERIMENTS = (
    Experiment(
        name="dpo",
        title="Four phrasings, of which raters prefer some: pairs, or the chosen answers alone",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "reward": Measure("reward", ".3f", curve=True),
            "margin": Measure("log-ratio margin", ".2f", curve=True),
            "kl": Measure("KL to the reference", ".3f", curve=True),
            "distance": Measure("distance from the optimum", ".3f", curve=True),
            "other": Measure("P(something else)", ".3f"),
        },
        run=run,
        steps=STEPS,
        quick_steps=QUICK_STEPS,
        claims=(
            Claim("DPO ends with a higher reward than SFT", above("dpo", "sft", "reward")),
            Claim("DPO's margin on held-out prompts is larger", above("dpo", "sft", "margin")),
            Claim(
                "DPO ends within .1 of its optimum, SFT does not",
                lambda results: results["dpo"].final["distance"] < 0.1 < results["sft"].final["distance"],
            ),
            Claim("a smaller β goes further from the reference", above("dpo-weak", "dpo", "kl")),
            Claim("conservative DPO stays nearer to it", above("dpo", "conservative", "kl")),
        ),
        prepare=prepare,
    ),
)
