"""BGPO: the bound beside the objective it bounds, the clipped loss, the estimate of the ELBO, its maskings."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.papers.bgpo import (
    bgpo_bound,
    bgpo_clipped_loss,
    elbo_ratio_objective,
    mc_elbo,
    stratified_mask_counts,
)

from ..case import Case


def _bgpo_bound(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("old_elbo", "new_elbo", "advantages")]
    found, bounded = bgpo_bound(*tensors), elbo_ratio_objective(*tensors)
    return {
        "per_sample_terms": found.terms,
        "objective": found.objective,
        "loss": found.loss,
        "elbo_ratio_objective": bounded,
        "elbo_ratio_loss": -bounded,
    }


def _bgpo_clipped_loss(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("old_elbo", "new_elbo", "advantages")]
    return {"loss": bgpo_clipped_loss(*tensors, **case.params)}


def _mc_elbo(case: Case) -> dict[str, Any]:
    found = mc_elbo(case.tensor("token_logps"), case.tensor("masks"), **case.params)
    return {"per_sample": found.per_sample, "elbo": found.elbo}


def _stratified_mask_counts(case: Case) -> dict[str, Any]:
    counts = stratified_mask_counts(case["k"], **case.params)
    return {"counts": counts, "p_mask": [count / case.params["L"] for count in counts]}


FUNCTIONS = {
    "bgpo_bound": _bgpo_bound,
    "bgpo_clipped_loss": _bgpo_clipped_loss,
    "mc_elbo": _mc_elbo,
    "stratified_mask_counts": _stratified_mask_counts,
}
