"""Composed rewards in TRL's trainers as they are: GRPO, RLOO, and the process of asynchronous GRPO."""

from __future__ import annotations

import multiprocessing
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from seam_runs import scored_asynchronously
from seam_tiny import count_letter, vowels
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer

from jurybox.rewards import Function

REWARD = (Function(count_letter) + 0.5 * Function(vowels)).named("letters")


@pytest.mark.slow
@pytest.mark.parametrize(("trainer_class", "config"), [(GRPOTrainer, GRPOConfig), (RLOOTrainer, RLOOConfig)])
def test_trl_trains_on_a_composed_reward(trainer_class: type, config: type, build: Callable[..., Any]) -> None:
    trainer = build(trainer_class, config_class=config, reward_funcs=REWARD)
    trainer.train()
    log = trainer.state.log_history[0]
    assert log["reward"] == pytest.approx(log["rewards/letters/mean"])
    assert 0 <= log["count_letter/score"] <= 1
    assert log["grad_norm"] > 0


@pytest.mark.slow
def test_asynchronous_grpo_scores_a_composed_reward_in_its_child() -> None:
    """TRL sends the reward pickled to a spawned process and calls it there without any trainer state."""
    group = {
        "prompts": ["say e"] * 3,
        "completions": ["eee", "xe", ""],
        "completion_ids": [[5, 5, 5], [6, 5], [1]],
        "letter": ["e"] * 3,
    }
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    child = context.Process(target=scored_asynchronously, args=(pickle.dumps(REWARD), group, results))
    child.start()
    rewards, advantages = results.get(timeout=120)
    child.join(timeout=30)
    assert rewards == REWARD(**group) == [1.5, 0.75, 0.0]
    assert advantages == pytest.approx([1.2247, 0.0, -1.2247], abs=1e-3)
