"""AdaptThink: advantages, the loss with its first token corrected, the split of a group, the gate."""

from __future__ import annotations

from typing import Any

import torch

from jurybox.trainers.papers.adaptthink import advantage, format_ok, policy_loss, rollout_split

from ..case import Case


def _advantage(case: Case) -> dict[str, Any]:
    no_thinking = torch.tensor(case["no_thinking"])
    return {"advantage": advantage(case.tensor("correct"), no_thinking, case.tensor("ref_accuracy"), **case.params)}


def _policy_loss(case: Case) -> dict[str, Any]:
    tensors = [case.tensor(name) for name in ("logp", "old_logp", "advantage", "mask")]
    loss, ratio = policy_loss(*tensors, torch.tensor(case["no_thinking"]), **case.params)
    return {"loss": loss, "ratio": ratio}


def _rollout_split(case: Case) -> dict[str, Any]:
    return {"n_no_thinking": [rollout_split(n, **case.params) for n in case.inputs["n"]]}


def _format_ok(case: Case) -> dict[str, Any]:
    return {"ok": [format_ok(text) for text in case.inputs["text"]]}


FUNCTIONS = {
    "advantage": _advantage,
    "policy_loss": _policy_loss,
    "rollout_split": _rollout_split,
    "format_ok": _format_ok,
}
