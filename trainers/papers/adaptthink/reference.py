"""How often the model is right before training: the measure that AdaptThink's advantages start from."""

from __future__ import annotations

from math import fsum
from typing import Any

from ....judges import Judge
from ....rewards import Reward
from ....rewards.answers import Generate, scores_of_answers


def with_ref_accuracy(
    dataset: Any,
    reward: Reward | Judge,
    generate: Generate,
    *,
    k: int = 16,
    seed: int = 0,
    batch: int = 8,
    column: str = "ref_accuracy",
) -> Any:
    """The data set with R̄_ref: the mean reward of k answers to every prompt, drawn from the model as it is.

        dataset = with_ref_accuracy(dataset, MathJudge(), ModelGenerator("my/model", temperature=0.6), k=16)

    Args:
        dataset: a `datasets.Dataset` with `prompt` and the columns that the reward reads.
        reward: what says what is right; the one that is trained on.
        generate: (prompts, k, seeds) -> k completions for each prompt; `jurybox.rewards.ModelGenerator`, or anything.
        k: answers to a prompt; the paper's 16.
        batch: prompts that are drawn for at once.

    Raises:
        ValueError: k or batch below 1, or a prompt of whose answers none could be judged: its row is named.
    """
    measured = scores_of_answers(dataset, reward, generate, k=k, seed=seed, batch=batch)
    shares = [_mean([score for score in scores if score is not None]) for scores in measured]
    kept = dataset.remove_columns(column) if column in dataset.column_names else dataset
    return kept.add_column(column, shares)


def _mean(scores: list[float]) -> float:
    return fsum(scores) / len(scores)
