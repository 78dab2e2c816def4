"""f-DPO under four divergences, each against its own optimum; and without a network.

The same pairs, β and steps for every arm. The reference says four phrasings equally often, and what is asked is how
much of that each divergence keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from ....trainers.papers.f_dpo import FDPOConfig, FDPOTrainer
from ...experiment import Claim, Experiment, Measure, Result, Setting
from ...playground.phrasings import QUICK_STEPS, STEPS, Distribution, preference_pairs, prepare, train
from .tabular import EXPERIMENT as TABULAR

BETA = 0.5

# name -> (label, settings)
ARMS: dict[str, tuple[str, dict[str, Any]]] = {
    "reverse_kl": ("reverse KL (DPO)", {"divergence": "reverse_kl"}),
    "forward_kl": ("forward KL", {"divergence": "forward_kl"}),
    "alpha-0.7": ("α-divergence, α = 0.7", {"divergence": "alpha_divergence", "alpha": 0.7}),
    "alpha-0.3": ("α-divergence, α = 0.3", {"divergence": "alpha_divergence", "alpha": 0.3}),
    "jsd": ("Jensen-Shannon", {"divergence": "jsd"}),
}
DIVERSE_FIRST = ("forward_kl", "alpha-0.7", "alpha-0.3", "reverse_kl", "jsd")


def measure(policy: Distribution, reference: Distribution, arm: str) -> dict[str, float]:
    """What the policy is worth and what it keeps, and how far it is from each divergence's optimum."""
    optima = {name: reference.optimum(beta=BETA, **options) for name, (_, options) in ARMS.items()}
    distances = {name: policy.distance(optimum) for name, optimum in optima.items()}
    return {
        "reward": policy.reward,
        "margin": policy.margin(reference),
        "entropy": policy.entropy,
        "optimum": optima[arm].entropy,
        "kl": policy.kl(reference),
        "distance": distances.pop(arm),
        "next": min(distances.values()),
        "other": policy.other,
    }


def run(setting: Setting) -> Result:
    """Train one arm."""
    measuring, options = partial(measure, arm=setting.arm), ARMS[setting.arm][1]
    return train(setting, FDPOTrainer, FDPOConfig, preference_pairs(setting), measuring, beta=BETA, **options)


def _ordered(results: Mapping[str, Result]) -> bool:
    entropies = [results[arm].final["entropy"] for arm in DIVERSE_FIRST]
    return entropies == sorted(entropies, reverse=True)


EXPERIMENTS = (
    Experiment(
        name="f-dpo",
        title="Four phrasings, of which raters prefer some: what each divergence keeps of the rest",
        arms={name: label for name, (label, _) in ARMS.items()},
        measures={
            "reward": Measure("reward", ".3f", curve=True),
            "margin": Measure("log-ratio margin", ".2f"),
            "entropy": Measure("entropy", ".3f", curve=True),
            "optimum": Measure("the optimum's", ".3f"),
            "kl": Measure("KL to the reference", ".3f", curve=True),
            "distance": Measure("distance from the optimum", ".3f", curve=True),
            "next": Measure("from the nearest other", ".3f"),
            "other": Measure("P(something else)", ".3f"),
        },
        run=run,
        steps=STEPS,
        quick_steps=QUICK_STEPS,
        claims=(
            Claim("entropies: forward KL > α = .7 > α = .3 > reverse KL > Jensen-Shannon", _ordered),
            Claim(
                "every policy is nearest to the optimum of its own divergence",
                lambda results: all(one.final["distance"] < one.final["next"] for one in results.values()),
            ),
            Claim(
                "every policy is within .1 of it",
                lambda results: all(one.final["distance"] < 0.1 for one in results.values()),
            ),
        ),
        prepare=prepare,
    ),
    TABULAR,
)
