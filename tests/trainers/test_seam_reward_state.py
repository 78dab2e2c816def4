"""Reward states: committed once a generation, discarded in evaluation, saved and restored without double counting."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from seam_runs import remembering, resumable, weights
from seam_tiny import count_letter
from transformers import TrainerCallback

from jurybox.rewards import Function, RunningMoments
from jurybox.trainers import GRPO, ObjectiveTrainer, RewardStateCallback
from jurybox.trainers.seam.reward_state import FILE, RewardStates

ROWS = 8  # a generation, in every run here


class Remembering:
    """A reward with one state and no scoring."""

    def __init__(self, state: RunningMoments) -> None:
        self.states = {state.name: state}


def one_process(items: list[Any]) -> list[Any]:
    return items


def states_of(*states: RunningMoments, gather: Callable[..., Any] = one_process) -> RewardStates:
    return RewardStates([Remembering(s) for s in states], [f"reward{i}" for i in range(len(states))], gather)


def test_commits_what_all_processes_observed_in_rank_order() -> None:
    state, key = RunningMoments("x"), "reward0/x"
    states = states_of(state, gather=lambda mine: [{key: [1.0]}, *mine, {key: [3.0, 4.0]}])
    state.observe(2.0)
    assert state.count == 0, "nothing is committed while a batch is scored"
    states.settle(training=True)
    expected = RunningMoments("x")
    expected.commit([[1.0], [2.0], [3.0, 4.0]])
    assert state.state_dict() == expected.state_dict()
    assert state.pending() == []


def test_evaluation_leaves_no_trace() -> None:
    state = RunningMoments("x")
    states = states_of(state)
    state.observe(2.0)
    states.settle(training=False)
    states.settle(training=True)
    assert state.count == 0


def test_a_state_of_two_rewards_is_committed_once() -> None:
    state = RunningMoments("x")
    states = states_of(state, state)
    state.observe(2.0)
    states.settle(training=True)
    assert (len(states), state.count) == (1, 1)


def test_rewards_without_states_cost_no_communication() -> None:
    def gather(items: list[Any]) -> list[Any]:
        raise AssertionError("gathered for nothing")

    RewardStates([count_letter], ["count_letter"], gather).settle(training=True)


def test_two_states_of_one_name_are_refused() -> None:
    rewards = [Remembering(RunningMoments("x")), Remembering(RunningMoments("x"))]
    with pytest.raises(ValueError, match="two rewards are called 'same' and both have a state 'x'"):
        RewardStates(rewards, ["same", "same"], one_process)


def test_in_the_middle_of_a_generation_the_state_before_it_is_saved(tmp_path: Path) -> None:
    state = RunningMoments("x")
    states = states_of(state)
    for value in (1.0, 2.0):
        state.observe(value)
        states.settle(training=True)
    states.save(tmp_path / "middle", micro_step=3, mid_generation=True)
    states.save(tmp_path / "end", micro_step=4, mid_generation=False)
    assert state.count == 2
    assert states.load(tmp_path / "middle") == 3
    assert (state.count, state.mean) == (1, 1.0)
    assert states.load(tmp_path / "end") == 4
    assert (state.count, state.mean) == (2, 1.5)


def test_a_checkpoint_without_states_is_refused_when_they_are_needed(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="the state of reward0/x cannot be restored"):
        states_of(RunningMoments("x")).load(tmp_path)
    assert states_of().load(tmp_path) is None


def test_a_checkpoint_of_other_rewards_is_refused(tmp_path: Path) -> None:
    states_of(RunningMoments("x")).save(tmp_path, micro_step=0, mid_generation=False)
    with pytest.raises(ValueError, match=r"holds the state of \['reward0/x'\] and the rewards now have"):
        states_of(RunningMoments("y")).load(tmp_path)


class Counts(TrainerCallback):
    """How many numbers the state has taken in after every optimiser step."""

    def __init__(self, state: RunningMoments) -> None:
        self.state = state
        self.seen: list[int] = []

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.seen.append(self.state.count)


@pytest.mark.slow
def test_training_commits_once_a_generation_and_evaluation_never(build: Callable[..., Any]) -> None:
    reward = Function(count_letter).standardize("letters")
    counts = Counts(reward.states["letters"])
    trainer = build(
        ObjectiveTrainer,
        reward_funcs=reward,
        max_steps=4,
        num_iterations=2,
        evaluate=True,
        eval_strategy="steps",
        eval_steps=1,
        trainer_options={"objective": GRPO, "callbacks": [counts]},
    )
    trainer.train()
    assert counts.seen == [ROWS, ROWS, 2 * ROWS, 2 * ROWS]
    assert reward.states["letters"].count == 2 * ROWS


@pytest.mark.slow
def test_killed_and_resumed_is_as_never_interrupted(model_dir: str, tmp_path: Path) -> None:
    """SIGKILL strikes while the third generation is scored; checkpoint 4 is the last whole one."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("seam_runs.py")), "killed", model_dir]
    killed = subprocess.run([*command, str(tmp_path / "killed")], capture_output=True, timeout=180, check=False)
    assert killed.returncode == -9, killed.stderr[-2000:]
    last = tmp_path / "killed" / "checkpoint-4"
    assert last.is_dir()
    assert not (tmp_path / "killed" / "checkpoint-5").exists()

    resumed, resumed_reward = resumable(model_dir, str(tmp_path / "killed"), resume=str(last))
    whole, whole_reward = resumable(model_dir, str(tmp_path / "whole"))
    assert resumed_reward.state_dict() == whole_reward.state_dict()
    assert whole_reward.state_dict()["letters"]["count"] == 3 * ROWS
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.slow
def test_resumed_in_the_middle_of_a_generation_counts_it_once(model_dir: str, tmp_path: Path) -> None:
    resumable(model_dir, str(tmp_path), max_steps=3)
    saved = [json.loads((tmp_path / f"checkpoint-{step}" / FILE).read_text()) for step in (1, 2, 3)]
    counts = [file["states"]["standardized/letters"]["count"] for file in saved]
    assert counts == [0, ROWS, ROWS], "steps 1 and 3 are in the middle of a generation"
    assert [file["micro_step"] for file in saved] == [1, 2, 3]

    trainer, reward = resumable(model_dir, str(tmp_path), resume=str(tmp_path / "checkpoint-3"))
    assert trainer.state.global_step == 6
    assert reward.state_dict()["letters"]["count"] == 3 * ROWS


