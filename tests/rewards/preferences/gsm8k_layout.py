"""Rows laid out as GSM8K's and a scripted policy for them; also a program to be killed: `FILE OUTPUT PAUSE`."""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

from jurybox.judges import Verdict, judge
from jurybox.rewards import preferences


def rows(count: int = 1000) -> Iterator[dict[str, Any]]:
    """Sums in words; every ninth has no usable answer."""
    for number in range(count):
        a, b = number % 37 + 1, number % 11 + 1
        answer = f"There are {a} + {b} = <<{a}+{b}={a + b}>>{a + b} of them.\n#### {a + b}"
        yield {"question": f"Ann has {a} pens and gets {b}. How many?", "answer": "?" if number % 9 == 0 else answer}


def scripted(prompts: Sequence[str], k: int, seeds: Sequence[int]) -> list[list[str]]:
    """Right, nearly right, equal to another one, or without an answer."""
    several = []
    for prompt, seed in zip(prompts, seeds, strict=True):
        rng = random.Random(seed)
        a, b = (int(word) for word in prompt.replace(".", "").split() if word.isdigit())
        several.append([f"I say {a + b + rng.choice([0, 0, 1, -1])}" if rng.random() < 0.8 else "?" for _ in range(k)])
    return several


@judge
def closeness(completion: str, answer: str) -> float | Verdict:
    """1 for the answer, less for what is near, 0 without a number; abstains where there is no usable answer."""
    gold, said = answer.rpartition("#### ")[2], completion.rpartition(" ")[2]
    if not gold.isdigit():
        return Verdict(None, "skipped", "unusable gold")
    return max(0.0, 1 - abs(int(said) - int(gold)) / 4) if said.isdigit() else 0.0


def make(output: str | None = None, pause: float = 0.0, count: int = 1000, **options: Any) -> Any:
    """The preferences of the rows."""

    def slowly() -> Iterator[dict[str, Any]]:
        for number, row in enumerate(rows(count)):
            if number % 50 == 0:
                time.sleep(pause)
            yield row

    settings = {"select": "rso_tournament", "keep": 3, "chunk": 50, "prompt": "question", **options}
    return preferences(slowly(), closeness, generate=scripted, output=output, **settings)


if __name__ == "__main__":
    make(sys.argv[1], float(sys.argv[2]))
