"""DPO: the loss of pairs, from log-probabilities and from logits."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import torch

from jurybox.trainers.papers.dpo import PairLoss, dpo_loss, dpo_loss_from_logits

from ..case import Case

SIDES = ("policy_chosen", "policy_rejected", "reference_chosen", "reference_rejected")
WORDS = ("reduction", "ignore_index", "average_log_prob")  # params that restate the convention


def _params(case: Case) -> dict[str, Any]:
    return {name: value for name, value in case.params.items() if name not in WORDS}


def _plain(result: PairLoss) -> dict[str, Any]:
    return {part.name: getattr(result, part.name) for part in fields(result)}


def _loss(case: Case) -> dict[str, Any]:
    return _plain(dpo_loss(*(case.tensor(f"{side}_logps") for side in SIDES), **_params(case)))


def _from_logits(case: Case) -> dict[str, Any]:
    logits = [case.tensor(f"{side}_logits") for side in SIDES]
    labels = [torch.tensor(case[f"{side}_labels"]) for side in ("chosen", "rejected")]
    logps, result = dpo_loss_from_logits(*logits, *labels, **_params(case))
    found = {f"{side}_logps": values for side, values in zip(SIDES, logps, strict=True)}
    if result.loss.requires_grad:
        slopes = torch.autograd.grad(result.loss, logits[:2], retain_graph=True)
        for side, slope in zip(SIDES[:2], slopes, strict=True):
            found[f"grad_{side}_logits_l2"], found[f"grad_{side}_logits_first_row"] = slope.norm(), slope[0]
    return {**_plain(result), **found}


FUNCTIONS = {"dpo_loss": _loss, "dpo_loss_from_logits": _from_logits}
