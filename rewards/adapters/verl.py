"""verl: a custom reward function, `custom_reward_function.path=FILE` and `.name=compute_score`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...judges import Verdict
from ..leaf import as_reward
from ..reward import Reward
from ..rows import Row, judged


def verl_score(reward: Any, *, gold: str = "solution", abstain: float = 0.0) -> Callable[..., Any]:
    """verl's `compute_score`, for one answer or, under the plural names of its batch manager, for many.

    >>> from jurybox.judges import MathJudge
    >>> compute_score = verl_score(MathJudge())
    >>> compute_score(data_source="gsm8k", solution_str="so it is 5", ground_truth="5", extra_info={"index": 3})
    {'score': 1.0, 'passed': 1.0, 'abstained': 0.0}

    The answer's columns are `data_source`, the fields of `extra_info`, and the ground truth: under the name `gold`, or
    by name when it is a mapping. A prompt is read from `extra_info["prompt"]`, if it is there.

    Args:
        reward: a judge or a reward; it must not remember (verl calls it in processes of its own).
        abstain: the score of an answer on which the reward abstains, which verl does not know.
    """
    checked = stateless(reward, "verl")

    def compute_score(
        data_source: Any = None,
        solution_str: str | None = None,
        ground_truth: Any = None,
        extra_info: Mapping[str, Any] | None = None,
        *,
        data_sources: Sequence[Any] | None = None,
        solution_strs: Sequence[str] | None = None,
        ground_truths: Sequence[Any] | None = None,
        extra_infos: Sequence[Mapping[str, Any] | None] | None = None,
        **_: Any,
    ) -> Any:
        if solution_strs is None:
            row = _row(data_source, solution_str, ground_truth, extra_info, gold)
            return _said(judged(checked, [row])[0], abstain)
        none = [None] * len(solution_strs)
        table = zip(
            none if data_sources is None else data_sources,
            solution_strs,
            none if ground_truths is None else ground_truths,
            none if extra_infos is None else extra_infos,
            strict=True,
        )
        return [_said(verdict, abstain) for verdict in judged(checked, [_row(*each, gold) for each in table])]

    return compute_score


def stateless(reward: Any, framework: str) -> Reward:
    """A judge or a reward as a reward.

    Raises:
        ValueError: it remembers what it saw, which only a trainer of ours or TRL's keeps.
    """
    checked = as_reward(reward)
    if checked.states:
        raise ValueError(
            f"{checked!r} remembers what it saw ({', '.join(checked.states)}), and {framework} would neither gather "
            "nor save that"
        )
    return checked


def _row(source: Any, solution: Any, gold: Any, extra: Mapping[str, Any] | None, column: str) -> Row:
    columns = dict(gold) if isinstance(gold, Mapping) else {column: gold}
    return {"prompt": None, **(extra or {}), "data_source": source, **columns, "completion": solution}


def _said(verdict: Verdict, abstain: float) -> dict[str, float]:
    """The same keys for every answer, all of them numbers: verl averages each over a batch."""
    return {
        "score": abstain if verdict.score is None else verdict.score,
        "passed": float(verdict.passed is True),
        "abstained": float(verdict.abstains),
    }
