"""CORAG: the search in both forms, what it has to beat, its utility, and the agent's loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from jurybox.trainers.papers.corag import (
    Found,
    Settings,
    agent_loss,
    exhaustive,
    greedy,
    mcts_search,
    node_utility,
    top_k,
)

from ..case import Case


def _score(case: Case) -> Any:
    table = case["scores"]

    def score(orders: Sequence[tuple[int, ...]]) -> list[float | None]:
        return [table.get(",".join(map(str, order))) for order in orders]

    return score


def _mcts_search(case: Case) -> dict[str, Any]:
    params = dict(case.params)
    budget = params.pop("budget")
    found = mcts_search(_score(case), case["costs"], budget, Settings(**params))
    root = found.root
    assert root is not None
    return {
        "best_order": list(found.order),
        "best_score": found.score,
        "best_cost": found.cost,
        "scored": found.scored,
        "root_visits": root.visits,
        "children": [
            {"chunk": child.order[0], "visits": child.visits, "total": child.total, "score": child.score}
            for child in root.children or ()
        ],
    }


def _baselines(case: Case) -> dict[str, Any]:
    def said(found: Found) -> dict[str, Any]:
        return {"best_order": list(found.order), "best_score": found.score}

    methods = {"exhaustive": exhaustive, "top_k": top_k, "greedy": greedy}
    return {name: said(method(_score(case), case["costs"], **case.params)) for name, method in methods.items()}


def _node_utility(case: Case) -> dict[str, Any]:
    return {"utility": node_utility(**case.inputs, **case.params)}


def _agent_loss(case: Case) -> dict[str, Any]:
    # The authors' trainer passes the class logits as features too.
    out = tuple(case.tensor(f"logits{n}", gradient=f"out{n}") for n in (1, 2))
    classes = tuple(torch.tensor(case[f"class{n}"]) for n in (1, 2))
    params, targets = (tuple(case.tensor(f"{name}{n}") for n in (1, 2)) for name in ("params", "target"))
    return {"loss": agent_loss(out, torch.tensor(case["different"]), out, classes, params, targets, **case.params)}


FUNCTIONS = {
    "mcts_search": _mcts_search,
    "baselines": _baselines,
    "node_utility": _node_utility,
    "agent_loss": _agent_loss,
}
