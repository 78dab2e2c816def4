"""AEPO: the loss, entropies of steps, budgets, branches, advantages of a group."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.papers.aepo import (
    BranchRule,
    aepo_policy_loss,
    consecutive_counter,
    global_budget,
    group_advantage,
    step_entropy,
)

from ..case import Case


def _policy_loss(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("old_logps", "logps", "advantages", "mask", "entropies")]
    scaled, loss = aepo_policy_loss(*tensors, **case.params)
    return {"scaled_advantages": scaled, "loss": loss}


def _step_entropy(case: Case) -> dict[str, Any]:
    return {"entropy": step_entropy(case["top_logprobs"], **case.params)}


def _global_budget(case: Case) -> dict[str, Any]:
    budget = global_budget(case["H_root"], case["H_tool_steps"], **case.params)
    return {"m": budget.roots, "branch_budget": budget.branches, "sigmoid": budget.share}


def _branch_decision(case: Case) -> dict[str, Any]:
    rule = BranchRule(**case.params)
    steps = list(zip(*(case[name] for name in ("u", "H_now", "H_init", "consecutive")), strict=True))
    return {"prob": [rule.probability(*step) for step in steps], "branch": [rule(*step) for step in steps]}


def _consecutive_counter(case: Case) -> dict[str, Any]:
    before, after = consecutive_counter(case["branched"])
    return {"counter_before": before, "counter_after": after}


def _group_advantage(case: Case) -> dict[str, Any]:
    return {"advantages": group_advantage(case.tensor("rewards"), **case.params)}


FUNCTIONS = {
    "aepo_policy_loss": _policy_loss,
    "step_entropy": _step_entropy,
    "global_budget": _global_budget,
    "branch_decision": _branch_decision,
    "consecutive_counter": _consecutive_counter,
    "group_advantage": _group_advantage,
}
RENAMED = {"H_root": "root_entropy", "H_tool_steps": "tool_entropies"}
