"""RL-Struct's recipe on the real TRL class: five functions or one reward, its settings, its LoRA."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from seam_tiny import END_EARLY, tiny_tokenizer

from jurybox.rewards import structured_reward
from jurybox.trainers import Curriculum, Objective, RLStructConfig, RLStructTrainer, rl_struct_lora
from jurybox.trainers.grpo import grpo_advantages
from jurybox.trainers.objectives import consecutive_groups
from jurybox.trainers.papers.rl_struct import PROJECTIONS

KEYS = ["a", "b"]
TEXTS = ['{"a": 1, "b": 2}', '{"a": 1, "b": 3}', '{"a": 1}', 'so {"a": 1, "b": 2}', '{"a": 1, "b": 2', "no"]
REFERENCE = json.dumps({"a": 1, "b": 2})


class Scripted(Objective):
    """The six answers above for every prompt, so that there is something to tell apart."""

    def generate(self, chains: list[Any], policy: Any) -> None:
        for chain in chains:
            chain.add(TEXTS[chain.slot % len(TEXTS)])
            chain.add([policy.tokenizer.eos_token_id])


def config(output: Path, **settings: Any) -> RLStructConfig:
    return RLStructConfig(
        str(output),
        **{
            "required_keys": KEYS,
            "max_steps": 3,
            "max_completion_length": 24,
            "length_max": 12,
            "use_cpu": True,
            "bf16": False,
            "gradient_checkpointing": False,
            "report_to": "none",
            "save_strategy": "no",
            "disable_tqdm": True,
            "learning_rate": 0.1,
            "optim": "sgd",
            "generation_kwargs": END_EARLY,
            **settings,
        },
    )


def trainer(model: str, output: Path, reward: Any = None, *, scripted: bool = True, **named: Any) -> RLStructTrainer:
    rows = Dataset.from_list([{"prompt": f"say {c}", "reference": REFERENCE} for c in "eotn"])
    settings = named.pop("settings", {})
    return RLStructTrainer(
        model,
        reward,
        args=config(output, **settings),
        train_dataset=rows,
        processing_class=tiny_tokenizer(),
        objective=Scripted if scripted else None,
        **named,
    )


def test_the_settings_are_the_papers(tmp_path: Path) -> None:
    settings = RLStructConfig(str(tmp_path), use_cpu=True, bf16=False)
    assert (settings.num_generations, settings.max_steps, settings.learning_rate) == (6, 250, 5e-6)
    assert (settings.beta, settings.loss_type, settings.use_bias_correction_kl) == (0.04, "grpo", False)
    assert settings.get_warmup_steps(250) == 25
    assert settings.generation_batch_size == 6
    lora = rl_struct_lora(lora_dropout=0.1)
    assert (lora.r, lora.lora_alpha, set(lora.target_modules)) == (32, 32, set(PROJECTIONS))
    assert lora.lora_dropout == 0.1


@pytest.mark.parametrize(
    "wrong",
    [
        {"w_valid": math.nan},
        {"w_length": -0.1},
        {"required_keys": []},
        {"form": "xml"},
        {"length_max": 0},
        {"length_min": 13},
        {"keys_column": "keys"},
    ],
    ids=str,
)
def test_wrong_settings_fail_at_once(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"."):
        config(tmp_path, **wrong)


def test_what_the_trainer_cannot_do_without(model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="required keys"):
        trainer(model_dir, tmp_path, settings={"required_keys": None})
    with pytest.raises(ValueError, match="w_valid"):
        trainer(model_dir, tmp_path, settings={"reward_weights": [1.0] * 5})


def test_five_weighted_functions_have_the_advantages_of_their_sum() -> None:
    reward = structured_reward(KEYS, length_max=12)
    texts = [text for shift in range(6) for text in (*TEXTS[shift:], *TEXTS[:shift])]
    columns = {"reference": [REFERENCE] * 36, "completion_ids": [[0] * (n % 20) for n in range(36)]}
    composed = torch.tensor(reward(completions=texts, **columns))
    parts = torch.tensor([part(completions=texts, **columns) for part in reward.parts])
    weighted = torch.tensor([weight for weight, _ in reward.terms]) @ parts
    groups = consecutive_groups(36, 6)
    advantages = grpo_advantages(composed, groups)
    torch.testing.assert_close(grpo_advantages(weighted, groups), advantages, atol=1e-6, rtol=0)
    independent = composed.double().view(6, 6)
    z = (independent - independent.mean(1, keepdim=True)) / (independent.std(1, keepdim=True) + 1e-4)
    torch.testing.assert_close(advantages.double(), z.flatten(), atol=1e-5, rtol=0)


@pytest.mark.slow
def test_five_functions_train_as_one_reward_and_are_logged_one_by_one(model_dir: str, tmp_path: Path) -> None:
    curriculum = Curriculum(["valid", "correct"], window=2)
    five = trainer(model_dir, tmp_path / "five", callbacks=[curriculum])
    one = trainer(model_dir, tmp_path / "one", five.args.reward())
    for each in (five, one):
        each.train()
    for a, b in zip(five.model.parameters(), one.model.parameters(), strict=True):
        torch.testing.assert_close(a, b, atol=1e-6, rtol=0)
    log = five.state.log_history[0]
    assert log["rewards/valid/mean"] == pytest.approx(3 / 6)
    assert log["rewards/struct/mean"] == pytest.approx(4.5 / 6)
    assert log["struct/passed"] == pytest.approx(4 / 6)
    assert log["rewards/length/mean"] < 0
    assert log["reward"] == pytest.approx(one.state.log_history[0]["reward"], abs=1e-6)
    assert one.state.log_history[0]["valid/score"] == pytest.approx(3 / 6)
    assert [rise.step for rise in curriculum.rises] == [None, None]  # the answers are scripted


@pytest.mark.slow
def test_only_the_adapters_of_the_seven_projections_are_trained(model_dir: str, tmp_path: Path) -> None:
    lora = rl_struct_lora(r=4, init_lora_weights="gaussian")
    learner = trainer(model_dir, tmp_path, peft_config=lora)
    before = {name: p.detach().clone() for name, p in learner.model.named_parameters()}
    learner.train()
    changed = {name for name, p in learner.model.named_parameters() if not torch.equal(before[name], p)}
    assert all("lora_" in name for name in changed)
    assert {name.split(".lora_")[0].rpartition(".")[2] for name in changed} == set(PROJECTIONS)


@pytest.mark.slow
def test_groups_that_are_all_alike_teach_nothing(model_dir: str, tmp_path: Path) -> None:
    """A random model writes no JSON: every part is equal in a group, and without the KL term nothing moves."""
    learner = trainer(
        model_dir, tmp_path, scripted=False, settings={"beta": 0.0, "weight_decay": 0.0, "length_max": 24}
    )
    before = [p.detach().clone() for p in learner.model.parameters()]
    learner.train()
    assert {row["reward_std"] for row in learner.state.log_history if "reward_std" in row} == {0.0}
    assert all(torch.equal(a, b) for a, b in zip(before, learner.model.parameters(), strict=True))
