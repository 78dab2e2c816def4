"""Judges run while log-probabilities go through the model, and nothing but the time changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from seam_tiny import count_letter
from trl import GRPOTrainer

from jurybox.judges import Judge, LLMJudge, MathJudge, MixtureOfJudges, Verdict
from jurybox.judges.llm import LocalModel
from jurybox.rewards import Function, RewardModel
from jurybox.trainers import GRPO, ObjectiveTrainer
from tests.trainers.seam_tiny import tiny_model, tiny_tokenizer

Build = Callable[..., Any]


class Patient(Judge):
    """Has no verdict before the model's pass has begun; then the share of the row's letter."""

    columns = ("letter",)

    def __init__(self, begun: threading.Event) -> None:
        self.begun = begun
        self.waited: list[bool] = []

    def _judge(self, sample: Any) -> Verdict:
        self.waited.append(self.begun.wait(timeout=60))
        return Verdict(count_letter([sample.text], [sample["letter"]])[0])


def run(build: Build, monkeypatch: Any, reward: Any, begun: threading.Event, **settings: Any) -> Any:
    forward = GRPOTrainer._get_per_token_logps_and_entropies

    def announced(*args: Any, **named: Any) -> Any:
        begun.set()
        return forward(*args, **named)

    monkeypatch.setattr(GRPOTrainer, "_get_per_token_logps_and_entropies", announced)
    settings = {"max_steps": 1, "num_iterations": 2, "beta": 0.1} | settings
    trainer = build(ObjectiveTrainer, reward_funcs=reward, trainer_options={"objective": GRPO}, **settings)
    trainer.train()
    return trainer


@pytest.mark.slow
def test_a_judge_begins_before_the_models_passes_and_is_collected_after_them(build: Build, monkeypatch: Any) -> None:
    judge = Patient(threading.Event())
    beside = run(build, monkeypatch, judge, judge.begun)
    assert all(judge.waited), "it would wait for ever if the passes came after it"
    assert threading.main_thread() is threading.current_thread()
    alone = run(build, monkeypatch, Function(count_letter).named("patient"), threading.Event())
    keys = ("reward", "rewards/patient/mean", "reward_std", "loss", "patient/score")
    logs = [trainer.state.log_history[0] for trainer in (beside, alone)]
    assert [logs[0][key] for key in keys] == [logs[1][key] for key in keys]


@pytest.mark.slow
def test_a_memory_is_committed_once_and_errors_come_through(build: Build, monkeypatch: Any) -> None:
    reward = Function(count_letter).standardize("letters")
    run(build, monkeypatch, reward, threading.Event(), max_steps=2, num_iterations=2)
    assert reward.states["letters"].count == 8

    def broken(completions: list[str], **_: Any) -> list[float]:
        raise KeyboardInterrupt("stop")

    with pytest.raises(KeyboardInterrupt, match="stop"):
        run(build, monkeypatch, Function(broken), threading.Event())


@pytest.mark.slow
def test_what_comes_with_a_rollout_is_there_when_it_is_judged(build: Build, monkeypatch: Any) -> None:
    """Columns of a rollout reach the rows after the completions: the reward waits for them."""

    def drawn(prompts: list[Any], trainer: Any) -> dict[str, Any]:
        return {
            "prompt_ids": [[5, 6]] * len(prompts),
            "completion_ids": [[7, 8, 1]] * len(prompts),
            "logprobs": None,
            "bonus": [0.5] * len(prompts),
        }

    def bonus(completions: list[str], bonus: list[float], **_: Any) -> list[float]:
        return bonus

    trainer = build(
        ObjectiveTrainer,
        reward_funcs=Function(bonus),
        trainer_options={"objective": GRPO, "rollout_func": drawn},
        num_iterations=2,
        max_steps=1,
    )
    trainer.train()
    assert trainer.state.log_history[0]["reward"] == 0.5


def test_who_wants_the_models_device_is_not_asked_beside_it() -> None:
    tokenizer = tiny_tokenizer()
    local = LLMJudge(LocalModel(tiny_model(len(tokenizer)), tokenizer), "safety")
    served = LLMJudge(lambda messages: "safe", "safety")
    assert (local.beside_model, served.beside_model) == (False, True)
    assert not MixtureOfJudges([MathJudge(), local]).beside_model
    assert not (MathJudge() + 0.1 * local).beside_model
    assert (MathJudge() + 0.1 * served).beside_model
    assert RewardModel(lambda texts: [0.0 for _ in texts]).beside_model
