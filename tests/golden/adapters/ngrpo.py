"""NGRPO: calibrated advantages, the clipped loss and the group filter."""

from __future__ import annotations

from typing import Any

from jurybox.trainers.papers.ngrpo import ngrpo_advantage, ngrpo_filter, ngrpo_loss

from ..case import Case


def _ngrpo_advantage(case: Case) -> dict[str, Any]:
    return {"advantages": ngrpo_advantage(case.tensor("rewards"), case.ids("group_ids"), **case.params)}


def _ngrpo_loss(case: Case) -> dict[str, Any]:
    names = ("log_prob", "old_log_prob", "mask", "advantages")
    limits = {name: value for name, value in case.params.items() if name != "aggregation"}  # there is one: token-mean
    loss, clip_fraction = ngrpo_loss(*map(case.tensor, names), **limits)
    return {"loss": loss, "clip_fraction": clip_fraction}


def _ngrpo_filter(case: Case) -> dict[str, Any]:
    return {"keep": ngrpo_filter(case.tensor("rewards"), case.ids("group_ids"), **case.params)}


FUNCTIONS = {"ngrpo_advantage": _ngrpo_advantage, "ngrpo_filter": _ngrpo_filter, "ngrpo_loss": _ngrpo_loss}
