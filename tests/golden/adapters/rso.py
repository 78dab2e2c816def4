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
from jurybox.trainers.papers.rso import rso_loss, slic_loss

from ..case import Case

WORDS = ("accept_if", "reduction")  # params that restate the convention


def _options(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.params.items() if name not in WORDS}


def _rejection_sample(case: Case) -> dict[str, Any]:
    rewards, beta = case["rewards"], case.params["beta"]
    accepted = rejection_sample(rewards, rng=case["uniforms"], **_options(case))
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
        "tournament_winner": tournament[-1][0] if tournament else order[0],
    }


def _pointwise_reward(case: Case) -> dict[str, Any]:
    return {"rewards": pointwise_reward_from_pairwise(case["prob_beats_baseline"])}


def _rso_loss(case: Case) -> dict[str, Any]:
    names = ("policy_chosen_logps", "policy_rejected_logps", "sft_chosen_logps", "sft_rejected_logps")
    logps = {name: case.tensor(name) for name in names if case.inputs.get(name) is not None}
    losses = rso_loss(**logps, **_options(case))
    return {"losses": losses, "loss": losses.mean()}


def _slic_loss(case: Case) -> dict[str, Any]:
    names = ("policy_chosen_logps", "policy_rejected_logps", "policy_reference_target_logps")
    losses = slic_loss(*map(case.tensor, names), **_options(case))
    return {"losses": losses, "loss": losses.mean()}


FUNCTIONS = {
    "form_pairs": _form_pairs,
    "pointwise_reward_from_pairwise": _pointwise_reward,
    "rejection_sample": _rejection_sample,
    "rso_loss": _rso_loss,
    "slic_loss": _slic_loss,
}
