"""SRPO: what failures earn, where successes lie, advantages and the loss."""

from __future__ import annotations

from typing import Any

from jurybox.rewards.self_reference.centres import success_centres
from jurybox.rewards.self_reference.shaping import self_reference_reward
from jurybox.trainers.papers.srpo import clipped_policy_loss, group_advantage

from ..case import Case


def _self_reference_reward(case: Case) -> dict[str, Any]:
    said = self_reference_reward(case["embeddings"], case["success"], case["task_ids"], **case.params)
    return {name: getattr(said, name) for name in case.expected}


def _success_centres(case: Case) -> dict[str, Any]:
    found = success_centres(case["embeddings"], **case.params)
    return {"labels": found.labels.tolist(), "centres": found.centres.tolist()}


def _group_advantage(case: Case) -> dict[str, Any]:
    return {"advantages": group_advantage(case.tensor("rewards"), case.ids("group_ids"), **case.params)}


def _clipped_policy_loss(case: Case) -> dict[str, Any]:
    params = dict(case.params)
    # What the function has no parameters for, because it is always so; mask_eps is within the tolerance.
    assert (params.pop("aggregation"), params.pop("log_ratio_clamp")) == ("token-mean", 20.0)
    assert params.pop("mask_eps") <= 1e-8
    advantages = case.tensor("advantages")
    assert (advantages == advantages[:, :1]).all()
    said = clipped_policy_loss(
        case.tensor("log_prob"), case.tensor("old_log_prob"), advantages[:, 0], case.tensor("mask"), **params
    )
    return {name: getattr(said, name) for name in ("loss", "clip_fraction", "approx_kl")}


FUNCTIONS = {
    "self_reference_reward": _self_reference_reward,
    "success_centres": _success_centres,
    "group_advantage": _group_advantage,
    "clipped_policy_loss": _clipped_policy_loss,
}
