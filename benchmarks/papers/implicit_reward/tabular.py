"""f-SFT without a network: four answers, exact demonstrations, and how far each divergence goes to match them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ....trainers.papers.implicit_reward import Divergence, phi_of
from ...experiment import Claim, Experiment, Measure, Result, Setting

BETAS = (0.1, 0.5, 1.0)
MIDDLE = "kl-0.5"
STEPS, EVERY = 500, 10

# name -> (label, divergence, guard)
ARMS: dict[str, tuple[str, Divergence, float | None]] = {
    "total_variation": ("total variation (plain SFT)", "total_variation", None),
    "pearson_chi2": ("χ²", "pearson_chi2", None),
    "reverse_kl-guard": ("reverse KL, tangent below −.5", "reverse_kl", -0.5),
    "reverse_kl": ("reverse KL", "reverse_kl", None),
    "squared_hellinger": ("Hellinger²", "squared_hellinger", -0.5),
    "jensen_shannon": ("Jensen-Shannon", "jensen_shannon", -0.5),
}
"""From the one that goes furthest to the one that stays nearest."""


@dataclass(frozen=True)
class Table:
    """K answers: how often demonstrations have each, and how likely the start is to give it. V is 0."""

    demonstrations: tuple[float, ...] = (0.55, 0.25, 0.15, 0.05)
    reference: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4)
    learning_rate: float = 1.0

    def train(self, divergence: Divergence, guard: float | None, beta: float, *, steps: int) -> Iterator[Tensor]:
        """Yield the policy, `(K,)` probabilities, at the start and after every step of gradient ascent."""
        log_ref, mu = self.log_ref, torch.tensor(self.demonstrations, dtype=torch.float64)
        logits = log_ref.clone()
        yield logits.softmax(-1)
        for _ in range(steps):
            logits.requires_grad_()
            z = beta * (logits.log_softmax(-1) - log_ref)
            phi, _ = phi_of(z, divergence, linear_extension_below=guard)
            (slope,) = torch.autograd.grad((mu * phi).sum() / beta, logits)
            logits = (logits + self.learning_rate * slope).detach()
            yield logits.softmax(-1)

    def kl(self, policy: Tensor) -> float:
        """From the reference, in nats."""
        return (policy * (policy.log() - self.log_ref)).sum().item()

    def distance(self, policy: Tensor) -> float:
        """From the demonstrations, in total variation."""
        return (policy - torch.tensor(self.demonstrations, dtype=torch.float64)).abs().sum().item() / 2

    @property
    def log_ref(self) -> Tensor:
        return torch.tensor(self.reference, dtype=torch.float64).log()


def run(setting: Setting) -> Result:
    """Train one arm with three β; there is no chance in it."""
    table, (_, divergence, guard) = Table(), ARMS[setting.arm]
    final: dict[str, float] = {}
    distances: dict[str, float] = {}
    curves: dict[str, list[tuple[int, float]]] = {}
    for beta in BETAS:
        policies = list(table.train(divergence, guard, beta, steps=setting.steps))
        curves[f"kl-{beta}"] = [(step, table.kl(policies[step])) for step in range(0, len(policies), EVERY)]
        final[f"kl-{beta}"], distances[str(beta)] = table.kl(policies[-1]), table.distance(policies[-1])
    setting.listen(setting.steps, {MIDDLE: final[MIDDLE]})
    return Result(final=final | {"distance": distances["0.5"]}, curves=curves, notes={"distances": distances})


def _ordered(results: Mapping[str, Result]) -> bool:
    distances = [results[arm].final[MIDDLE] for arm in ARMS]
    return distances == sorted(distances, reverse=True)


def _falls(results: Mapping[str, Result]) -> bool:
    others = [results[arm].final for arm in ARMS if arm != "total_variation"]
    return all(final["kl-0.1"] > final[MIDDLE] > final["kl-1.0"] for final in others)


EXPERIMENT = Experiment(
    name="implicit-reward-tabular",
    title="A table of four answers with exact demonstrations: how far from the start each divergence goes",
    arms={name: label for name, (label, *_) in ARMS.items()},
    measures={
        **{
            f"kl-{beta}": Measure(f"KL to the start, β = {beta:g}", ".3f", curve=f"kl-{beta}" == MIDDLE)
            for beta in BETAS
        },
        "distance": Measure("distance from the demonstrations, β = 0.5", ".3f"),
    },
    run=run,
    steps=STEPS,
    quick_steps=STEPS,
    claims=(
        Claim("total variation > χ² > reverse KL > Hellinger² > Jensen-Shannon in KL at β = .5", _ordered),
        Claim("a larger β stays nearer to the start, except under total variation", _falls),
        Claim(
            "total variation ends at the demonstrations, whatever β",
            lambda results: max(results["total_variation"].notes["distances"].values()) < 1e-6,
        ),
    ),
    step_name="steps",
)
