"""Tables of logits, one row a question: what DisCO's force and its constraint do without network and text.

In the first experiment questions differ in how often they are answered right; there are two answers and one update for
each batch. In the second, many updates use one batch, which pulls the policy away from the one that sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import torch
from torch import Tensor

from ....trainers.grpo import grpo_advantages
from ....trainers.objectives import consecutive_groups, importance_ratio
from ....trainers.papers.disco import disco_loss
from ...checks import follow
from ...claims import below
from ...experiment import Claim, Experiment, Measure, Result, Setting

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
"""(logps, old_logps, group_ids, rewards) of answers that are one token -> loss"""


def grpo(logps: Tensor, old_logps: Tensor, group_ids: Tensor, rewards: Tensor, scale: str = "group") -> Tensor:
    """GRPO's loss; with one update for each batch nothing is ever clipped."""
    advantages = grpo_advantages(rewards, group_ids, scale)
    return -(importance_ratio(logps, old_logps, torch.ones_like(logps)).squeeze(1) * advantages).mean()


def disco(logps: Tensor, old_logps: Tensor, group_ids: Tensor, rewards: Tensor, **settings: object) -> Tensor:
    """DisCO's loss."""
    return disco_loss(logps, old_logps, torch.ones_like(logps), group_ids, rewards, **settings).loss  # type: ignore[arg-type]


@dataclass(frozen=True)
class Bandit:
    """Questions with the same number of answers each, of which the first `right` are right.

    start: `(Q, A)` logits. A batch has `samples` answers to every question and serves `updates` plain gradient steps.
    """

    start: Tensor
    right: int
    learning_rate: float
    updates: int = 1
    samples: int = 8

    def train(self, loss: Loss, *, seed: int, batches: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield `(Q,)` P(right) and `(Q,)` exact KL from the policy that sampled, after every batch."""
        generator = torch.Generator().manual_seed(seed)
        logits = self.start
        for _ in range(batches):
            old = logits.log_softmax(-1)
            logits = self._learn(loss, old, generator)
            new = logits.log_softmax(-1)
            yield self.p_right(logits), (old.exp() * (old - new)).sum(-1)

    def p_right(self, logits: Tensor) -> Tensor:
        """`(Q,)`."""
        return logits.softmax(-1)[:, : self.right].sum(-1)

    def _learn(self, loss: Loss, old: Tensor, generator: torch.Generator) -> Tensor:
        drawn = torch.multinomial(old.exp(), self.samples, replacement=True, generator=generator)
        rewards = (drawn < self.right).float().flatten()
        group_ids = consecutive_groups(len(rewards), self.samples)
        old_logps = old.gather(1, drawn).reshape(-1, 1)
        logits = old.clone().requires_grad_()
        for _ in range(self.updates):
            logps = logits.log_softmax(-1).gather(1, drawn).reshape(-1, 1)
            (slope,) = torch.autograd.grad(loss(logps, old_logps, group_ids, rewards), logits)
            logits = (logits - self.learning_rate * slope).detach().requires_grad_()
        return logits.detach()


RATES = (0.03, 0.06, 0.12, 0.5, 0.5, 0.5)
P_START = torch.tensor(RATES).unsqueeze(1)
DIFFICULTY = Bandit(start=torch.cat([P_START, 1 - P_START], dim=1).log(), right=1, learning_rate=1.0)
# name -> (label, loss, learning rate); at p = .5 GRPO's force is half of DisCO's, so it also gets twice the rate
DIFFICULTY_ARMS: dict[str, tuple[str, Loss, float]] = {
    "grpo": ("GRPO", grpo, 1.0),
    "grpo-double": ("GRPO, twice the learning rate", grpo, 2.0),
    "dr-grpo": ("GRPO without the deviation (Dr. GRPO)", partial(grpo, scale="none"), 1.0),
    "disco-b": ("DisCO-b", partial(disco, variant="disco_b"), 1.0),
}

CONSTRAINT = Bandit(start=torch.zeros(16, 8), right=2, learning_rate=0.5, updates=64)
CONSTRAINT_ARMS: dict[str, tuple[str, Loss]] = {
    "free": ("β = 0", partial(disco, beta=0.0)),
    "constrained": ("β = 1000", disco),
}


def run_difficulty(setting: Setting) -> Result:
    """P(right) of the hardest question, and of all."""
    _, loss, learning_rate = DIFFICULTY_ARMS[setting.arm]
    bandit = replace(DIFFICULTY, learning_rate=learning_rate)
    batches = bandit.train(loss, seed=setting.seed, batches=setting.steps)
    rights = chain([bandit.p_right(bandit.start)], (right for right, _ in batches))
    result = follow(setting, ({"hardest": right[0].item(), "all": right.mean().item()} for right in rights))
    return result.with_final(mean=result.mean("hardest"))


def run_constraint(setting: Setting) -> Result:
    """How far each batch takes the policy from the one that sampled it."""
    _, loss = CONSTRAINT_ARMS[setting.arm]
    batches = CONSTRAINT.train(loss, seed=setting.seed, batches=setting.steps)
    measured = ({"kl": kl.mean().item(), "right": right.mean().item()} for right, kl in batches)
    result = follow(setting, measured, first=1)
    return result.with_final(kl=result.mean("kl"))


DIFFICULTY_EXPERIMENT = Experiment(
    name="disco-bandit",
    title="A table of logits: six questions, answered right with .03, .06, .12, .5, .5, .5",
    arms={name: label for name, (label, *_) in DIFFICULTY_ARMS.items()},
    measures={
        "mean": Measure("hardest question, mean of batches", ".3f"),
        "hardest": Measure("P(right), hardest question", ".3f", curve=True),
        "all": Measure("P(right), all questions", ".3f", curve=True),
    },
    run=run_difficulty,
    steps=60,
    quick_steps=60,
    claims=(
        Claim(
            "DisCO-b ends at .95 or more on the hardest question",
            lambda results: results["disco-b"].final["hardest"] >= 0.95,
        ),
        Claim(
            "GRPO is at least .05 below it there",
            lambda results: results["grpo"].final["hardest"] <= results["disco-b"].final["hardest"] - 0.05,
        ),
        Claim(
            "With twice the learning rate GRPO is still below it: mean of batches",
            below("grpo-double", "disco-b", "mean"),
        ),
        Claim("Dr. GRPO, whose force goes with p(1 − p), is below GRPO there", below("dr-grpo", "grpo", "hardest")),
    ),
    step_name="batches",
)

CONSTRAINT_EXPERIMENT = Experiment(
    name="disco-constraint",
    title="A table of logits: 64 updates with every batch, with and without the constraint",
    arms={name: label for name, (label, _) in CONSTRAINT_ARMS.items()},
    measures={
        "kl": Measure("exact KL of a batch", ".3f", curve=True),
        "right": Measure("P(right)", ".3f", curve=True),
    },
    run=run_constraint,
    steps=4,
    quick_steps=4,
    claims=(
        Claim(
            "the constraint takes at least a fifth off the mean exact KL",
            lambda results: results["constrained"].final["kl"] <= 0.8 * results["free"].final["kl"],
        ),
    ),
    step_name="batches",
)
