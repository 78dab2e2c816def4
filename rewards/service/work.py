"""What a worker process does: build the reward once, then turn requests into answers."""

from __future__ import annotations

import functools
import json
import math
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...judges import Verdict
from ...judges.errors import JuryboxError
from ...judges.preflight import preflight_sample
from ..leaf import Part
from ..reward import Reward
from ..rows import Row, judged, needed
from .forms import Malformed, parsed, written

BAD_REQUEST, UNPROCESSABLE, BROKEN = 400, 422, 500


@dataclass(frozen=True)
class Answer:
    """The answer to a request: its HTTP status, its JSON, and how many verdicts of each status it holds."""

    status: int
    body: bytes
    verdicts: Mapping[str, int] = field(default_factory=dict)


def refusal(status: int, sentence: str) -> Answer:
    """An answer that says in a sentence what is wrong."""
    return Answer(status, json.dumps({"error": sentence}).encode())


def counted(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many verdicts there are of each status."""
    counts: dict[str, int] = {}
    for verdict in verdicts:
        counts[verdict.status] = counts.get(verdict.status, 0) + 1
    return counts


@functools.lru_cache(maxsize=1)
def reward_of(maker: bytes, workers: int) -> Reward:
    """The reward, built when this process is first asked.

    maker: a pickled function without arguments. workers: this process counts on its share of the cores.
    """
    os.environ["LOCAL_WORLD_SIZE"] = str(workers * int(os.environ.get("LOCAL_WORLD_SIZE") or 1))
    make: Callable[[], Reward] = pickle.loads(maker)
    return make()


def answer(maker: bytes, workers: int, form: str, body: bytes) -> Answer:
    """The answer to a request; what is wrong with it is said in a sentence."""
    try:
        call = parsed(form, body)
        verdicts = verdicts_of(maker, workers, call.rows, call.step)
        return Answer(200, written(form, call, verdicts), counted(verdicts))
    except Exception as error:
        return refused(error)


def refused(error: Exception) -> Answer:
    """What is told of an exception: whose mistake it is, and which."""
    if isinstance(error, Malformed):
        return refusal(BAD_REQUEST, str(error))
    if isinstance(error, (JuryboxError, TypeError, ValueError)):
        return refusal(UNPROCESSABLE, str(error) or type(error).__name__)
    return refusal(BROKEN, f"the reward raised {type(error).__name__}: {error}")


def verdicts_of(maker: bytes, workers: int, rows: Sequence[Row], step: int) -> list[Verdict]:
    """The verdicts on rows that are judged together."""
    return judged(reward_of(maker, workers), rows, step)


def unusable(maker: bytes, workers: int, body: bytes) -> Answer:
    """For each row, why it cannot be judged, whatever the completion is."""
    try:
        data = json.loads(body)
        rows = data.get("rows") if isinstance(data, dict) else data
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Malformed('a request is {"rows": [{column: value, …}, …]}')
        reward = reward_of(maker, workers)
        found = [reward.unusable(preflight_sample(row, number)) for number, row in enumerate(rows)]
        return Answer(200, json.dumps({"unusable": found}).encode())
    except (json.JSONDecodeError, RecursionError) as error:
        return refusal(BAD_REQUEST, f"the request is not JSON: {error}")
    except Exception as error:
        return refused(error)


def describe(maker: bytes, workers: int) -> tuple[dict[str, Any], float]:
    """What a client has to know of the reward, and the CPU seconds it took to build.

    Raises:
        ValueError: a reward that remembers, which several processes cannot do together.
    """
    start = time.process_time()
    reward = reward_of(maker, workers)
    if reward.states:
        raise ValueError(
            f"this reward remembers what it saw ({', '.join(reward.states)}), and the processes of a service would "
            "each remember something else: serve its judges, and keep the memory in the trainer"
        )
    low, high = reward.bounds
    description = {
        "reward": repr(reward),
        "name": reward.name,
        "columns": list(dict.fromkeys(needed(reward))),
        "optional": sorted({name for part in _leaves(reward) for name in getattr(part.judge, "optional", ())}),
        "every_column": any(_takes_all(part) for part in reward.walk() if not part.parts),
        "together": any(_judges_together(part) for part in reward.walk()),
        "bounds": [low if math.isfinite(low) else None, high if math.isfinite(high) else None],
    }
    return description, time.process_time() - start


def _leaves(reward: Reward) -> Iterator[Part]:
    return (part for part in reward.walk() if isinstance(part, Part))


def _takes_all(leaf: Reward) -> bool:
    """Whether a leaf may read any column: a function, or a judge that takes them by `**`."""
    return not isinstance(leaf, Part) or bool(getattr(leaf.judge, "_takes_all", False))


def _judges_together(node: Reward) -> bool:
    """Whether a node's verdict on a row may depend on the rows beside it; else a batch may be split."""
    if isinstance(node, Part):
        return getattr(node.judge, "kind", "row") != "row"
    return not node.parts  # somebody's function of a whole batch