@pytest.mark.slow
def test_a_resumed_run_generates_at_the_same_steps(model_dir: str, tmp_path: Path) -> None:
    """TRL by itself counts from 0 again and would train on one prompt's completions while reading the next."""
    resumable(model_dir, str(tmp_path), max_steps=3)
    trainer, _ = resumable(model_dir, str(tmp_path), resume=str(tmp_path / "checkpoint-3"))
    generated = [row["step"] for row in trainer.state.log_history if "reward" in row]
    assert generated == [1, 3, 4, 5], "step 4 draws the lost second half of the generation of step 3 again"


@pytest.mark.slow
def test_a_reward_learns_by_itself_before_and_after_a_training(build: Callable[..., Any]) -> None:
    reward = Function(count_letter).standardize("letters")
    call = {"completions": ["eee", "t"], "letter": ["e", "e"]}
    build(ObjectiveTrainer, reward_funcs=reward)  # that it was in a trainer changes nothing
    reward(**call)
    assert reward.states["letters"].count == 2
    build(ObjectiveTrainer, reward_funcs=reward, max_steps=1).train()
    reward(**call)
    assert reward.states["letters"].count == 2 + ROWS + 2


@pytest.mark.slow
def test_in_trls_own_trainer_a_callback_forgets_evaluation_and_survives_a_resume(
    model_dir: str, tmp_path: Path
) -> None:
    """Steps 1 and 3 end in the middle of a generation of 12: the checkpoint of step 3 holds what was before it."""
    settings = {"save_strategy": "steps", "save_steps": 1, "eval_strategy": "steps", "eval_steps": 1}
    _, reward = remembering(model_dir, str(tmp_path), 6, max_steps=3, per_device_eval_batch_size=4, **settings)
    assert reward.states["letters"].count == 24, "two generations, and nothing of three evaluations"
    reward(completions=["e"], letter=["e"])
    assert reward.states["letters"].count == 25, "after the training it learns by itself again"

    last = str(tmp_path / "checkpoint-3")
    _, resumed = remembering(model_dir, str(tmp_path), 6, resume=last)
    assert resumed.states["letters"].count == 24, "the generation of step 3 was drawn again, and counted once"

    path = tmp_path / "checkpoint-3" / "trainer_state.json"
    state = json.loads(path.read_text())
    del state["stateful_callbacks"]["jurybox_reward_states"]
    path.write_text(json.dumps(state))
    with pytest.raises(ValueError, match="the checkpoint has no state of the rewards"):
        remembering(model_dir, str(tmp_path), 6, resume=last)


def test_a_callback_for_rewards_without_a_memory_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="none of these rewards remembers anything"):
        RewardStateCallback(Function(count_letter))
