"""RL-Struct: its advantages are GRPO's."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.objectives import consecutive_groups, standardize

from ..case import Case


def grpo_advantage(case: Case) -> dict[str, Any]:
    rewards, params = case.tensor("rewards"), case.params
    groups = consecutive_groups(len(rewards), params["num_generations"])
    return {"advantages": standardize(rewards, groups, eps=params["eps"], ddof=params["ddof"])}


FUNCTIONS = {"grpo_advantage": grpo_advantage}
