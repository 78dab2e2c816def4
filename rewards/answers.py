"""What answers of a model are worth, problem by problem: the measure that some papers take before training."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..judges import Judge
from .leaf import as_reward
from .reward import Reward

Generate = Callable[[Sequence[Any], int, Sequence[int]], Sequence[Sequence[Any]]]
"""(prompts, k, seeds) -> k completions for each prompt."""


def scores_of_answers(
    dataset: Any, reward: Reward | Judge, generate: Generate, *, k: int, seed: int = 0, batch: int = 8
) -> Iterator[list[float | None]]:
    """For every row of a data set the scores of k answers to its prompt, None where the reward abstains.

    dataset: a `datasets.Dataset` with `prompt` and the columns that the reward reads. batch: prompts drawn for at once.

    Raises:
        ValueError: k or batch below 1, or a prompt of whose answers none could be judged: its row is named.
    """
    if k < 1 or batch < 1:
        raise ValueError(f"k={k}, batch={batch}: give 1 or more")
    judged = as_reward(reward)
    for start in range(0, len(dataset), batch):
        rows: Mapping[str, list[Any]] = dataset[start : start + batch]
        prompts = rows["prompt"]
        drawn = generate(prompts, k, [seed + start + place for place in range(len(prompts))])
        columns = {name: _repeated(values, k) for name, values in rows.items() if name != "prompt"}
        answers = [answer for several in drawn for answer in several]
        scores = [verdict.score for verdict in judged.verdicts(answers, _repeated(prompts, k), **columns)]
        for place in range(len(prompts)):
            of_one = scores[place * k : (place + 1) * k]
            if all(score is None for score in of_one):
                raise ValueError(f"row {start + place}: none of its {k} answers could be judged; leave the row out")
            yield of_one


def _repeated(values: Sequence[Any], times: int) -> list[Any]:
    return [value for value in values for _ in range(times)]
