"""Implicit-reward SFT: the losses, the values of tokens, and the tabular problem behind them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from jurybox.trainers.papers import implicit_reward as paper

from ..case import Case

WORDS = ("scale", "reduction")  # params that restate the convention


def _settings(case: Case) -> dict[str, Any]:
    return {name.replace("_V", "_v"): value for name, value in case.params.items() if name not in WORDS}


def _plain(result: Any) -> dict[str, Any]:
    return {part.name: getattr(result, part.name) for part in fields(result)}


def _sequence(case: Case) -> dict[str, Any]:
    result = paper.f_sft_loss_sequence(case.tensor("policy_logps"), case.tensor("reference_logps"), **_settings(case))
    return {**_plain(result), "weight_phi_prime": result.weight}


def _token(case: Case) -> dict[str, Any]:
    names = ("policy_token_logps", "reference_token_logps", "mask")
    return _plain(paper.f_sft_loss_token(*map(case.tensor, names), **_settings(case)))


def _values(case: Case) -> dict[str, Any]:
    logits = (case.tensor("policy_logits"), case.tensor("reference_logits"))
    return _plain(paper.token_q_v_reward(*logits, case.tensor("token_ids").long(), **_settings(case)))


def _inner(case: Case) -> dict[str, Any]:
    names = ("rewards", "reference_probs", "demonstration_probs")
    return _plain(paper.kl_regularised_inner_problem(*map(case.tensor, names), **_settings(case)))


def _matching(case: Case) -> dict[str, Any]:
    names = ("demonstration_probs", "reference_probs")
    result = paper.f_matching_optimum(*map(case.tensor, names), **_settings(case))
    return {**_plain(result), "optimal_V": result.optimal_v}


FUNCTIONS = {
    "f_matching_optimum": _matching,
    "f_sft_loss_sequence": _sequence,
    "f_sft_loss_token": _token,
    "kl_regularised_inner_problem": _inner,
    "token_q_v_reward": _values,
}
