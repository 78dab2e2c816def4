"""Ten arms with noisy rewards: what several gradient steps on one batch are worth, without a network.

The mean rewards are evenly spaced from 0 to 1; the policy is a row of logits that starts at 0 and learns by plain
gradient steps. What is measured is its exact mean reward.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ....trainers.papers.mdpo import mdpo_on_policy_loss_categorical, mdpo_step_size_schedule
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

EARLY, ITERATIONS = 10, 60


@dataclass(frozen=True)
class Arm:
    """How many gradient steps a batch serves, and whether the KL holds them back."""

    title: str
    inner_steps: int
    has_kl: bool = True


ARMS = {
    "one": Arm("m = 1, a policy gradient", 1),
    "mdpo": Arm("MDPO, m = 10", 10),
    "no-kl": Arm("10 steps without KL", 10, has_kl=False),
}


@dataclass(frozen=True)
class Bandit:
    """`samples` draws a batch, with Gaussian noise on every reward."""

    actions: int = 10
    samples: int = 64
    noise: float = 0.3
    learning_rate: float = 0.5

    @property
    def means(self) -> Tensor:
        return torch.linspace(0, 1, self.actions)

    def train(self, arm: Arm, *, seed: int, iterations: int) -> Iterator[float]:
        """Yield the policy's mean reward before training and after every iteration."""
        logits = torch.zeros(self.actions)
        generator = torch.Generator().manual_seed(seed)
        yield self._worth(logits)
        for t_k in mdpo_step_size_schedule(iterations):
            logits = self._learn(arm, logits, t_k if arm.has_kl else math.inf, generator)
            yield self._worth(logits)

    def _learn(self, arm: Arm, old: Tensor, t_k: float, generator: torch.Generator) -> Tensor:
        """Draw one batch and take the inner steps."""
        drawn = torch.multinomial(old.softmax(-1), self.samples, replacement=True, generator=generator)
        rewards = self.means[drawn] + self.noise * torch.randn(self.samples, generator=generator)
        logits = old.clone().requires_grad_()
        for _ in range(arm.inner_steps):
            every_sample = logits.expand(self.samples, -1)
            loss = mdpo_on_policy_loss_categorical(every_sample, old.expand_as(every_sample), drawn, rewards, t_k).loss
            (slope,) = torch.autograd.grad(loss, logits)
            logits = (logits - self.learning_rate * slope).detach().requires_grad_()
        return logits.detach()

    def _worth(self, logits: Tensor) -> float:
        return (logits.softmax(-1) @ self.means).item()


def run(setting: Setting) -> Result:
    """Train one arm."""
    rewards = Bandit().train(ARMS[setting.arm], seed=setting.seed, iterations=setting.steps)
    result = follow(setting, ({"reward": reward} for reward in rewards))
    return result.with_final(early=result.after(EARLY, "reward"))


EXPERIMENT = Experiment(
    name="mdpo-bandit",
    title="A bandit with ten arms: gradient steps on every batch of 64",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={
        "early": Measure(f"reward after {EARLY}", ".3f"),
        "reward": Measure("mean reward", ".3f", curve=True),
    },
    run=run,
    steps=ITERATIONS,
    quick_steps=EARLY,
    claims=(
        Claim(
            f"after {EARLY} batches ten steps have at least .25 more reward than one",
            lambda results: results["mdpo"].final["early"] >= results["one"].final["early"] + 0.25,
        ),
        Claim(
            "one step arrives too: both end above .97",
            lambda results: min(results[arm].final["reward"] for arm in ("one", "mdpo")) > 0.97,
        ),
    ),
    step_name="batches",
)
