"""Which problems are worth training on: those that the model before training does not always solve."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal

from ....judges import Judge
from ....rewards import Reward
from ....rewards.answers import Generate, scores_of_answers
from .ladder import scored, succeeded

Category = Literal["too_hard", "potentially_solvable", "too_easy"]
KEEP: dict[Category, float] = {"too_hard": 1.0, "potentially_solvable": 0.5, "too_easy": 0.0}
"""Chance of a problem to stay."""


def category(num_correct: int, num_samples: int) -> Category:
    """What a problem is, by how many of so many answers were right.

    >>> [category(right, 8) for right in (0, 1, 7, 8)]
    ['too_hard', 'potentially_solvable', 'potentially_solvable', 'too_easy']

    Raises:
        ValueError: no answer, or more right ones than there are.
    """
    if num_samples < 1 or not 0 <= num_correct <= num_samples:
        raise ValueError(f"num_correct={num_correct} of num_samples={num_samples}: give 0 to num_samples, of 1 or more")
    if num_correct == 0:
        return "too_hard"
    return "too_easy" if num_correct == num_samples else "potentially_solvable"


def without_easy_problems(
    dataset: Any, reward: Reward | Judge, generate: Generate, *, k: int = 8, seed: int = 0, batch: int = 8
) -> Any:
    """The data set without what the model always solves, with half of what it sometimes solves, in a column how often.

        dataset = without_easy_problems(dataset, MathJudge(), ModelGenerator("my/model", temperature=1.0, top_k=0))

    Args:
        dataset: a `datasets.Dataset` with `prompt` and the columns that the reward reads.
        reward: the verifier; above 0 is right.
        generate: (prompts, k, seeds) -> k completions for each prompt; `jurybox.rewards.ModelGenerator`, or anything.
        seed: of the answers, and of which half stays.

    Raises:
        ValueError: k or batch below 1, or a prompt of whose answers none could be judged: its row is named.
    """
    dice = random.Random(f"scaf-grpo/{seed}")
    kept: list[int] = []
    solved: list[float] = []
    for row, scores in enumerate(scores_of_answers(dataset, reward, generate, k=k, seed=seed, batch=batch)):
        right = sum(map(succeeded, scores))
        judged = sum(map(scored, scores))
        if dice.random() < KEEP[category(right, judged)]:
            kept.append(row)
            solved.append(right / judged)
    return dataset.select(kept).add_column("solve_rate", solved)


def data_filter(num_correct: Sequence[int], num_samples: int = 8) -> tuple[list[Category], list[float]]:
    """Categories of problems and the chance of each to stay."""
    categories = [category(right, num_samples) for right in num_correct]
    return categories, [KEEP[one] for one in categories]
