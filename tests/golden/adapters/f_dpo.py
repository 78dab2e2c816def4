"""f-DPO: the loss of pairs under four divergences, and the policy that it aims at."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from jurybox.trainers.papers.f_dpo import fdpo_loss, fdpo_optimal_policy

from ..case import Case

SIDES = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")


def _params(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.params.items() if name != "reduction"}


def _plain(result: Any) -> dict[str, Any]:
    return {part.name: getattr(result, part.name) for part in fields(result)}


def _loss(case: Case) -> dict[str, Any]:
    return _plain(fdpo_loss(*(case.tensor(f"{side}_logps") for side in SIDES), **_params(case)))


def _optimum(case: Case) -> dict[str, Any]:
    result = fdpo_optimal_policy(case.tensor("rewards"), case.tensor("reference_probs"), **_params(case))
    return {**_plain(result), "optimal_probs": result.probs}


FUNCTIONS = {"fdpo_loss": _loss, "fdpo_optimal_policy": _optimum}
