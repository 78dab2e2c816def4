"""Whole training runs through the seam against TRL's: every loss, every gradient, every logged number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from peft import LoraConfig
from transformers import TrainerCallback
from trl import GRPOTrainer

from jurybox.trainers import GRPO, Objective, ObjectiveTrainer

pytestmark = pytest.mark.slow

TIMES = ("_runtime", "_per_second", "step_time", "total_flos")  # the clock's, not the trainer's


class Gradients(TrainerCallback):
    """The gradient of every optimiser step."""

    def __init__(self) -> None:
        self.steps: list[torch.Tensor] = []

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        gradients = [p.grad.detach().flatten() for p in model.parameters() if p.grad is not None]
        self.steps.append(torch.cat(gradients).clone())


def train(trainer: Any) -> tuple[list[torch.Tensor], list[dict[str, float]]]:
    gradients = Gradients()
    trainer.add_callback(gradients)
    trainer.train()
    logs = [{key: value for key, value in row.items() if not key.endswith(TIMES)} for row in trainer.state.log_history]
    return gradients.steps, logs


def assert_same_run(
    build: Callable[..., Any], objective: type[Objective], settings: dict[str, Any], **options: Any
) -> None:
    trl = train(build(GRPOTrainer, **settings, trainer_options=options))
    ours = train(build(ObjectiveTrainer, **settings, trainer_options={**options, "objective": objective}))
    assert len(ours[0]) == len(trl[0]) == 2
    for gradient, expected in zip(ours[0], trl[0], strict=True):
        torch.testing.assert_close(gradient, expected, atol=1e-6, rtol=0)
    for row, expected_row in zip(ours[1], trl[1], strict=True):
        assert row.keys() == expected_row.keys()
        assert row == pytest.approx(expected_row, abs=1e-6, nan_ok=True)


RUNS = {
    "grpo": {"loss_type": "grpo"},
    "bnpo accumulated, KL, two iterations": {
        "loss_type": "bnpo",
        "beta": 0.1,
        "gradient_accumulation_steps": 4,
        "num_iterations": 2,
        "per_device_train_batch_size": 4,
    },
    "dr_grpo, two slices a generation, whole batch's std": {
        "loss_type": "dr_grpo",
        "steps_per_generation": 2,
        "scale_rewards": "batch",
        "reward_weights": [1.0, 0.5],
    },
    "dapo accumulated, evaluated, KL without correction": {
        "loss_type": "dapo",
        "gradient_accumulation_steps": 4,
        "beta": 0.1,
        "use_bias_correction_kl": False,
        "epsilon_high": 0.28,
        "per_device_train_batch_size": 2,
        "eval_strategy": "steps",
        "eval_steps": 1,
        "per_device_eval_batch_size": 8,
        "evaluate": True,
    },
    "each reward normalised, mean only": {
        "multi_objective_aggregation": "normalize_then_sum",
        "scale_rewards": "none",
        "num_iterations": 2,
        "importance_sampling_level": "sequence",
    },
}


@pytest.mark.parametrize("run", RUNS)
def test_the_plain_objective_trains_as_trl(run: str, build: Callable[..., Any]) -> None:
    assert_same_run(build, GRPO, RUNS[run])


def test_an_objective_that_replaces_nothing_trains_as_trl(build: Callable[..., Any]) -> None:
    """So every `loss_type` of TRL is there for a paper that only has its own advantages."""
    assert_same_run(build, Objective, {"loss_type": "sapo", "steps_per_generation": 2})


def test_adapters_train_as_trl(build: Callable[..., Any]) -> None:
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM", init_lora_weights=False)
    assert_same_run(build, GRPO, {"beta": 0.1, "num_iterations": 2}, peft_config=lora)


def none_on_long(completions: list[str], **_: Any) -> list[float | None]:
    return [None if len(text) > 6 else float(len(text)) for text in completions]


def test_abstaining_rewards_train_as_trl(build: Callable[..., Any]) -> None:
    settings = {"loss_type": "dapo", "reward_funcs": [none_on_long], "max_steps": 2}
    assert_same_run(build, GRPO, settings)


def same(completions: list[str], **_: Any) -> list[float]:
    return [0.1] * len(completions)


def test_equal_rewards_give_no_gradient(build: Callable[..., Any]) -> None:
    settings = {"reward_funcs": [same], "num_generations": 8}
    gradients, logs = train(build(ObjectiveTrainer, **settings, trainer_options={"objective": GRPO}))
    assert all(gradient.abs().max() == 0 for gradient in gradients)
    assert logs[0]["frac_reward_zero_std"] == 1.0
