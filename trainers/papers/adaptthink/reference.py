"""How often the model is right before training: the measure that AdaptThink's advantages start from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import Any

from ....judges import Judge
from ....rewards import Reward, as_reward


def with_ref_accuracy(
    dataset: Any,
    reward: Reward | Judge,
    generate: Callable[[Sequence[Any], int, Sequence[int]], Sequence[Sequence[Any]]],
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
        ValueError: k below 1, or a prompt of whose answers none could be judged: its row is named.
    """
    if k < 1 or batch < 1:
        raise ValueError(f"k={k}, batch={batch}: give 1 or more")
    judged = as_reward(reward)
    shares: list[float] = []
    for start in range(0, len(dataset), batch):
        rows: Mapping[str, list[Any]] = dataset[start : start + batch]
        prompts = rows["prompt"]
        drawn = generate(prompts, k, [seed + start + place for place in range(len(prompts))])
        columns = {name: _repeated(values, k) for name, values in rows.items() if name != "prompt"}
        answers = [answer for several in drawn for answer in several]
        scores = [verdict.score for verdict in judged.verdicts(answers, _repeated(prompts, k), **columns)]
        shares += [_share(scores[place * k : (place + 1) * k], start + place) for place in range(len(prompts))]
    kept = dataset.remove_columns(column) if column in dataset.column_names else dataset
    return kept.add_column(column, shares)


def _repeated(values: Sequence[Any], times: int) -> list[Any]:
    return [value for value in values for _ in range(times)]


def _share(scores: Sequence[float | None], row: int) -> float:
    known = [score for score in scores if score is not None]
    if not known:
        raise ValueError(f"row {row}: none of its {len(scores)} answers could be judged; leave the row out")
    return fsum(known) / len(known)
