"""DR-RPO: worst cases, over judges too, and the policy, planning and linear backups of the paper."""

from __future__ import annotations

from typing import Any

from jurybox.rewards.worst_case import robust_expectation, robust_judge_aggregate, robust_regularised
from jurybox.trainers.papers.dr_rpo import (
    linear_kl_backup,
    linear_tv_backup,
    mirror_policy_step,
    regularised_policy,
    robust_regularised_vi,
)

from ..case import Case


def _expectation(case: Case) -> dict[str, Any]:
    return robust_expectation(**case.inputs, **case.params)._asdict()


def _regularised(case: Case) -> dict[str, Any]:
    return {"value": robust_regularised(**case.inputs, **case.params)}


def _judge_aggregate(case: Case) -> dict[str, Any]:
    return robust_judge_aggregate(**case.inputs, **case.params)._asdict()


def _policy(case: Case) -> dict[str, Any]:
    return regularised_policy(**case.inputs, **case.params)._asdict()


def _mirror_step(case: Case) -> dict[str, Any]:
    return {"policy": mirror_policy_step(**case.inputs, **case.params)}


def _planning(case: Case) -> dict[str, Any]:
    return robust_regularised_vi(**case.inputs, **case.params)._asdict()


def _linear_tv(case: Case) -> dict[str, Any]:
    return linear_tv_backup(**case.inputs, **case.params)._asdict()


def _linear_kl(case: Case) -> dict[str, Any]:
    return {"w": linear_kl_backup(**case.inputs, **case.params)}


FUNCTIONS = {
    "linear_kl_backup": _linear_kl,
    "linear_tv_backup": _linear_tv,
    "mirror_policy_step": _mirror_step,
    "regularised_policy": _policy,
    "robust_expectation": _expectation,
    "robust_judge_aggregate": _judge_aggregate,
    "robust_regularised": _regularised,
    "robust_regularised_vi": _planning,
}
