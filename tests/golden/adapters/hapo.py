"""HAPO: the length reward with its weight, the reward over batches with its history, and GRPO's advantages."""

from __future__ import annotations

from typing import Any

from jurybox.judges import judge
from jurybox.rewards import HAPO, length_reward, repetition_penalty
from jurybox.trainers.grpo import grpo_advantages
from jurybox.trainers.objectives import consecutive_groups

from ..case import Case


@judge
def said_correct(completion: str, correct: bool) -> bool:
    """What the row says."""
    return correct


RENAMED = {"length": "number of tokens", "seq_len": "number of tokens", "tolerance_ratio": "tolerance"}


def _length_reward(case: Case) -> dict[str, Any]:
    rows = zip(case["seq_len"], case["history_len"], case["is_correct"], strict=True)
    return {"r_len": [length_reward(n, h, right, **_settings(case)) for n, h, right in rows]}


def _combined_reward_sequence(case: Case) -> dict[str, Any]:
    reward = HAPO(said_correct, **_settings(case))
    rewards, history_after = [], []
    seen: dict[int | str, None] = {}
    for batch in case["batches"]:
        columns = {"problem_id": batch["problem_id"], "correct": batch["correct"]}
        ids = [list(range(counted(length))) for length in batch["length"]]
        rewards.append(reward(completions=[""] * len(ids), completion_ids=ids, **columns))
        seen.update(dict.fromkeys(batch["problem_id"]))
        history_after.append({str(problem): reward.history.h(problem, reward.mode) for problem in seen})
    return {"rewards": rewards, "history_after": history_after}


def counted(n: Any) -> int:
    """A number of tokens; ours count them, so that a wrong number is told by the length reward alone."""
    length_reward(n, None, True)
    return int(n)


def _settings(case: Case) -> dict[str, Any]:
    return {RENAMED.get(name, name): value for name, value in case.params.items()}


def _repetition_penalty(case: Case) -> dict[str, Any]:
    return {"r_rep": [repetition_penalty(tokens, **case.params) for tokens in case["tokens"]]}


def _grpo_advantage(case: Case) -> dict[str, Any]:
    rewards, params = case.tensor("rewards"), dict(case.params)
    groups = consecutive_groups(len(rewards), params.pop("num_generations"))
    return {"advantages": grpo_advantages(rewards, groups, **params)}


FUNCTIONS = {
    "combined_reward_sequence": _combined_reward_sequence,
    "grpo_advantage": _grpo_advantage,
    "length_reward": _length_reward,
    "repetition_penalty": _repetition_penalty,
}
