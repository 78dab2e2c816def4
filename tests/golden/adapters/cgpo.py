"""CGPO: the three optimizers and their selections; −1 is the project's "none", NaN its "missing"."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from jurybox.judges.llm.label import likeliest
from jurybox.judges.mixture import combine
from jurybox.trainers.papers.cgpo import (
    codpo_loss,
    codpo_select,
    crpg,
    crpg_loss,
    crraft_loss,
    crraft_select,
    multi_task_loss,
    sequence_logps,
)

from ..case import Case


def _crpg(case: Case) -> dict[str, Any]:
    names = ("rewards", "baseline_rewards", "satisfied", "logp_policy", "logp_ref")
    result = crpg(*map(case.tensor, names), **case.params)
    missing = ("calibrated", "constraint_regularized", "regularized")
    found: dict[str, Any] = {name: _none_for_nan(getattr(result, name)) for name in missing}
    found |= {"kl_factor": result.kl_factor, "advantages": result.advantages, "num_used": result.num_used}
    if "log_prob" in case.inputs:
        logp = sequence_logps(case.tensor("log_prob"), case.tensor("mask"))
        found["loss"] = crpg_loss(result.advantages, logp, result.num_used)
    return found


def _codpo_select(case: Case) -> dict[str, Any]:
    chosen, rejected = codpo_select(case.tensor("rewards"), case.tensor("satisfied"), **case.params)
    return {"chosen": _none_for_minus_one(chosen), "rejected": _none_for_minus_one(rejected)}


def _codpo_loss(case: Case) -> dict[str, Any]:
    masks = {side: case.tensor(f"{side}_mask") for side in ("chosen", "rejected")}
    logps = [
        sequence_logps(case.tensor(f"{side}_{kind}", gradient=side if kind == "log_prob" else ""), masks[side])
        for kind in ("log_prob", "ref_log_prob")
        for side in ("chosen", "rejected")
    ]
    result = codpo_loss(*logps, masks["chosen"].sum(-1), case.tensor("kept"), **case.params)
    return {"loss": result.loss, "per_pair_loss": result.per_pair_loss, "margin": result.margin}


def _crraft_select(case: Case) -> dict[str, Any]:
    names = ("rewards", "satisfied", "seq_log_ratio", "baseline_rewards", "baseline_satisfied")
    choice = crraft_select(*map(case.tensor, names), **case.params)
    return {
        "chosen": _none_for_minus_one(choice.chosen),
        "use_baseline": choice.use_baseline,
        "weights": choice.weights,
    }


def _crraft_loss(case: Case) -> dict[str, Any]:
    logp = sequence_logps(case.tensor("log_prob"), case.tensor("mask"))
    return {"loss": crraft_loss(logp, case.tensor("weights"), **case.params)}


def _multi_task_loss(case: Case) -> dict[str, Any]:
    return {"loss": multi_task_loss(case.tensor("task_losses"), case.tensor("task_weights"))}


def _llm_judge_decision(case: Case) -> dict[str, Any]:
    pairs = zip(case["p_negative"], case["p_positive"], strict=True)
    labels = {"negative": 0.0, "positive": 1.0}
    return {"y": [labels[likeliest({"negative": n, "positive": p}, labels)] for n, p in pairs]}


def _moj_combine(case: Case) -> dict[str, Any]:
    return {"y": combine(case["judgements"], case["applies"])}


def _none_for_nan(values: Tensor) -> list[float | None]:
    return [None if math.isnan(value) else value for value in values.tolist()]


def _none_for_minus_one(columns: Tensor) -> list[int | None]:
    return [None if column < 0 else column for column in columns.tolist()]


FUNCTIONS = {
    "codpo_loss": _codpo_loss,
    "codpo_select": _codpo_select,
    "crpg": _crpg,
    "crraft_loss": _crraft_loss,
    "crraft_select": _crraft_select,
    "llm_judge_decision": _llm_judge_decision,
    "moj_combine": _moj_combine,
    "multi_task_loss": _multi_task_loss,
}
