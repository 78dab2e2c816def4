"""HBPO: what an answer under a budget is worth, its advantage, the clipped loss."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.objectives import clipped_token_mean
from jurybox.trainers.papers.hbpo import budget_advantages, budget_reward

from ..case import Case


def _budget_reward(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("n_gen", "budget", "correct")]
    return {"reward": budget_reward(*tensors, **case.params)}


def _advantage(case: Case) -> dict[str, Any]:
    found = budget_advantages(case.tensor("rewards"), case.tensor("budgets"), case.ids("group"), **case.params)
    return vars(found)


def _clipped_loss(case: Case) -> dict[str, Any]:
    params = {name: value for name, value in case.params.items() if name != "aggregation"}
    tensors = [case.tensor(name) for name in ("logp", "old_logp", "advantage", "mask")]
    return vars(clipped_token_mean(*tensors, **params))


FUNCTIONS = {"budget_reward": _budget_reward, "advantage": _advantage, "clipped_loss": _clipped_loss}
