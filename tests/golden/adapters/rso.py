"""RSO: rejection sampling, pairs, and the losses."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from jurybox.rewards.preferences import (
    acceptance_probabilities,
    first_round_pairs,
    pointwise_reward_from_pairwise,
    rejection_sample,
    tournament_pairs,
)
from jurybox.trainers.rso import rso_loss, slic_loss

from ..case import Case


def _rejection_sample(case: Case) -> dict[str, Any]:
    rewards, beta = case["rewards"], case.params["beta"]
    accepted = rejection_sample(rewards, case.params["num_samples"], beta, case["uniforms"])
    probabilities = acceptance_probabilities(rewards, beta)
    return {
        "accepted_indices_in_order": accepted.indices,
        "uniforms_consumed": accepted.uniforms,
        "passes": accepted.passes,
        "first_pass_accept_prob": probabilities,
        "first_pass_expected_acceptance_rate": fmean(probabilities),
    }


def _form_pairs(case: Case) -> dict[str, Any]:
    matrix, order = case["preference_matrix"], case["order"]

    def beats(i: int, j: int) -> bool:
        return matrix[i][j] >= 0.5

    tournament = tournament_pairs(order, beats)
    return {
        "first_round_pairs": [list(pair) for pair in first_round_pairs(order, beats)],
        "tournament_pairs": [list(pair) for pair in tournament],
        "tournament_winner": tournament[-1][0],
    }


def _pointwise_reward(case: Case) -> dict[str, Any]:
    return {"rewards": pointwise_reward_from_pairwise(case["prob_beats_baseline"])}


def _rso_loss(case: Case) -> dict[str, Any]:
    names = ("policy_chosen_logps", "policy_rejected_logps", "sft_chosen_logps", "sft_rejected_logps")
    losses = rso_loss(*map(case.tensor, names), loss=case.params["loss"], gamma=case.params["gamma"])
    return {"losses": losses, "loss": losses.mean()}


def _slic_loss(case: Case) -> dict[str, Any]:
    names = ("policy_chosen_logps", "policy_rejected_logps", "policy_reference_target_logps")
    limits = {name: case.params[name] for name in ("delta", "reg_weight")}
    losses = slic_loss(*map(case.tensor, names), **limits)
    return {"losses": losses, "loss": losses.mean()}


FUNCTIONS = {
    "form_pairs": _form_pairs,
    "pointwise_reward_from_pairwise": _pointwise_reward,
    "rejection_sample": _rejection_sample,
    "rso_loss": _rso_loss,
    "slic_loss": _slic_loss,
}
