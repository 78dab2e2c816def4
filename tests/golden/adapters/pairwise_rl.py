"""Pairwise-RL: reward model, reward, pairwise PPO and calibration."""

from __future__ import annotations

from typing import Any

from jurybox.judges.pairwise import expected_calibration_error, p_win_of_logits
from jurybox.rewards import pairwise_reward
from jurybox.trainers.pairwise import pairwise_ppo_advantages, pairwise_ppo_loss, pairwise_rm_loss

from ..case import Case


def _rm_loss(case: Case) -> dict[str, Any]:
    logits = {name: case.tensor(name) for name in case.inputs}
    return vars(pairwise_rm_loss(**logits, consistency_weight=case.params["consistency_weight"]))


def _reward(case: Case) -> dict[str, Any]:
    options = {"clip": case.params["clip"], "form": case.params["form"], "swap_average": case.params["swap_average"]}
    orders = zip(case["p_response_first_beats_anchor"], case["p_anchor_first_beats_response"], strict=True)
    return _columns(pairwise_reward(p12, p21, **options) for p12, p21 in orders)


def _logit_debiased(case: Case) -> dict[str, Any]:
    margins = zip(case["logit_margin_original"], case["logit_margin_swapped"], strict=True)
    return _columns(p_win_of_logits(s12, s21) for s12, s21 in margins)


def _ppo_advantages(case: Case) -> dict[str, Any]:
    names = ("logps", "ref_logps", "values", "terminal_reward", "mask")
    return vars(pairwise_ppo_advantages(*map(case.tensor, names), **case.params))


def _ppo_loss(case: Case) -> dict[str, Any]:
    tensors = {name: case.tensor(name) for name in case.inputs}
    limits = {name: value for name, value in case.params.items() if name != "aggregation"}  # there is one: token mean
    return vars(pairwise_ppo_loss(**tensors, **limits))


def _ece(case: Case) -> dict[str, Any]:
    return vars(expected_calibration_error(case["probabilities"], case["outcomes"], case.params["num_bins"]))


def _columns(rows: Any) -> dict[str, Any]:
    rows = [vars(row) for row in rows]
    return {name: [row[name] for row in rows] for name in rows[0]}


FUNCTIONS = {
    "expected_calibration_error": _ece,
    "pairwise_logit_debiased": _logit_debiased,
    "pairwise_ppo_advantages": _ppo_advantages,
    "pairwise_ppo_loss": _ppo_loss,
    "pairwise_reward": _reward,
    "pairwise_rm_loss": _rm_loss,
}
