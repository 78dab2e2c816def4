"""C-MORL: metrics of fronts, selection, and the two stages."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.papers.c_morl import (
    assign_policy,
    barrier_reward_weights,
    crowding_distance,
    expected_utility,
    hypervolume,
    initial_weights,
    ipo_loss,
    pareto_indices,
    scalarised_gae,
    select_by_crowding,
    simplex_grid,
    sparsity,
)

from ..case import Case

INFORMATIVE = {"n_weights_official_float_bug"}
UNORDERED = {"selected"}  # infinite distances tie


def _pareto_indices(case: Case) -> dict[str, Any]:
    return {"indices_sorted_by_first_objective": pareto_indices(case["objs"], case["ref_point"]).tolist()}


def _hypervolume(case: Case) -> dict[str, Any]:
    return {"hv": hypervolume(case["objs"], case["ref_point"])}


def _expected_utility(case: Case) -> dict[str, Any]:
    return {"eu": expected_utility(case["objs"], case.params.get("weights"))}


def _sparsity(case: Case) -> dict[str, Any]:
    return {"sp": sparsity(case["objs"])}


def _crowding_distance(case: Case) -> dict[str, Any]:
    return {"distance": crowding_distance(case["objs"]).tolist()}


def _select_by_crowding(case: Case) -> dict[str, Any]:
    found = select_by_crowding(case["rounds"], case["ref_point"], case.params["n_select"], case.params["buffer"])
    return {"rounds": [vars(round) for round in found]}


def _initial_weights(case: Case) -> dict[str, Any]:
    return {"weights": initial_weights(case.params["m"], case.params["delta"]).tolist()}


def _simplex_grid(case: Case) -> dict[str, Any]:
    return {"n_weights_exact": len(simplex_grid(case.params["m"], case.params["delta"]))}


def _scalarised_gae(case: Case) -> dict[str, Any]:
    names = ("rewards", "values", "next_value", "not_done", "weights")
    return vars(scalarised_gae(*map(case.tensor, names), **_without(case, "std")))


def _ipo_loss(case: Case) -> dict[str, Any]:
    names = ("logp", "old_logp", "advantage", "returns", "parent_value")
    return vars(ipo_loss(*map(case.tensor, names), case["objective"], **case.params))


def _assign_policy(case: Case) -> dict[str, Any]:
    return {"index": assign_policy(case["objs"], case["weights"]).tolist()}


def _barrier_reward_weights(case: Case) -> dict[str, Any]:
    tensors = (case.tensor("rewards"), case["objective"], case.tensor("parent_value"))
    return vars(barrier_reward_weights(*tensors, **_without(case, "std")))


def _without(case: Case, told: str) -> dict[str, Any]:
    """Parameters without one that only says what is always so."""
    return {name: value for name, value in case.params.items() if name != told}


FUNCTIONS = {
    "assign_policy": _assign_policy,
    "barrier_reward_weights": _barrier_reward_weights,
    "crowding_distance": _crowding_distance,
    "expected_utility": _expected_utility,
    "hypervolume": _hypervolume,
    "initial_weights": _initial_weights,
    "ipo_loss": _ipo_loss,
    "pareto_indices": _pareto_indices,
    "scalarised_gae": _scalarised_gae,
    "select_by_crowding": _select_by_crowding,
    "simplex_grid": _simplex_grid,
    "sparsity": _sparsity,
}
