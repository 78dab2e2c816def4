"""VULPO: the whole way from text, token ids and options to the parts of the reward; advantages; pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jurybox.judges.vulnerability import (
    ROOT_CAUSE,
    SPECIFICATION,
    RuleVulnerabilityJudge,
    Scheme,
    format_valid,
    pair_metrics,
)
from jurybox.rewards import RewardVerdict, vulnerability_reward
from jurybox.trainers.objectives import consecutive_groups
from jurybox.trainers.papers.vulpo import vulpo_advantages

from ..case import Case

END = 1
RENAMED = {"lambda": "lam", "scale_rewards": "scale", "label_weight": "weight_"}


def _reward(case: Case, scheme: Scheme, preset: Any) -> dict[str, Any]:
    options = {dimension: case[dimension] for dimension in scheme.dimensions}
    judge = RuleVulnerabilityJudge(lambda sample: {name: sample[name] for name in options}, scheme, end=END)
    reward = vulnerability_reward(judge, preset)
    verdicts = reward.verdicts(
        [("<think></think>" if valid else "") + "NO_VUL" for valid in case["format_valid"]],
        completion_ids=[[0 if truncated else END] for truncated in case["truncated"]],
        is_vulnerable=case["vulnerable"],
        **options,
    )
    found: dict[str, Any] = {"total": [verdict.score for verdict in verdicts]}
    for place, name in enumerate(reward.part_names):
        found[name] = [_score(verdict, place) for verdict in verdicts]
    return found


def _score(verdict: Any, place: int) -> float | None:
    parts: Sequence[Any] = verdict.parts if isinstance(verdict, RewardVerdict) else ()
    return parts[place].score


def _specification_reward(case: Case) -> dict[str, Any]:
    return _reward(case, SPECIFICATION, case.params.get("preset", "asymmetric"))


def _root_cause_reward(case: Case) -> dict[str, Any]:
    return _reward(case, ROOT_CAUSE, "root_cause")


def _format_valid(case: Case) -> dict[str, Any]:
    return {"valid": [format_valid(text) for text in case["text"]]}


def _advantage(case: Case) -> dict[str, Any]:
    total, params = case.tensor("total"), dict(case.params)
    size = params.pop("num_generations")
    for label, weight in params.pop("label_weight", {}).items():
        params[f"weight_{label}"] = weight
    renamed = {RENAMED.get(name, name): value for name, value in params.items()}
    result = vulpo_advantages(
        total,
        case.tensor("prediction"),
        case.tensor("vulnerable").bool(),
        consecutive_groups(len(total), size),
        **renamed,
    )
    return {
        "advantage": result.advantages,
        "group_correct_ratio": result.correct_ratio[::size],
        "sample_weight": result.sample_weight[::size],
    }


def _pair_metrics(case: Case) -> dict[str, Any]:
    return pair_metrics(case["vulnerable_correct"], case["patched_flagged"])


FUNCTIONS = {
    "advantage": _advantage,
    "format_valid": _format_valid,
    "pair_metrics": _pair_metrics,
    "root_cause_reward": _root_cause_reward,
    "specification_reward": _specification_reward,
}
