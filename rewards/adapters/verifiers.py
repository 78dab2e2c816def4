"""verifiers: a function for a `Rubric`, and one for the tasks of its newer interface."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..rows import judged
from .verl import stateless


def rubric_function(reward: Any, *, gold: str = "solution", abstain: float = 0.0) -> Callable[..., Any]:
    """A reward function for `verifiers.Rubric(funcs=[…])`.

    >>> from jurybox.judges import MathJudge
    >>> score = rubric_function(MathJudge())
    >>> score(completion=[{"role": "assistant", "content": "so it is 5"}], answer="5")
    1.0

    The rollout's columns are the fields of `info`, and `answer` under the name `gold`; the verdict is kept in the
    rollout's state, as `state["jurybox"]`.

    Args:
        reward: a judge or a reward; it must not remember.
        abstain: the number of a rollout on which the reward abstains, which verifiers does not know.
    """
    checked = stateless(reward, "verifiers")

    def score(
        completion: Any,
        prompt: Any = None,
        answer: Any = None,
        info: Mapping[str, Any] | None = None,
        task: Any = None,
        state: Any = None,
        **_: Any,
    ) -> float:
        columns = {"task": task, gold: answer, **(info or {})}
        verdict = judged(checked, [{**columns, "prompt": _plain(prompt), "completion": _plain(completion)}])[0]
        if isinstance(state, dict):
            state["jurybox"] = verdict.to_dict()
        return abstain if verdict.score is None else verdict.score

    score.__name__ = score.__qualname__ = checked.name
    return score


def trace_function(reward: Any, *, abstain: float = 0.0) -> Callable[..., Any]:
    """A reward `(task, trace) -> float` for `verifiers.v1`, to be plugged into a task's `rewards`.

    The fields of the task are the columns, and the completion is the trace's last reply.
    """
    checked = stateless(reward, "verifiers")

    async def score(task: Any, trace: Any) -> float:
        columns = task.model_dump() if hasattr(task, "model_dump") else dict(task)
        verdict = judged(checked, [{"prompt": None, **columns, "completion": trace.last_reply}])[0]
        return abstain if verdict.score is None else verdict.score

    score.__name__ = score.__qualname__ = checked.name
    return score


def _plain(messages: Any) -> Any:
    """Messages as mappings, whatever class they are of."""
    if not isinstance(messages, list):
        return messages
    return [each.model_dump(exclude_none=True) if hasattr(each, "model_dump") else each for each in messages]
