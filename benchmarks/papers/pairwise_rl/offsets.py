"""A table of logits: what prompt offsets in a score do to a policy gradient with one baseline for the whole batch.

32 prompts have six answers with random scores, and every prompt adds a number of its own to its scores. The pairwise
reward compares with one of the answers, the anchor, and never sees that number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from ....trainers.objectives import standardize, whole_batch
from ...checks import follow
from ...experiment import Claim, Experiment, Measure, Result, Setting

TABLES, UPDATES = 10, 150


@dataclass(frozen=True)
class Arm:
    """What is rewarded, and the standard deviation of the prompts' offsets."""

    title: str
    pairwise: bool
    offsets: float


ARMS = {
    "score": Arm("score, offsets of 3", pairwise=False, offsets=3.0),
    "pairwise": Arm("win probability, offsets of 3", pairwise=True, offsets=3.0),
    "score-level": Arm("score, no offsets", pairwise=False, offsets=0.0),
    "pairwise-level": Arm("win probability, no offsets", pairwise=True, offsets=0.0),
}


@dataclass(frozen=True)
class Prompts:
    """The tables of one seed, all alike in size; `samples` answers are drawn for an update."""

    prompts: int = 32
    answers: int = 6
    samples: int = 64
    learning_rate: float = 5.0

    def train(self, arm: Arm, *, seed: int, updates: int) -> Iterator[float]:
        """Yield how probably the policy's answer beats the anchor, before training and after every update."""
        generator = torch.Generator().manual_seed(seed)
        scores = torch.randn(self.prompts, self.answers, generator=generator)
        offsets = arm.offsets * torch.randn(self.prompts, 1, generator=generator)
        anchor = scores.gather(1, torch.randint(self.answers, (self.prompts, 1), generator=generator))
        wins = (scores - anchor).sigmoid()
        rewards = wins if arm.pairwise else scores + offsets
        logits = torch.zeros_like(scores)
        yield self._worth(logits, wins)
        for _ in range(updates):
            logits = logits + self.learning_rate * self._gradient(logits, rewards, generator)
            yield self._worth(logits, wins)

    def _gradient(self, logits: Tensor, rewards: Tensor, generator: torch.Generator) -> Tensor:
        """REINFORCE on one batch, its rewards standardised over the whole of it."""
        prompts = torch.randint(self.prompts, (self.samples,), generator=generator)
        policy = logits.softmax(1)[prompts]
        answers = torch.multinomial(policy, 1, generator=generator).squeeze(1)
        drawn = rewards[prompts, answers]
        advantages = standardize(drawn, whole_batch(drawn))
        slopes = advantages.unsqueeze(1) * (one_hot(answers, self.answers) - policy) / self.samples
        return torch.zeros_like(logits).index_add(0, prompts, slopes)

    def _worth(self, logits: Tensor, wins: Tensor) -> float:
        return (logits.softmax(1) * wins).sum(1).mean().item()


def run(setting: Setting) -> Result:
    """Train one arm on ten tables and average their curves."""
    tables = range(TABLES * setting.seed, TABLES * (setting.seed + 1))
    runs = [Prompts().train(ARMS[setting.arm], seed=table, updates=setting.steps) for table in tables]
    return follow(setting, ({"win": sum(wins) / len(wins)} for wins in zip(*runs, strict=True)))


EXPERIMENT = Experiment(
    name="pairwise-rl-offsets",
    title="Scores with an offset of their prompt: 32 prompts of 6 answers, one baseline a batch",
    arms={name: arm.title for name, arm in ARMS.items()},
    measures={"win": Measure("P(beats the anchor)", ".3f", curve=True)},
    run=run,
    steps=UPDATES,
    quick_steps=40,
    claims=(
        Claim(
            "with offsets the win probability is the better reward, by .03 at least",
            lambda results: results["pairwise"].final["win"] >= results["score"].final["win"] + 0.03,
        ),
        Claim(
            "without offsets the two are within .01",
            lambda results: abs(results["pairwise-level"].final["win"] - results["score-level"].final["win"]) <= 0.01,
        ),
        Claim(
            "offsets make no difference to the win probability",
            lambda results: results["pairwise"].final["win"] == results["pairwise-level"].final["win"],
        ),
    ),
    step_name="updates",
)
