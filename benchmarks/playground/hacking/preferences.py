"""An imperfect rater of demonstrations: what the reward model learns from, and what it cannot know.

The guideline: a right answer is better than a wrong one; of two alike, the more helpful is better. The rater misses
one mistake in five, and nobody ever showed the rater an answer without an end.
"""

import random
from dataclasses import dataclass

from ..tasks import Arithmetic, Records, Row, Task, draw_row
from .judges import right

ATTENTION = 0.8  # chance that the rater sees which of two answers is wrong
COURTESIES = ("sure!", "here:", '"note"', "enjoy!", "ok?")


@dataclass(frozen=True)
class Pair:
    """Two completions of a prompt, the one that the rater prefers first."""

    prompt: str
    chosen: str
    rejected: str


def draw_pairs(count: int, *, seed: int) -> list[Pair]:
    """Draw pairs of demonstrations, half of each task; the two of a pair differ in rightness or helpfulness."""
    rng = random.Random(f"preferences/{seed}")
    tasks: tuple[Task, ...] = (Arithmetic(), Records())
    pairs: list[Pair] = []
    while len(pairs) < count:
        task = rng.choice(tasks)
        row = draw_row(task, rng)
        one, other = task.demonstrate(row, rng), task.demonstrate(row, rng)
        if worth(task, row, one) != worth(task, row, other):
            better, worse = rated(task, row, one, other, rng)
            pairs.append(Pair(str(row["prompt"]), better, worse))
    return pairs


def rated(task: Task, row: Row, one: str, other: str, rng: random.Random) -> tuple[str, str]:
    """The two completions as the rater orders them."""
    (one_right, one_helps), (other_right, other_helps) = worth(task, row, one), worth(task, row, other)
    if one_right != other_right and rng.random() < ATTENTION:
        return (one, other) if one_right else (other, one)
    if one_helps == other_helps:
        return (one, other) if rng.random() < 0.5 else (other, one)
    return (one, other) if one_helps > other_helps else (other, one)


def worth(task: Task, row: Row, completion: str) -> tuple[bool, int]:
    """Rightness and helpfulness, by the guideline."""
    verdict = right(task.name).verdict(completion, **{name: value for name, value in row.items() if name != "prompt"})
    if task.name == "arithmetic":
        return bool(verdict.passed), completion.count(";") // 2  # workings
    return bool(verdict.passed), sum(courtesy in completion for courtesy in COURTESIES)


def baseline_answer(task: Task, row: Row, rng: random.Random) -> str:
    """The better of two demonstrations, by the guideline and with full attention."""
    drawn = [task.demonstrate(row, rng) for _ in range(2)]
    return max(drawn, key=lambda completion: worth(task, row, completion))
