r"""Chains of small sums, thought aloud between tags: room for accuracy, format and length to move at once.

    7+5-3?    ->  <think>7+5=12;12-3=9</think>\boxed{9}
    2+6?      ->  \boxed{8}                                         no thinking
    9-4+8?    ->  <think>9-4=5;5+8=13\boxed{13}                     tag never closed
    8+3-2?    ->  <think>8+3=11;11-2=9;8+3=11;11-2=9</think>\boxed{9}  thought twice

A problem has two to four terms: each further term is one more step to get wrong, which spreads difficulty.
"""

import random
import re
from dataclasses import dataclass, replace
from typing import Self

from .problems import Row

LARGEST = 15  # of a running total: small enough for a small policy to know every step


@dataclass(frozen=True)
class Chains:
    """Chains of additions and subtractions; columns `prompt`, `solution` and `terms` (2, 3 or 4).

    `slip` is the chance that one step is off by one or two, `again` of thinking the whole chain a second
    time, `unclosed` of leaving the tag open, `untagged` of working without tags, `direct` of answering
    without working; a direct answer is off with probability `direct_wrong`.
    """

    slip: float = 0.08
    again: float = 0.35
    unclosed: float = 0.15
    untagged: float = 0.20
    direct: float = 0.10
    direct_wrong: float = 0.50

    name = "chains"
    new_tokens = 80

    def clean(self) -> Self:
        return replace(self, slip=0.0, again=0.05, direct_wrong=0.0)

    def problem(self, rng: random.Random) -> Row:
        total = rng.randint(1, 9)
        prompt, terms = str(total), rng.randint(2, 4)
        for _ in range(terms - 1):
            sign, digit = rng.choice([(s, d) for s in (1, -1) for d in range(1, 10) if 0 <= total + s * d <= LARGEST])
            prompt += f"{'+' if sign > 0 else '-'}{digit}"
            total += sign * digit
        return {"prompt": prompt + "?", "solution": str(total), "terms": terms}

    def demonstrate(self, row: Row, rng: random.Random) -> str:
        numbers = [int(term) for term in re.findall(r"[+-]?\d+", str(row["prompt"]))]
        style = rng.random()
        if style < self.direct:
            off = rng.choice((-2, -1, 1, 2)) if rng.random() < self.direct_wrong else 0
            return rf"\boxed{{{abs(sum(numbers) + off)}}}"
        thought, answer = self._thought(numbers, rng)
        if rng.random() < self.again:
            second, answer = self._thought(numbers, rng)
            thought += f";{second}"
        return self._dressed(style, thought, answer)

    def _dressed(self, style: float, thought: str, answer: int) -> str:
        """Put tags around the thought, or fail to; `style` is uniform in [direct, 1)."""
        boxed = rf"\boxed{{{answer}}}"
        if style < self.direct + self.untagged:
            return f"{thought};{boxed}"
        if style < self.direct + self.untagged + self.unclosed:
            return f"<think>{thought}{boxed}"
        return f"<think>{thought}</think>{boxed}"

    def _thought(self, numbers: list[int], rng: random.Random) -> tuple[str, int]:
        """Return the chain of running totals and where it ends, slips included."""
        total, steps = numbers[0], []
        for number in numbers[1:]:
            off = rng.choice((-2, -1, 1, 2)) if rng.random() < self.slip else 0
            result = min(max(total + number + off, 0), LARGEST)
            steps.append(f"{total}{number:+d}={result}")
            total = result
        return ";".join(steps), total
