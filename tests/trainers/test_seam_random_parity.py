"""TRL's weights from random configurations: the plain objective in its narrow step, after five steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
import torch
from peft import LoraConfig
from torch import Tensor
from trl import GRPOTrainer

from jurybox.trainers import Objective, ObjectiveConfig, ObjectiveTrainer

pytestmark = pytest.mark.slow

STEPS = 5
ROWS = 16  # of an update


def configuration(number: int) -> dict[str, Any]:
    """One of the things people train with; every loss, accumulation and adapter comes up several times."""
    dice = random.Random(number)
    losses = ["grpo", "bnpo", "dr_grpo", "dapo", "cispo", "sapo", "vespo", "luspo"]
    accumulated = (1, 4)[number // 2 % 2]
    return {
        "loss_type": losses[number % len(losses)],
        "gradient_accumulation_steps": accumulated,
        "per_device_train_batch_size": ROWS // accumulated,
        "steps_per_generation": accumulated * dice.choice([1, 1, 2]),
        "num_iterations": dice.choice([1, 1, 2]),
        "beta": dice.choice([0.0, 0.0, 0.1]),
        "epsilon": dice.choice([0.1, 0.2]),
        "epsilon_high": dice.choice([None, 0.28]),
        "scale_rewards": dice.choice(["group", "batch", "none"]),
        "mask_truncated_completions": dice.random() < 0.3,
        "num_generations": dice.choice([2, 4, 8]),
        "reward_weights": [1.0, dice.choice([0.0, 0.5])],
        "max_completion_length": dice.choice([6, 10]),
        "seed": number,
    }


def sometimes_alike(completions: list[str], letter: list[str], **_: Any) -> list[float]:
    """All answers to the prompts with t are worth the same."""
    return [float(wanted != "t" and len(text) % 3 > 0) for text, wanted in zip(completions, letter, strict=True)]


def words(completions: list[str], letter: list[str], **_: Any) -> list[float | None]:
    """Abstains on some rows."""
    pairs = zip(completions, letter, strict=True)
    return [None if len(text) == 5 else 0.0 if wanted == "t" else len(text) / 7 for text, wanted in pairs]


def weights_of(trainer: Any) -> Tensor:
    return torch.cat([p.detach().double().flatten() for p in trainer.model.parameters()])


@pytest.mark.parametrize("number", range(24))
def test_the_weights_are_trls(number: int, build: Callable[..., Any]) -> None:
    settings = {"max_steps": STEPS, "optim": "sgd", "learning_rate": 0.1, **configuration(number)}
    adapters = LoraConfig(r=4, target_modules="all-linear") if number % 4 == 3 else None
    found = []
    for trainer_class, config_class, options in (
        (GRPOTrainer, None, {}),
        (ObjectiveTrainer, ObjectiveConfig, {"objective": Objective}),
    ):
        named = {} if config_class is None else {"config_class": config_class}
        trainer = build(
            trainer_class,
            reward_funcs=[sometimes_alike, words],
            trainer_options={**options, "peft_config": adapters},
            **named,
            **settings,
        )
        before = weights_of(trainer)
        trainer.train()
        assert trainer.state.global_step == STEPS
        found.append(weights_of(trainer))
        assert not torch.equal(found[-1], before)
    torch.testing.assert_close(found[1], found[0], atol=1e-6, rtol=0)
