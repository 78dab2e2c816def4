"""What a request looks like: jurybox's own form, OpenRLHF's remote reward, and NeMo-Gym's resources server.

A form turns the JSON of a request into rows, and verdicts into the JSON of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ...judges import Verdict
from ...judges.errors import Told
from ...judges.verdict import json_safe
from ..rows import Row
from .nemo_gym import answer_of, columns_of, messages_of


class Malformed(Told, ValueError):  # noqa: N818 - it says what the request is
    """A request that is not in its form; the message says what was expected."""


@dataclass(frozen=True)
class Call:
    """What a request asks: rows, the step of training they belong to, and the request itself where it is repeated."""

    rows: Sequence[Row]
    step: int = 0
    request: Mapping[str, Any] = field(default_factory=dict)


class Form(NamedTuple):
    """How requests of one path are read and answered."""

    read: Callable[[Any], Call]
    write: Callable[[Call, Sequence[Verdict]], Any]


def parsed(form: str, body: bytes) -> Call:
    """What a request asks.

    Raises:
        Malformed: it is no JSON, or not in this form.
    """
    try:
        data = json.loads(body)
    except RecursionError:
        raise Malformed("the request is nested too deeply") from None
    except ValueError as error:
        said = f"{error.msg}, at character {error.pos}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise Malformed(f"the request is not JSON: {said}") from None
    return FORMS[form].read(data)


def written(form: str, call: Call, verdicts: Sequence[Verdict]) -> bytes:
    """The answer, as JSON."""
    return json.dumps(FORMS[form].write(call, verdicts), allow_nan=False).encode()


# ---- jurybox's own ------------------------------------------------------------------------------------------


def _read_rows(data: Any) -> Call:
    rows, step = (data.get("rows"), data.get("step", 0)) if isinstance(data, dict) else (data, 0)
    if not isinstance(rows, list):
        raise Malformed('a request is {"rows": [{"completion": …, "prompt": …, …}, …]}, or the list of rows alone')
    if isinstance(step, bool) or not isinstance(step, int) or step < 0:
        raise Malformed(f"step is the number of finished optimizer steps, not {step!r:.40}")
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise Malformed(f"row {number} is not an object but {type(row).__name__}")
        if not isinstance(row.get("completion"), (str, list)):
            raise Malformed(f'row {number} has no "completion", which is a text or a list of messages')
    return Call(rows, step)


def _write_rows(call: Call, verdicts: Sequence[Verdict]) -> Any:
    return {"verdicts": [verdict.to_dict() for verdict in verdicts]}


# ---- OpenRLHF ------------------------------------------------------------------------------------------------


def _read_queries(data: Any) -> Call:
    """`query` holds prompt and answer in one text, `prompts` and `labels` what belongs to each."""
    queries = data.get("query") if isinstance(data, dict) else None
    if not isinstance(queries, list) or not all(isinstance(query, str) for query in queries):
        raise Malformed('a request is {"query": [texts of prompt and answer], "prompts": […], "labels": […]}')
    sides: dict[str, list[Any]] = {}
    for name in ("prompts", "labels"):
        side = data.get(name)
        sides[name] = [None] * len(queries) if side is None else side
        if not isinstance(sides[name], list) or len(sides[name]) != len(queries):
            raise Malformed(f"{name} is a list as long as query ({len(queries)})")
    rows = zip(queries, sides["prompts"], sides["labels"], strict=True)
    return Call([_query_row(query, prompt, label) for query, prompt, label in rows])


def _query_row(query: str, prompt: Any, label: Any) -> Row:
    """A label is the column "label"; one that is an object, or the text of one, is the row's columns by name."""
    completion = query[len(prompt) :] if isinstance(prompt, str) and query.startswith(prompt) else query
    columns: Mapping[str, Any] = {} if label is None else {"label": label}
    found = _object(label)
    return {**columns, **found, "prompt": prompt, "completion": completion}


def _object(label: Any) -> Mapping[str, Any]:
    if isinstance(label, str) and label.lstrip().startswith("{"):
        try:
            label = json.loads(label)
        except (ValueError, RecursionError):
            return {}
    return label if isinstance(label, dict) else {}


def _write_rewards(call: Call, verdicts: Sequence[Verdict]) -> Any:
    """OpenRLHF has no abstention: such a row is 0 and counted in `extra_logs`."""
    rewards = [0.0 if verdict.score is None else verdict.score for verdict in verdicts]
    logs = {
        "abstained": [float(verdict.abstains) for verdict in verdicts],
        "passed": [float(bool(verdict.passed)) for verdict in verdicts],
    }
    return {"rewards": rewards, "scores": rewards, "extra_logs": logs}


# ---- NeMo-Gym ------------------------------------------------------------------------------------------------


def _read_response(data: Any) -> Call:
    """One rollout: `response` is what the model did, `responses_create_params` what it was asked, the rest columns."""
    response = data.get("response") if isinstance(data, dict) else None
    if not isinstance(response, dict) or not isinstance(response.get("output"), list):
        raise Malformed('a request is {"responses_create_params": {"input": …}, "response": {"output": […]}, …}')
    asked = data.get("responses_create_params")
    prompt = messages_of(asked.get("input")) if isinstance(asked, dict) else None
    completion = answer_of(response["output"])
    return Call([{**columns_of(data), "prompt": prompt, "completion": completion}], request=data)


def _write_reward(call: Call, verdicts: Sequence[Verdict]) -> Any:
    """The request with the reward beside it, as resources servers answer; a row that abstains is 0 and says so."""
    (verdict,) = verdicts
    score = 0.0 if verdict.score is None else verdict.score
    return json_safe(call.request) | {"reward": score, "verdict": verdict.to_dict()}


FORMS = {
    "score": Form(_read_rows, _write_rows),
    "get_reward": Form(_read_queries, _write_rewards),
    "verify": Form(_read_response, _write_reward),
}
