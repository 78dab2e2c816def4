"""RL-Struct: the composed reward with its parts, the metrics, and advantages that are GRPO's."""

from __future__ import annotations

from typing import Any

from jurybox.judges.structured import deviation, structure_metrics
from jurybox.rewards import RewardVerdict, structured_reward
from jurybox.trainers.grpo import grpo_advantages
from jurybox.trainers.objectives import consecutive_groups

from ..case import Case

RENAMED = {
    "format_mode": "form",
    "length_max": "maximum",
    "length_min": "minimum",
    "n_tokens": "number of tokens",
    "required_keys": "keys",
    "text": "completions",
    "weights": "weight",
}


def _structured_reward(case: Case) -> dict[str, Any]:
    params = dict(case.params)
    bounds = {name: params.pop(name) for name in ("length_min", "length_max") if name in params}
    reward = structured_reward(
        params.pop("required_keys"), form=params.pop("format_mode", "either"), **bounds, **params
    )
    ids = [range(_counted(n)) for n in case["n_tokens"]]
    verdicts = reward.verdicts(case["text"], reference=case["reference"], completion_ids=ids)
    found: dict[str, Any] = {"total": [verdict.score for verdict in verdicts]}
    for place, name in enumerate(reward.part_names):
        parts = [verdict.parts[place] for verdict in verdicts if isinstance(verdict, RewardVerdict)]
        found[name] = [part.score for part in parts if part is not None]
    return found


def _counted(n: int) -> int:
    deviation(n, 0, 1)  # refuses what is no number of tokens
    return n


def _metrics(case: Case) -> dict[str, Any]:
    return structure_metrics(case["text"], case.params["required_keys"])


def _grpo_advantage(case: Case) -> dict[str, Any]:
    rewards, params = case.tensor("rewards"), dict(case.params)
    groups = consecutive_groups(len(rewards), params.pop("num_generations"))
    return {"advantages": grpo_advantages(rewards, groups, **params)}


FUNCTIONS = {
    "grpo_advantage": _grpo_advantage,
    "metrics": _metrics,
    "structured_reward": _structured_reward,
}
