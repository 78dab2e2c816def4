"""HAPO's trainer: its settings, the reward it makes, and when the history is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from seam_tiny import END_EARLY, LETTERS, tiny_model, tiny_tokenizer
from trl import GRPOConfig, GRPOTrainer

from jurybox.judges import FormatJudge, judge
from jurybox.rewards import HAPO
from jurybox.trainers import HAPOConfig, HAPOTrainer

PLAIN = {
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "num_generations": 4,
    "max_completion_length": 8,
    "max_steps": 4,
    "temperature": 1.0,
    "optim": "sgd",
    "learning_rate": 0.1,
    "lr_scheduler_type": "constant",
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "report_to": "none",
    "save_strategy": "no",
    "logging_steps": 1,
    "disable_tqdm": True,
    "generation_kwargs": END_EARLY,
}


@judge
def spoke(completion: str) -> bool:
    """Whether there are three characters or more."""
    return len(completion) >= 3


def long(completions: list[str], **_: Any) -> list[float]:
    """A reward function of another kind."""
    return [float(len(text) > 2) for text in completions]


def build(model: Any, output: Path, reward: Any = spoke, trainer: Any = HAPOTrainer, **settings: Any) -> Any:
    rows = Dataset.from_list([{"prompt": f"say {c}", "problem_id": c} for c in LETTERS] * 4)
    config = HAPOConfig if trainer is HAPOTrainer else GRPOConfig
    evaluated = settings.get("eval_strategy", "no") != "no"
    return trainer(
        model,
        reward,
        args=config(str(output), **{**PLAIN, **settings}),
        train_dataset=rows,
        eval_dataset=rows.select(range(4)) if evaluated else None,
        processing_class=tiny_tokenizer(),
    )


def test_the_settings_are_the_papers(tmp_path: Path) -> None:
    settings = HAPOConfig(str(tmp_path), use_cpu=True, bf16=False)
    assert (settings.beta, settings.epsilon, settings.loss_type, settings.scale_rewards) == (0.04, 0.2, "bnpo", "group")
    assert (settings.w, settings.c, settings.kind, settings.mode, settings.r_rep) == (1.0, -0.7, "cosine", "min", 0.0)
    assert (settings.learning_rate, settings.temperature, settings.num_train_epochs) == (1e-6, 0.7, 5)
    assert (settings.num_generations, settings.generation_batch_size) == (2, 4)


@pytest.mark.parametrize("wrong", [{"w": -1.0}, {"c": 0.1}, {"kind": "x"}, {"mode": "max"}, {"r_rep": 0.1}], ids=str)
def test_wrong_settings_fail_at_once(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        HAPOConfig(str(tmp_path), use_cpu=True, bf16=False, **wrong)


def test_the_reward_is_made_of_what_grpo_was_given(model_dir: str, tmp_path: Path) -> None:
    made = build(model_dir, tmp_path, w=0.5, kind="linear")
    assert repr(made.reward_funcs[0]).startswith("HAPO(spoke, w=0.5, kind='linear', history=")
    several = build(model_dir, tmp_path, [long, FormatJudge(".*")], reward_weights=[1.0, 0.2])
    assert [reward.__name__ for reward in several.reward_funcs] == ["hapo", "format"]
    assert several.history is several.reward_funcs[0].history


def test_a_composed_reward_is_left_alone_and_its_settings_are_its_own(model_dir: str, tmp_path: Path) -> None:
    composed = 2 * HAPO(spoke, w=0.5) - 0.1 * FormatJudge(".*")
    assert build(model_dir, tmp_path, composed).reward_funcs == [composed]
    with pytest.raises(ValueError, match="composed with HAPO already, so w, mode of the config would be ignored"):
        build(model_dir, tmp_path, [composed], w=0.9, mode="mean")


@pytest.mark.parametrize(
    "reward", [None, [], "a/reward-model", tiny_model(280)], ids=["none", "empty", "name", "model"]
)
def test_a_reward_model_cannot_say_what_is_right(reward: Any, model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="HAPO needs a judge that says whether an answer is right"):
        build(model_dir, tmp_path, reward)


def test_end_and_padding_are_not_counted(model_dir: str, tmp_path: Path) -> None:
    trainer = build(model_dir, tmp_path)
    tokenizer = trainer.processing_class
    assert trainer.history.special_ids == {tokenizer.eos_token_id, tokenizer.pad_token_id}


@pytest.mark.slow
def test_without_a_length_reward_it_is_grpo(model_dir: str, tmp_path: Path) -> None:
    same = {"loss_type": "bnpo", "beta": 0.04, "use_bias_correction_kl": False}
    ours = trained(build(model_dir, tmp_path / "ours", w=0.0))
    theirs = trained(build(model_dir, tmp_path / "theirs", spoke, GRPOTrainer, **same))
    shorter = trained(build(model_dir, tmp_path / "shorter"))
    assert torch.equal(weights(ours), weights(theirs))
    assert not torch.equal(weights(shorter), weights(theirs))
    assert any("hapo/length_reward" in row for row in shorter.state.log_history)


@pytest.mark.slow
def test_the_history_is_written_in_training_alone_and_saved(model_dir: str, tmp_path: Path) -> None:
    settings = {"eval_strategy": "steps", "eval_steps": 1, "save_strategy": "steps", "save_steps": 2}
    trainer = trained(build(model_dir, tmp_path, **settings))
    assert sum(row["tried"] for row in trainer.history.table()) == 4 * 8, "evaluation left no trace"
    saved = json.loads((tmp_path / "checkpoint-4" / "reward_state.json").read_text())["states"]
    assert saved == {"hapo/length_history": trainer.history.state_dict()}
    assert any(row["shortest"] for row in trainer.history.table())

    resumed = build(model_dir, tmp_path, **settings)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert resumed.history.state_dict() == trainer.history.state_dict()


def weights(trainer: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def trained(trainer: Any) -> Any:
    trainer.train()
    return trainer
