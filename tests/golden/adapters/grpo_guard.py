"""GRPO-Guard: the SDE step, both losses and the advantages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jurybox.trainers.diffusion.advantages import group_advantage
from jurybox.trainers.diffusion.sde import sde_step
from jurybox.trainers.diffusion.step_loss import StepLoss
from jurybox.trainers.papers.grpo_guard.losses import flow_grpo_loss, guard_loss

from ..case import Case

LOSS_INPUTS = ("x", "prev_sample", "v", "log_prob_old", "mean_old", "advantages")


def _sde_step(case: Case) -> dict[str, Any]:
    return vars(sde_step(*map(case.tensor, ("x", "v", "noise")), **case.params))


def _loss(function: Callable[..., StepLoss]) -> Callable[[Case], dict[str, Any]]:
    def adapter(case: Case) -> dict[str, Any]:
        result = function(*map(case.tensor, LOSS_INPUTS), **case.params)
        return {**vars(result), "loss": result.loss}

    return adapter


def _group_advantage(case: Case) -> dict[str, Any]:
    return {"advantages": group_advantage(case["prompts"], case.tensor("rewards"), **case.params)}


FUNCTIONS = {
    "flow_grpo_loss": _loss(flow_grpo_loss),
    "group_advantage": _group_advantage,
    "guard_loss": _loss(guard_loss),
    "sde_step": _sde_step,
}
