"""NGRPO in the real trainer: what reaches the loss, what leaves it, and what all-wrong groups do to the weights."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from seam_tiny import letter_dataset, tiny_tokenizer
from transformers import Qwen2Config, Qwen2ForSequenceClassification
from trl import GRPOConfig, GRPOTrainer

from jurybox.trainers import NGRPO, Batch, NGRPOConfig, NGRPOTrainer, Rollout
from jurybox.trainers.papers.ngrpo import ngrpo_advantage, ngrpo_loss

pytestmark = pytest.mark.slow

Build = Callable[..., Any]


def never(completions: list[str], **_: Any) -> list[float]:
    return [0.0] * len(completions)


def always(completions: list[str], **_: Any) -> list[float]:
    return [1.0] * len(completions)


def by_letter(completions: list[str], letter: list[str], **_: Any) -> list[float | None]:
    """A prompt that is always right, one always wrong, one that nobody can score, one mixed."""
    fixed = {"e": 1.0, "o": 0.0, "t": None}
    return [fixed.get(c, float(place % 4 == 0)) for place, c in enumerate(letter)]


def built(build: Build, reward: Any, **settings: Any) -> Any:
    return build(NGRPOTrainer, config_class=NGRPOConfig, reward_funcs=reward, **{"loss_type": "dapo", **settings})


def change(trainer: Any) -> float:
    before = [p.detach().clone() for p in trainer.model.parameters()]
    trainer.train()
    return max((p - q).abs().max().item() for p, q in zip(trainer.model.parameters(), before, strict=True))


def test_prompts_it_always_fails_change_the_weights_and_leave_grpo_where_it_is(build: Build) -> None:
    ngrpo = built(build, never, entropy_coef=0.0)
    grpo = build(GRPOTrainer, config_class=GRPOConfig, reward_funcs=never, loss_type="dapo", beta=0.0)
    assert change(ngrpo) > 1e-3
    assert change(grpo) == 0.0
    log, of_grpo = ngrpo.state.log_history[0], grpo.state.log_history[0]
    assert log["grad_norm"] > 0.01
    assert of_grpo["grad_norm"] == 0.0
    assert (log["ngrpo/frac_all_wrong"], log["ngrpo/frac_all_right"], log["frac_reward_zero_std"]) == (1.0, 0.0, 1.0)


def test_prompts_it_always_solves_change_nothing(build: Build) -> None:
    trainer = built(build, [always, always], reward_weights=[1.0, 0.5], entropy_coef=0.0)
    assert change(trainer) == 0.0  # r_max is 1.5; with 1 all of them would be pushed
    log = trainer.state.log_history[0]
    assert log["ngrpo/frac_all_right"] == 1.0
    assert all(math.isfinite(value) for value in log.values() if isinstance(value, float))


class Seen(NGRPO):
    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.rollouts: list[tuple[Rollout, dict[str, Any]]] = []

    def advantages(self, rollout: Rollout) -> Any:
        returned = super().advantages(rollout)
        self.rollouts.append((rollout, returned))
        return returned


class SeenLoss(Seen):
    """TRL's loss would be used; this one is the paper's, to compare them."""

    batches: list[Batch]

    def loss(self, batch: Batch) -> Any:
        self.batches = [*getattr(self, "batches", []), batch]
        loss, fraction = ngrpo_loss(batch.logps, batch.old_logps, batch.mask, batch.advantages.squeeze(1))
        return loss, {"clip_fraction": fraction}


def test_trls_loss_is_the_papers(build: Build) -> None:
    """Four updates of one generation, the ratios away from 1, with the token mean of each update's batch."""
    settings: dict[str, Any] = {
        "loss_type": "bnpo",
        "steps_per_generation": 1,
        "num_iterations": 4,
        "max_steps": 4,
        "entropy_coef": 0.0,
        "filter": "none",
    }
    logs = []
    for objective in (SeenLoss, Seen):
        trainer = built(build, by_letter, trainer_options={"objective": objective}, **settings)
        trainer.train()
        logs.append([row for row in trainer.state.log_history if "loss" in row])
    assert [row["loss"] for row in logs[0]] == pytest.approx([row["loss"] for row in logs[1]], abs=1e-6)
    assert [row["grad_norm"] for row in logs[0]] == pytest.approx([row["grad_norm"] for row in logs[1]], rel=1e-4)
    assert [row["clip_fraction"] for row in logs[0]] == pytest.approx(
        [row["clip_ratio/region_mean"] for row in logs[1]], abs=1e-6
    )
    assert logs[0][-1]["clip_fraction"] > 0, "nothing was clipped, so nothing was tested"


def test_groups_that_are_all_right_leave_the_loss_and_its_denominators(build: Build) -> None:
    trainer = built(
        build,
        by_letter,
        train_dataset=letter_dataset(1),
        per_device_train_batch_size=16,
        updates_per_generation=1,
        max_steps=1,
        trainer_options={"objective": SeenLoss},
    )
    trainer.train()
    ((rollout, returned),), (batch,) = trainer.policy_objective.rollouts, trainer.policy_objective.batches
    letters = rollout.column("letter")
    kept = dict(zip(letters, returned["keep"].tolist(), strict=True))
    assert kept == {"e": False, "o": True, "t": False, "n": True}
    of_batch = [letters[int(group) * rollout.num_generations] for group in batch.group_ids]
    assert (batch.mask.sum(1) > 0).tolist() == [kept[letter] for letter in of_batch]
    assert batch.num_items == batch.mask.sum() > 0
    assert torch.equal(returned["advantages"], ngrpo_advantage(rollout.scores, rollout.group_ids))
    log = trainer.state.log_history[0]
    assert (log["ngrpo/frac_all_wrong"], log["ngrpo/frac_all_right"]) == (0.25, 0.25)


def test_a_micro_batch_of_dropped_groups_is_no_trouble(build: Build) -> None:
    trainer = built(
        build,
        by_letter,
        train_dataset=letter_dataset(1),
        per_device_train_batch_size=4,
        whole_groups=True,
        max_steps=4,
        entropy_coef=0.0,
    )
    trainer.train()
    logs = [row for row in trainer.state.log_history if "loss" in row]
    assert all(math.isfinite(value) for row in logs for value in row.values() if isinstance(value, float))
    assert sorted(row["grad_norm"] > 0 for row in logs) == [False, False, True, True]


def test_a_reward_above_the_maximum_is_told(build: Build) -> None:
    with pytest.warns(UserWarning, match=r"a reward is above max_reward=0\.5"):
        built(build, by_letter, max_reward=0.5, max_steps=1).train()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="a reward is above")
        built(build, by_letter, max_steps=1).train()


def test_a_reward_without_a_maximum_needs_one(build: Build) -> None:
    size = {"hidden_size": 8, "intermediate_size": 8, "num_attention_heads": 2, "num_key_value_heads": 1}
    shape = Qwen2Config(vocab_size=300, num_hidden_layers=1, num_labels=1, pad_token_id=0, **size)
    rewards = [Qwen2ForSequenceClassification(shape)]
    options = {"trainer_options": {"reward_processing_classes": [tiny_tokenizer()]}}
    with pytest.raises(ValueError, match="one of the rewards has no greatest score"):
        built(build, rewards, **options)
    assert built(build, rewards, max_reward=3.0, **options).policy_objective.max_reward(torch.ones(1)) == 3.0
