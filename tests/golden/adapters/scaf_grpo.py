"""Scaf-GRPO: the ladder, who wins on it, what it does to a group, the loss, the filter, the exemption."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jurybox.trainers.objectives import clipped_token_mean
from jurybox.trainers.papers.scaf_grpo import data_filter, exempt_steps, group_update, hint_schedule, select

from ..case import Case


def _hint_schedule(case: Case) -> dict[str, Any]:
    schedule = hint_schedule(case["question"], case["hints"], **case.params)
    return {"schedule": [{**asdict(rung), "chunks": list(rung.chunks)} for rung in schedule]}


def _select(case: Case) -> dict[str, Any]:
    index, level = select(case["levels"], case["rewards"])
    return {"selected_index": index, "selected_level": level}


def _group_update(case: Case) -> dict[str, Any]:
    # The keys of a JSON object are texts, also where the group ids are numbers.
    groups = [str(group) for group in case["group_ids"]]
    return vars(group_update(case["rewards"], groups, case["hint_reward"], **case.params))


def _loss(case: Case) -> dict[str, Any]:
    params = {name: value for name, value in case.params.items() if name != "aggregation"}
    tensors = [case.tensor(name) for name in ("log_prob", "old_log_prob", "mask", "advantages")]
    logps, old_logps, mask, advantages = tensors
    params["dual_clip"] = params.pop("dual_clip_c", None)
    return vars(clipped_token_mean(logps, old_logps, advantages, mask, **params))


def _data_filter(case: Case) -> dict[str, Any]:
    category, keep = data_filter(case["num_correct"], **case.params)
    return {"category": category, "keep_probability": keep}


def _exempt_steps(case: Case) -> dict[str, Any]:
    exempt = exempt_steps(**case.inputs, **case.params)
    return {"exempt_steps": exempt, "first_guided_step": exempt + 1}


FUNCTIONS = {
    "scaf_hint_schedule": _hint_schedule,
    "scaf_select": _select,
    "scaf_group_update": _group_update,
    "scaf_loss": _loss,
    "scaf_data_filter": _data_filter,
    "scaf_exempt_steps": _exempt_steps,
}
RENAMED = {"dual_clip_c": "dual_clip"}
