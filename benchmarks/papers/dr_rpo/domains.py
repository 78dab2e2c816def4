"""One policy for three domains that like different answers: the mean over domains against their worst case.

Four answers, and a policy that cannot see the domain, as a model cannot be of two styles at once. The domains are drawn
in their shares; the answer that the large ones like best earns the small one nothing. One arm puts the worst case where
it does nothing: a baseline in place of the group's mean changes no expected gradient.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from ....rewards.worst_case import Divergence, robust_expectation
from ....trainers.grpo import grpo_advantages
from ....trainers.objectives import consecutive_groups
from ....trainers.papers.dr_rpo import domain_weights
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

SHARES = {"large": 0.6, "medium": 0.3, "small": 0.1}
REWARDS = torch.tensor([[1.0, 0.7, 0.0, 0.2], [0.8, 0.7, 0.2, 0.1], [0.0, 0.6, 1.0, 0.3]])  # domain × answer
PROMPTS, GROUP, RATE, NOISE, EVERY = 32, 8, 0.5, 0.1, 10


@dataclass(frozen=True)
class Ball:
    """Of an arm; radius 0 is GRPO. `is_baseline`: around the completions of a group, whose worst case is taken off."""

    title: str
    divergence: Divergence
    rho: float
    is_baseline: bool = False

    def advantages(self, scores: Tensor, groups: Tensor, domains: list[str]) -> Tensor:
        """`(N,)` of one batch."""
        if self.is_baseline:
            worst = [robust_expectation(group, None, self.divergence, self.rho).value for group in scores.split(GROUP)]
            return scores - torch.tensor(worst).repeat_interleave(GROUP)
        weights = domain_weights(scores, domains, divergence=self.divergence, rho=self.rho)
        return grpo_advantages(scores, groups, scale="none") * weights.rows


ARMS = {
    "grpo": Ball("GRPO, the mean", "kl", 0.0),
    "baseline": Ball("GRPO, worst case as baseline", "kl", 0.3, is_baseline=True),
    "kl-0.3": Ball("worst case, KL 0.3", "kl", 0.3),
    "tv-0.3": Ball("worst case, TV 0.3", "tv", 0.3),
    "chi2-1": Ball("worst case, χ² 1", "chi2", 1.0),
}


def train(ball: Ball, *, seed: int, updates: int) -> Iterator[Tensor]:
    """Yield the expected reward of each domain `(3,)` before training and after every update."""
    generator = torch.Generator().manual_seed(seed)
    names, logits = list(SHARES), torch.zeros(REWARDS.shape[1])
    groups = consecutive_groups(PROMPTS * GROUP, GROUP)
    yield REWARDS @ logits.softmax(0)
    for _ in range(updates):
        drawn = torch.multinomial(torch.tensor(list(SHARES.values())), PROMPTS, replacement=True, generator=generator)
        domains = drawn.repeat_interleave(GROUP)
        answers = torch.multinomial(logits.softmax(0), PROMPTS * GROUP, replacement=True, generator=generator)
        scores = REWARDS[domains, answers] + NOISE * torch.randn(PROMPTS * GROUP, generator=generator)
        advantages = ball.advantages(scores, groups, [names[d] for d in domains])
        gradient = torch.nn.functional.one_hot(answers, len(logits)) - logits.softmax(0)  # of log π
        logits = logits + RATE * (advantages[:, None] * gradient).mean(0)
        yield REWARDS @ logits.softmax(0)


def run(setting: Setting) -> Result:
    """Train one arm; what is measured is exact."""
    shares = torch.tensor(list(SHARES.values()))
    rewards = train(ARMS[setting.arm], seed=setting.seed, updates=setting.steps)
    measured = ({"worst": each.min().item(), "mean": (shares @ each).item()} for each in rewards)
    return follow(setting, measured, every=EVERY)


def _lift(results: Mapping[str, Result], arm: str) -> float:
    return results[arm].final["worst"] - results["grpo"].final["worst"]


def _lifts(arm: str) -> Claim:
    return Claim(
        f"{ARMS[arm].title}: the worst domain ends at least 0.2 above GRPO's",
        lambda results: _lift(results, arm) >= 0.2,
    )


EXPERIMENT = Experiment(
    name="dr-rpo-domains",
    title="One policy for three domains that like different answers",
    arms={name: ball.title for name, ball in ARMS.items()},
    measures={
        "worst": Measure("reward of the worst domain", curve=True),
        "mean": Measure("mean reward", curve=True),
    },
    run=run,
    steps=300,
    quick_steps=100,
    claims=(
        *(_lifts(arm) for arm in ("kl-0.3", "tv-0.3", "chi2-1")),
        Claim(
            "As a baseline it does nothing: within 0.1 of GRPO", lambda results: abs(_lift(results, "baseline")) < 0.1
        ),
    ),
    step_name="updates",
)
