"""OGSRL: the guardian, the guarded rollout, the model of the patient, and both constrained optimisers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch

from jurybox.judges.guardian import Kernel, MinMax
from jurybox.trainers.objectives import vector_gae
from jurybox.trainers.papers.ogsrl import (
    NearestNeighbour,
    cpo_step,
    dual_ascent,
    guarded_rollout,
    lagrangian_advantage,
    lagrangian_ppo_loss,
    sepsis_safety_cost,
)

from ..case import Case

ADVANTAGES = ("adv_reward", "adv_cost", "adv_ood")


def _normalise(case: Case) -> dict[str, Any]:
    scale = MinMax.fit([case["data"][row] for row in case["train_idx"]])
    return {"normalised": scale(case["data"]).tolist()}


def _guardian(case: Case) -> dict[str, Any]:
    region = Kernel(case["train"], sigma=case.params["sigma"], alpha=case.params["alpha"])
    return {
        "train_density": region.density(case["train"]).tolist(),
        "threshold": region.threshold,
        "query_density": region.density(case["query"]).tolist(),
        "query_ood": region.outside(case["query"]).tolist(),
        "train_ood": region.outside(case["train"]).tolist(),
    }


def _rollout(case: Case) -> dict[str, Any]:
    episode = guarded_rollout(**case.inputs, **case.params)
    return asdict(episode) | {"length": episode.length}


def _safety_cost(case: Case) -> dict[str, Any]:
    return {"cost": [sepsis_safety_cost(row, **case.params) for row in case["rows"]]}


def _dual(case: Case) -> dict[str, Any]:
    return {"lambda": dual_ascent(**case.inputs, **case.params)}


def _advantage(case: Case) -> dict[str, Any]:
    return {"advantage": lagrangian_advantage(*map(case.tensor, ADVANTAGES), **case.params)}


def _ppo_loss(case: Case) -> dict[str, Any]:
    tensors = map(case.tensor, ("logp", "old_logp", *ADVANTAGES))
    return {"loss": lagrangian_ppo_loss(*tensors, **case.params)}


def _cpo(case: Case) -> dict[str, Any]:
    return vars(cpo_step(case.tensor("g"), case.tensor("b"), case["c"], case.tensor("H"), **case.params))


def _neighbour(case: Case) -> dict[str, Any]:
    found = NearestNeighbour(case["keys"], case["next_states"])(case["query"])
    return {name: values.tolist() for name, values in vars(found).items()}


def _gae(case: Case) -> dict[str, Any]:
    reward, value, next_value, done, end = (
        case.tensor(name) for name in ("reward", "value", "next_value", "done", "episode_end")
    )
    columns = (each.reshape(-1, 1, 1) for each in (reward, value, torch.where(done > 0, 0.0, next_value)))
    return {"advantage": vector_gae(*columns, end.reshape(-1, 1) > 0, **case.params).adv.flatten()}


FUNCTIONS = {
    "cpo_step": _cpo,
    "dual_ascent": _dual,
    "gae": _gae,
    "guarded_rollout": _rollout,
    "kde_guardian": _guardian,
    "lagrangian_advantage": _advantage,
    "lagrangian_ppo_loss": _ppo_loss,
    "minmax_normalise": _normalise,
    "nn_transition": _neighbour,
    "sepsis_safety_cost": _safety_cost,
}
