"""HAPO: its advantages are GRPO's, with or without the division by the standard deviation."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.grpo import grpo_advantages
from jurybox.trainers.objectives import consecutive_groups, standardize

from ..case import Case


def grpo_advantage(case: Case) -> dict[str, Any]:
    rewards, params = case.tensor("rewards"), case.params
    groups = consecutive_groups(len(rewards), params["num_generations"])
    if params["scale"] == "group":
        return {"advantages": standardize(rewards, groups, eps=params["eps"], ddof=params["ddof"])}
    return {"advantages": grpo_advantages(rewards, groups, scale=params["scale"])}


FUNCTIONS = {"grpo_advantage": grpo_advantage}
