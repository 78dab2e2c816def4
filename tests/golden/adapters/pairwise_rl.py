"""Pairwise-RL: reward model, reward, pairwise PPO and calibration."""

from __future__ import annotations

from typing import Any

from jurybox.judges.pairwise import expected_calibration_error, p_win_of_logits
from jurybox.rewards import pairwise_reward
from jurybox.trainers.papers.pairwise_rl import pairwise_ppo_advantages, pairwise_ppo_loss, pairwise_rm_loss

from ..case import Case

WORDS = ("aggregation", "bin_rule", "reduction")  # params that restate the convention


def _options(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.params.items() if name not in WORDS}


def _rm_loss(case: Case) -> dict[str, Any]:
    logits = {name: case.tensor(name) for name, values in case.inputs.items() if values is not None}
    return vars(pairwise_rm_loss(**logits, **_options(case)))


def _reward(case: Case) -> dict[str, Any]:
    first = case["p_response_first_beats_anchor"]
    orders = zip(first, case.inputs.get("p_anchor_first_beats_response") or [None] * len(first), strict=True)
    rows = [pairwise_reward(p12, p21, **_options(case)) for p12, p21 in orders]
    return {"p_win": [row.p_win for row in rows], "reward": [row.reward for row in rows]}


def _logit_debiased(case: Case) -> dict[str, Any]:
    margins = zip(case["logit_margin_original"], case["logit_margin_swapped"], strict=True)
    rows = [p_win_of_logits(s12, s21) for s12, s21 in margins]
    return {"margin": [row.margin for row in rows], "p_win": [row.p_win for row in rows]}


def _ppo_advantages(case: Case) -> dict[str, Any]:
    names = ("logps", "ref_logps", "values", "terminal_reward", "mask")
    return vars(pairwise_ppo_advantages(*map(case.tensor, names), **_options(case)))


def _ppo_loss(case: Case) -> dict[str, Any]:
    tensors = {name: case.tensor(name) for name in case.inputs}
    return vars(pairwise_ppo_loss(**tensors, **_options(case)))


def _ece(case: Case) -> dict[str, Any]:
    return vars(expected_calibration_error(case["probabilities"], case["outcomes"], **_options(case)))


FUNCTIONS = {
    "expected_calibration_error": _ece,
    "pairwise_logit_debiased": _logit_debiased,
    "pairwise_ppo_advantages": _ppo_advantages,
    "pairwise_ppo_loss": _ppo_loss,
    "pairwise_reward": _reward,
    "pairwise_rm_loss": _rm_loss,
}
