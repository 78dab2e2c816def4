"""POAD: BAD advantages, the loss of tokens, the critic's."""

from __future__ import annotations

from typing import Any

import torch

from jurybox.trainers.papers.poad import bad_gae, token_ppo_loss, token_value_loss

from ..case import Case


def _bad_gae(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("rewards", "values", "token_mask")]
    found = bad_gae(*tensors, torch.tensor(case["dones"]), case.tensor("bootstrap_value"), **case.params)
    return {"advantages": found.adv, "returns": found.tdlamret}


def _token_ppo_loss(case: Case) -> dict[str, Any]:
    names = ("old_logps", "logps", "advantages_raw", "token_mask", "entropies")
    found = token_ppo_loss(*(case.tensor(name) for name in names), **case.params)
    return {
        "normalised_advantages": found.advantages,
        "loss": found.loss,
        "approx_kl": found.approx_kl,
        "entropy": found.entropy,
    }


def _token_value_loss(case: Case) -> dict[str, Any]:
    names = ("values", "old_values", "returns", "token_mask")
    return {"loss": token_value_loss(*(case.tensor(name) for name in names), **case.params)}


FUNCTIONS = {"bad_gae": _bad_gae, "token_ppo_loss": _token_ppo_loss, "token_value_loss": _token_value_loss}
