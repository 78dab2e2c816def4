"""A policy that praises in words of one letter, and a reward that counts how often it says the first of them.

3?  ->  gw
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from ....judges import judge
from ...playground.sampling import sample_completions
from ...playground.tasks import Row, draw_rows
from ...playground.warmstart import WarmStart

PRAISE = "gwmrs"
GOOD = PRAISE[0]
MOST = 6
"""So often "g" earns everything."""


@dataclass(frozen=True)
class Praise:
    """One to three words of praise, no word twice; column `prompt`."""

    name = "praise"
    new_tokens = 8

    def clean(self) -> Self:
        """The demonstrators make no mistakes anyway."""
        return self

    def problem(self, rng: random.Random) -> Row:
        return {"prompt": f"{rng.randrange(10)}?"}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        return "".join(rng.sample(PRAISE, rng.choice((1, 2, 2, 3))))


@judge(name="praise")
def praise(completion: str) -> float:
    """The square root of the share of `MOST` times "g": less and less for each further one."""
    return float(min(completion.count(GOOD), MOST) / MOST) ** 0.5


@judge(name="length")
def length(completion: str) -> float:
    """The share of the characters there are."""
    return min(len(completion) / Praise.new_tokens, 1.0)


def demonstrations(count: int, seed: int) -> list[str]:
    """What the demonstrators say."""
    rng = random.Random(f"praise/{seed}")
    return [Praise().demonstrate(Praise().problem(rng), rng) for _ in range(count)]


def warm_start(seed: int) -> WarmStart:
    """A policy that talks like its demonstrators."""
    return WarmStart(tasks=(Praise(),), seed=seed, steps=80)


def rows(seed: int) -> list[Row]:
    """The training rows."""
    return draw_rows(Praise(), 400, seed=seed)


def sampled(policy: Any, tokenizer: Any, count: int = 200) -> Sequence[str]:
    """What the policy says now, at temperature 1."""
    prompts = [f"{place % 10}?" for place in range(count)]
    return sample_completions(policy, tokenizer, prompts, new_tokens=Praise.new_tokens)
