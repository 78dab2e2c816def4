"""TSPO: the agent's logits, which frames are drawn, what they earn, and the loss of a group."""

from __future__ import annotations

from typing import Any

import torch

from jurybox.trainers.papers.tspo import (
    TemporalAgent,
    accuracy,
    general,
    gumbel_topk,
    inference_select,
    needle,
    tau_schedule,
    temporal,
    tspo_loss,
    window_mask,
)

from ..case import Case


def _agent_scores(case: Case) -> dict[str, Any]:
    params = dict(case.params)
    tau = params.pop("score_tau")
    frames = case.tensor("frames")
    agent = TemporalAgent(frames.shape[1], **params).double()
    agent.load_state_dict({name: torch.tensor(value, dtype=torch.float64) for name, value in case["weights"].items()})
    logits = agent(frames, case.tensor("text"), case.tensor("clip_scores"), tau)
    mask = window_mask(len(frames), params["window_size"])
    return {"window_mask": mask.tolist(), "logits": logits, "logprobs": logits.log_softmax(-1)}


def _gumbel_topk(case: Case) -> dict[str, Any]:
    logits = case.tensor("logits")
    selected = gumbel_topk(logits, case.tensor("gumbel"), **case.params)
    return {"selected_sorted": selected.tolist(), "logprobs": logits.log_softmax(-1)}


def _tspo_loss(case: Case) -> dict[str, Any]:
    loss, advantages = tspo_loss(case.tensor("logits"), torch.tensor(case["selected"]), case.tensor("rewards"))
    return {"loss": loss, "advantages": advantages}


def _temporal_reward(case: Case) -> dict[str, Any]:
    selected = case["selected"]
    masks = [case["relevant_mask"]] * len(selected)
    return {"rewards": temporal(completions=[""] * len(selected), selected=selected, relevant_mask=masks)}


def _accuracy_reward(case: Case) -> dict[str, Any]:
    return {"rewards": accuracy(completions=case["completions"], solution=case["solutions"])}


def _combine_reward(case: Case) -> dict[str, Any]:
    kind = {"specific": needle, "general": general}[case["type"]]
    rewards = []
    for right, share in zip(case["accuracy"], case["temporal"], strict=True):
        frames = 1000  # a selection of which so many are relevant that their share is the one that is asked for
        mask = [int(place < round(share * frames)) for place in range(frames)]
        columns = {"solution": "a", "selected": list(range(frames)), "relevant_mask": mask}
        rewards.append(kind.verdict("a" if right else "b", **columns).score)
    return {"reward": rewards}


def _tau_schedule(case: Case) -> dict[str, Any]:
    return {"tau": [tau_schedule(step, **case.params) for step in case["step"]]}


def _window_mask(case: Case) -> dict[str, Any]:
    return {"mask": window_mask(case["T"], case["window_size"]).tolist()}


def _inference_select(case: Case) -> dict[str, Any]:
    return {"selected": inference_select(case.tensor("logits"), **case.params).tolist()}


FUNCTIONS = {
    "accuracy_reward": _accuracy_reward,
    "agent_scores": _agent_scores,
    "combine_reward": _combine_reward,
    "gumbel_topk": _gumbel_topk,
    "inference_select": _inference_select,
    "tau_schedule": _tau_schedule,
    "temporal_reward": _temporal_reward,
    "tspo_loss": _tspo_loss,
    "window_mask": _window_mask,
}
