r"""Four ways to say a digit, of which raters prefer some: a policy whose whole distribution is known.

    say 7?    ->   7      it is 7.      \boxed{7}      oh, 7!

The warm start says each equally often. Raters compare two phrasings and prefer the first with probability σ(r_1 − r_2),
so that the optimum of every preference loss can be computed and compared with where a policy of half a million weights
gets to, on prompts that it was not trained on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from math import exp
from typing import Any, Self

import torch
from datasets import Dataset
from torch import Tensor

from ...trainers.papers.f_dpo import fdpo_optimal_policy
from ..experiment import Result, Setting
from .arm import train_arm
from .cache import cached_warm_start, load_warm_start
from .exact import probability_right
from .tasks import Row, Split, split_of
from .warmstart import WarmStart

VERBS = ("say", "tell", "give", "name", "show", "read", "write", "repeat", "speak", "note")
REWARDS = (2.0, 1.0, 0.0, -1.0)
"""r of each phrasing, in Bradley and Terry's model."""
BATCH, EVERY, RATE, STEPS, QUICK_STEPS = 32, 20, 2e-4, 100, 4


@dataclass(frozen=True)
class Phrasings:
    """The task: which phrasing a demonstration has is chance."""

    phrasings: tuple[str, ...] = ("{}", "it is {}.", "\\boxed{{{}}}", "oh, {}!")

    name = "phrasings"
    new_tokens = 12

    def clean(self) -> Self:
        return self

    def problem(self, rng: random.Random) -> Row:
        return self._row(rng.choice(VERBS), rng.randrange(10))

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        return rng.choice(self.answers(row))

    def answers(self, row: Row) -> list[str]:
        """Every answer to a prompt, in the order of `REWARDS`."""
        return [phrasing.format(row["digit"]) for phrasing in self.phrasings]

    def every_row(self, split: Split) -> list[Row]:
        """All prompts of one side."""
        rows = [self._row(verb, digit) for verb in VERBS for digit in range(10)]
        return [row for row in rows if split_of(str(row["prompt"])) == split]

    def _row(self, verb: str, digit: int) -> Row:
        return {"prompt": f"{verb} {digit}?", "digit": digit}


TASK = Phrasings()


def warm_start(seed: int) -> WarmStart:
    """All four phrasings, equally often."""
    return WarmStart(tasks=(TASK,), seed=seed, steps=200)


def prepare(seed: int) -> None:
    """Train the warm start of a seed, if it is not there yet."""
    cached_warm_start(warm_start(seed))


def preference_pairs(setting: Setting) -> Dataset:
    """As many pairs as a run sees, of two different phrasings each."""
    return Dataset.from_list(list(_rated(setting.steps * BATCH, seed=setting.seed)))


def _rated(count: int, *, seed: int) -> Iterator[Row]:
    """Pairs of two different phrasings, as raters order them."""
    rng, rows = random.Random(f"phrasings/{seed}"), TASK.every_row("train")
    for _ in range(count):
        row = rng.choice(rows)
        first, second = rng.sample(range(len(REWARDS)), 2)
        if rng.random() > 1 / (1 + exp(REWARDS[second] - REWARDS[first])):
            first, second = second, first
        answers = TASK.answers(row)
        yield {"prompt": row["prompt"], "chosen": answers[first], "rejected": answers[second]}


@dataclass(frozen=True)
class Distribution:
    """`(N, 4)`: how likely a policy is to give each answer to N held-out prompts, and stop."""

    probs: Tensor

    @classmethod
    def of(cls, policy: Any, tokenizer: Any) -> Distribution:
        rows = TASK.every_row("held-out")
        answers = [{"prompt": row["prompt"], "expected": answer} for row in rows for answer in TASK.answers(row)]
        return cls(probability_right(policy, tokenizer, answers).double().view(len(rows), -1))

    @property
    def within(self) -> Tensor:
        """The distribution over the four answers alone."""
        return self.probs / self.probs.sum(dim=1, keepdim=True)

    @property
    def reward(self) -> float:
        return (self.within @ torch.tensor(REWARDS, dtype=torch.float64)).mean().item()

    @property
    def entropy(self) -> float:
        """In nats."""
        return torch.special.entr(self.within).sum(dim=1).mean().item()

    @property
    def other(self) -> float:
        """How likely none of the four is."""
        return 1 - self.probs.sum(dim=1).mean().item()

    def kl(self, reference: Distribution) -> float:
        """From the reference, over the four answers, in nats."""
        return (self.within * (self.within / reference.within).log()).sum(dim=1).mean().item()

    def margin(self, reference: Distribution) -> float:
        """By how much a better phrasing has the greater log-ratio, over all pairs, in nats."""
        d = (self.probs / reference.probs).log()
        better = [(i, j) for i, j in permutations(range(len(REWARDS)), 2) if REWARDS[i] > REWARDS[j]]
        return torch.stack([d[:, i] - d[:, j] for i, j in better]).mean().item()

    def optimum(self, **options: Any) -> Distribution:
        """The best policies for the raters' rewards when this one is the reference; `options` name the divergence."""
        rewards = torch.tensor(REWARDS, dtype=torch.float64)
        return Distribution(torch.stack([fdpo_optimal_policy(rewards, row, **options).probs for row in self.within]))

    def distance(self, other: Distribution) -> float:
        """In total variation, over the four answers: 0 to 1."""
        return (self.within - other.within).abs().sum(dim=1).mean().item() / 2


Measuring = Callable[[Distribution, Distribution], Mapping[str, float]]
"""(policy, reference) -> measures."""


def train(
    setting: Setting, trainer: type[Any], config_class: type[Any], data: Dataset, measure: Measuring, **config: Any
) -> Result:
    """Train one arm from the warm start, and measure it on held-out prompts."""
    policy, tokenizer = load_warm_start(cached_warm_start(warm_start(setting.seed)))
    reference = Distribution.of(policy, tokenizer)
    return train_arm(
        setting,
        trainer,
        config_class,
        policy,
        tokenizer,
        data,
        lambda: measure(Distribution.of(policy, tokenizer), reference),
        every=EVERY,
        settings={**SETTINGS, **config},
    )


SETTINGS: Mapping[str, Any] = {
    "per_device_train_batch_size": BATCH,
    "learning_rate": RATE,
    "optim": "adamw_torch",
    "lr_scheduler_type": "linear",
    "warmup_steps": 0,
}
