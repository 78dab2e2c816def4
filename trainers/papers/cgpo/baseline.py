"""Baseline answers ā: one fixed answer a prompt, against which rewards are calibrated.

The reward model scores each of them once, and the judges, for CRRAFT, judge it once; both are remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from datasets import Dataset

from ...seam import Policy
from .stratum import Stratum

Row = Mapping[str, Any]


class Baselines:
    """What the reward model and the judges said of the baseline answers, by task, prompt and answer.

    column: of the baseline answers; texts, or messages where prompts are conversations.
    """

    def __init__(self, column: str) -> None:
        self.column = column
        self._rewards: dict[str, float] = {}
        self._labels: dict[str, float] = {}

    def rewards(self, stratum: Stratum, name: str, prompts: Sequence[Any], rows: Sequence[Row]) -> list[float]:
        """r(s, ā) of each row, NaN where the reward model abstains or there is no answer."""
        return self._known(self._rewards, lambda *batch: scores(stratum, *batch), name, prompts, rows)

    def labels(self, stratum: Stratum, name: str, prompts: Sequence[Any], rows: Sequence[Row]) -> list[float]:
        """y of each row's baseline answer: 1, 0 or NaN."""
        return self._known(self._labels, lambda *batch: labels(stratum, *batch)[0], name, prompts, rows)

    def _known(
        self,
        memory: dict[str, float],
        ask: Callable[..., list[float]],
        name: str,
        prompts: Sequence[Any],
        rows: Sequence[Row],
    ) -> list[float]:
        keys = [repr((name, prompt, row[self.column])) for prompt, row in zip(prompts, rows, strict=True)]
        new = {key: place for place, key in enumerate(keys) if key not in memory}
        answered = {key: place for key, place in new.items() if rows[place][self.column] is not None}
        memory.update(dict.fromkeys(new, torch.nan))
        if answered:
            own = list(answered.values())
            answers = [as_completion(rows[place][self.column], prompts[place]) for place in own]
            said = ask([prompts[place] for place in own], answers, [rows[place] for place in own])
            memory.update(zip(answered, said, strict=True))
        return [memory[key] for key in keys]


def scores(stratum: Stratum, prompts: list[Any], completions: list[Any], rows: list[Row]) -> list[float]:
    """What the stratum's reward model says; NaN where it abstains."""
    verdicts = stratum.reward.verdicts(completions, prompts, **columns_of(rows))
    return [torch.nan if verdict.score is None else verdict.score for verdict in verdicts]


def labels(
    stratum: Stratum, prompts: list[Any], completions: list[Any], rows: list[Row]
) -> tuple[list[float], list[Any]]:
    """The labels y, and the verdicts behind them."""
    if stratum.constraint is None:
        return [1.0] * len(rows), []
    verdicts = stratum.constraint.verdicts(completions, prompts, **columns_of(rows))
    return [torch.nan if verdict.passed is None else float(verdict.passed) for verdict in verdicts], verdicts


def columns_of(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """The data set's columns as a reward function is given them."""
    names = [name for name in rows[0] if name not in ("prompt", "completion")]
    return {name: [row[name] for row in rows] for name in names}


def as_completion(answer: Any, prompt: Any) -> Any:
    """A baseline answer in the form of a completion: text after a text, messages after messages."""
    if isinstance(prompt, str) or not isinstance(answer, str):
        return answer
    return [{"role": "assistant", "content": answer}]


def text_of(answer: Any) -> str:
    """The text of a baseline answer, whichever form it has."""
    return answer if isinstance(answer, str) else "".join(str(message["content"]) for message in answer)


def with_baselines(dataset: Dataset, policy: Policy, column: str, batch_size: int = 64) -> Dataset:
    """The data set with one answer of the policy for each prompt; draw them before training, while π = π_ref."""
    prompts: dict[str, Any] = {repr(prompt): prompt for prompt in dataset["prompt"]}
    answers: list[str] = []
    waiting = list(prompts.values())
    for start in range(0, len(waiting), batch_size):
        chains = policy.chains(waiting[start : start + batch_size])
        policy.extend(chains)
        answers += [policy.decode(chain.ids) for chain in chains]
    drawn = dict(zip(prompts, answers, strict=True))
    return dataset.add_column(column, [drawn[repr(prompt)] for prompt in dataset["prompt"]])
