"""Confident and wrong: a table of logits in which one wrong answer to every prompt has nearly all of the probability.

No network and no text; what is left is the estimator and its clip. Most groups are all wrong at first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ....trainers.grpo import grpo_advantages
from ....trainers.objectives import consecutive_groups
from ....trainers.papers.ngrpo import ngrpo_advantage, ngrpo_loss
from ...checks import follow
from ...claims import above
from ...experiment import Claim, Experiment, Measure, Result, Setting

RIGHT, HABIT = 0, 1
EARLY, BATCHES, EVERY = 40, 150, 5


@dataclass(frozen=True)
class Arm:
    """How advantages are estimated and how far ratios may go."""

    title: str
    advantages: Callable[[Tensor, Tensor], Tensor]
    eps_low: float
    eps_high: float


ARMS = {
    "grpo": Arm("GRPO", grpo_advantages, 0.2, 0.2),
    "grpo-clip": Arm("GRPO with NGRPO's clip", grpo_advantages, 0.16, 0.24),
    "ngrpo-symmetric": Arm("NGRPO with GRPO's clip", ngrpo_advantage, 0.2, 0.2),
    "ngrpo": Arm("NGRPO", ngrpo_advantage, 0.16, 0.24),
}


@dataclass(frozen=True)
class Bandit:
    """`prompts` questions with `answers` possible answers each; the habit starts with a logit of `confidence`."""

    prompts: int = 64
    answers: int = 32
    group: int = 8
    confidence: float = 5.0
    learning_rate: float = 0.02
    updates: int = 4

    def train(self, arm: Arm, *, seed: int, batches: int) -> Iterator[dict[str, float]]:
        """Yield P(right) and entropy in nats, means over prompts, before training and after every batch."""
        logits = torch.zeros(self.prompts, self.answers, requires_grad=True)
        with torch.no_grad():
            logits[:, HABIT] = self.confidence
        optimizer = torch.optim.Adam([logits], lr=self.learning_rate)
        generator = torch.Generator().manual_seed(seed)
        yield _worth(logits)
        for _ in range(batches):
            self._learn(arm, logits, optimizer, generator)
            yield _worth(logits)

    def _learn(self, arm: Arm, logits: Tensor, optimizer: torch.optim.Optimizer, generator: torch.Generator) -> None:
        """Draw one group a prompt and update a few times."""
        old = logits.detach().log_softmax(-1)
        drawn = torch.multinomial(old.exp(), self.group, replacement=True, generator=generator)
        scores = (drawn == RIGHT).float().flatten()
        advantages = arm.advantages(scores, consecutive_groups(len(scores), self.group))
        old_logps = old.gather(1, drawn).reshape(-1, 1)
        for _ in range(self.updates):
            logps = logits.log_softmax(-1).gather(1, drawn).reshape(-1, 1)
            loss, _ = ngrpo_loss(
                logps, old_logps, torch.ones_like(logps), advantages, eps_low=arm.eps_low, eps_high=arm.eps_high
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


@torch.no_grad()
def _worth(logits: Tensor) -> dict[str, float]:
    probabilities = logits.softmax(-1)
    entropy = -(probabilities * logits.log_softmax(-1)).sum(-1)
    return {"right": probabilities[:, RIGHT].mean().item(), "entropy": entropy.mean().item()}


def run(setting: Setting) -> Result:
    """Train one arm."""
    batches = Bandit().train(ARMS[setting.arm], seed=setting.seed, batches=setting.steps)
    result = follow(setting, batches, every=EVERY)
    return result.with_final(early=result.after(EARLY, "right"), early_entropy=result.after(EARLY, "entropy"))


EXPERIMENT = Experiment(
    name="ngrpo-bandit",
    title="A table of logits that is confident and wrong: 64 prompts, 32 answers",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={
        "early": Measure(f"P(right) after {EARLY}", ".3f"),
        "early_entropy": Measure(f"entropy after {EARLY}", ".2f"),
        "right": Measure("P(right)", ".3f", curve=True),
        "entropy": Measure("entropy", ".2f", curve=True),
    },
    run=run,
    steps=BATCHES,
    quick_steps=EARLY,
    claims=(
        Claim(
            f"NGRPO's P(right) after {EARLY} batches is at least twice GRPO's",
            lambda results: results["ngrpo"].final["early"] >= 2 * results["grpo"].final["early"],
        ),
        Claim(
            f"NGRPO's entropy after {EARLY} batches is higher than GRPO's",
            above("ngrpo", "grpo", "early_entropy"),
        ),
        Claim(
            "GRPO arrives too: both end above .97",
            lambda results: min(results[arm].final["right"] for arm in ("grpo", "ngrpo")) > 0.97,
        ),
    ),
    step_name="batches",
)
