"""f-DPO without a network: four answers, exact preferences, and how much of the reference each divergence keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from ....trainers.papers.f_dpo import Divergence, OptimalPolicy, fdpo_loss, fdpo_optimal_policy
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

ARMS: dict[str, tuple[str, Divergence, float | None]] = {
    "reverse_kl": ("reverse KL (DPO)", "reverse_kl", None),
    "forward_kl": ("forward KL", "forward_kl", None),
    "alpha-0.3": ("α-divergence, α = 0.3", "alpha_divergence", 0.3),
    "jsd": ("Jensen-Shannon", "jsd", None),
}
DIVERSE_FIRST = ("forward_kl", "alpha-0.3", "reverse_kl", "jsd")


@dataclass(frozen=True)
class Table:
    """K answers with rewards r, whose pairs are labelled infinitely often: P(i before j) = σ(r_i − r_j)."""

    rewards: Sequence[float] = (3.0, 0.0, -2.0, 1.0)
    reference: Sequence[float] = (0.25, 0.25, 0.25, 0.25)
    beta: float = 0.1

    def optimum(self, divergence: Divergence, alpha: float | None) -> OptimalPolicy:
        """What the loss should find."""
        options: dict[str, Any] = {"divergence": divergence, "alpha": alpha, "beta": self.beta}
        return fdpo_optimal_policy(self._r, self._logps.exp(), **options)

    def train(self, divergence: Divergence, alpha: float | None, *, seed: int, steps: int) -> Iterator[Tensor]:
        """Yield the policy, `(K,)` probabilities, at the start and after every step of five L-BFGS iterations."""
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(self.rewards), generator=generator, dtype=torch.float64)
        logits = (self._logps + 0.1 * noise).requires_grad_()
        optimizer = torch.optim.LBFGS(
            [logits], max_iter=5, line_search_fn="strong_wolfe", tolerance_grad=0, tolerance_change=0
        )

        def closure() -> Tensor:
            optimizer.zero_grad()
            loss = self.loss(logits.log_softmax(-1), divergence, alpha)
            loss.backward()
            return loss

        yield logits.detach().softmax(-1)
        for _ in range(steps):
            optimizer.step(closure)
            yield logits.detach().softmax(-1)

    def loss(self, logps: Tensor, divergence: Divergence, alpha: float | None) -> Tensor:
        """The mean loss over all ordered pairs, each as often as it is labelled so."""
        first, second = map(list, zip(*permutations(range(len(self.rewards)), 2), strict=True))
        labelled = (self._r[first] - self._r[second]).sigmoid()
        reference = self._logps
        result = fdpo_loss(
            logps[first],
            logps[second],
            reference[first],
            reference[second],
            divergence=divergence,
            alpha=alpha,
            beta=self.beta,
        )
        return (labelled * result.losses).sum() / labelled.sum()

    @property
    def _r(self) -> Tensor:
        return torch.tensor(self.rewards, dtype=torch.float64)

    @property
    def _logps(self) -> Tensor:
        return torch.tensor(self.reference, dtype=torch.float64).log()


TABLE = Table()


def run(setting: Setting) -> Result:
    """Train one arm."""
    _, divergence, alpha = ARMS[setting.arm]
    optimum = TABLE.optimum(divergence, alpha)
    policies = list(TABLE.train(divergence, alpha, seed=setting.seed, steps=setting.steps))
    distance = (policies[-1] - optimum.probs).abs().sum().item() / 2
    result = follow(setting, ({"entropy": torch.special.entr(policy).sum().item()} for policy in policies))
    return result.with_final(optimum=optimum.entropy.item(), distance=distance)


def _ordered(results: Any) -> bool:
    entropies = [results[arm].final["entropy"] for arm in DIVERSE_FIRST]
    return entropies == sorted(entropies, reverse=True)


EXPERIMENT = Experiment(
    name="f-dpo-tabular",
    title="A table of four answers with exact preferences: what each divergence keeps at the same β",
    arms={name: label for name, (label, *_) in ARMS.items()},
    measures={
        "entropy": Measure("entropy", ".2g", curve=True),
        "optimum": Measure("the optimum's", ".2g"),
        "distance": Measure("distance from it", ".1g"),
    },
    run=run,
    steps=20,
    quick_steps=20,
    claims=(
        Claim("entropies: forward KL > α = 0.3 > reverse KL > Jensen-Shannon", _ordered),
        Claim(
            "every divergence ends within .0001 of its optimum",
            lambda results: all(one.final["distance"] < 1e-4 for one in results.values()),
        ),
    ),
    step_name="steps of five L-BFGS iterations",
)
