"""inspect_ai: a scorer, `Task(dataset=…, scorer=inspect_scorer(MathJudge()))`."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Mapping
from typing import Any

from ..explanation import tree
from ..rows import judged
from .verl import stateless


def inspect_scorer(reward: Any, *, gold: str = "solution") -> Any:
    """A scorer with mean and standard error as its metrics.

    A sample's columns are its metadata, and its target under the name `gold` (a list where it has several). The tree of
    verdicts is the score's explanation, the whole verdict its metadata; a sample on which the reward abstains is
    unscored, and no metric counts it.

    Args:
        reward: a judge or a reward; it must not remember.

    Raises:
        ImportError: inspect_ai is not installed.
    """
    checked = stateless(reward, "inspect_ai")
    try:
        scorers = importlib.import_module("inspect_ai.scorer")
    except ImportError as error:
        raise ImportError("inspect_scorer needs inspect_ai: pip install inspect-ai") from error

    def make() -> Any:
        async def score(state: Any, target: Any) -> Any:
            row = _row(state, target, gold)
            verdict = (await asyncio.to_thread(judged, checked, [row]))[0]
            told = {
                "answer": state.output.completion,
                "explanation": tree(verdict, checked.name, repr(checked)),
                "metadata": verdict.to_dict(),
            }
            if verdict.score is None:
                return scorers.Score(value=float("nan"), **told)
            return scorers.Score(value=verdict.score, **told)

        return score

    return scorers.scorer(metrics=[scorers.mean(), scorers.stderr()], name=checked.name)(make)()


def _row(state: Any, target: Any, gold: str) -> dict[str, Any]:
    targets = list(target)
    metadata: Mapping[str, Any] = state.metadata or {}
    return {
        gold: targets[0] if len(targets) == 1 else targets,
        **metadata,
        "prompt": state.input_text,
        "completion": state.output.completion,
    }
