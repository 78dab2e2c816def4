"""CapTAIN: fares, stops, masks and departures of the simulator; layer, decoder and masked loss of the policy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jurybox.judges.fleet import action_mask, departures, fare, flight_profit, stay
from jurybox.trainers.papers.uam_fleet import graph_capsule_layer, masked_ppo_loss, mha_decoder

from ..case import Case


def _by_row(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[[Case], dict[str, Any]]:
    """An adapter of a function of one row: the file has lists of rows, and of numbers by name."""

    def adapter(case: Case) -> dict[str, Any]:
        results = [function(**row, **case.params) for row in case["rows"]]
        return {name: [getattr(result, name) for result in results] for name in names}

    return adapter


def _mask(case: Case) -> dict[str, Any]:
    return {"mask": action_mask(**case.inputs, **case.params)}


def _departures(case: Case) -> dict[str, Any]:
    requests = [tuple(request[name] for name in ("ready", "delay", "origin", "dest")) for request in case["requests"]]
    return {"departure": departures(requests, **case.params)}


def _capsule(case: Case) -> dict[str, Any]:
    names = ("X", "W_embed", "b_embed", "W_p", "b_p", "W_out", "b_out")
    slope = float(case.params.get("activation", "leaky_relu 0.01").split()[-1])
    return graph_capsule_layer(*map(case.tensor, names), slope=slope)._asdict()


def _decoder(case: Case) -> dict[str, Any]:
    names = ("query", "keys", "values", "W_out", "logit_keys", "mask")
    return mha_decoder(*map(case.tensor, names), **case.params)._asdict()


def _loss(case: Case) -> dict[str, Any]:
    logits, mask = case.tensor("logits"), case.tensor("mask")
    old = map(case.tensor, ("old_logp", "advantage"))
    return vars(masked_ppo_loss(logits, mask, case.tensor("action").long(), *old, **case.params))


FUNCTIONS = {
    "action_mask": _mask,
    "departures": _departures,
    "fare": _by_row(fare, ("base_rate", "demand_factor", "fare")),
    "flight_profit": _by_row(flight_profit, ("passengers", "profit")),
    "graph_capsule_layer": _capsule,
    "masked_ppo_loss": _loss,
    "mha_decoder": _decoder,
    "stay": _by_row(stay, ("battery", "reward")),
}
