"""A loss of demonstrations plugged into TRL's trainer: with its own it is TRL's, gradient, metrics and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig, PromptTuningConfig, get_peft_model
from seam_tiny import tiny_tokenizer
from torch import Tensor
from transformers import AutoModelForCausalLM
from trl import SFTConfig, SFTTrainer

from jurybox.trainers.seam import Demonstrations, SupervisedObjective, SupervisedTrainer

ROWS = Dataset.from_list(
    [{"prompt": f"say {c}", "completion": c * (1 + place % 4) + "n"} for place, c in enumerate("eoeoteno")]
)
LORA = {"r": 4, "target_modules": ["q_proj"], "init_lora_weights": "gaussian"}
TIMES = ("_runtime", "_per_second", "_time")


class NLL(SupervisedObjective):
    """TRL's loss, written down again; the reference has to be there and to fit, and counts nothing."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.seen: list[Demonstrations] = []
        self.steps_ended = 0

    def loss(self, batch: Demonstrations) -> tuple[Tensor, dict[str, Tensor]]:
        self.seen.append(batch)
        return 0 * batch.ref_logps - batch.logps, {"mine/nll": -batch.logps}

    def end_of_step(self, mean: Any) -> None:
        self.steps_ended += 1


class Sequences(NLL):
    """The same of whole sequences."""

    needs_reference = False

    def loss(self, batch: Demonstrations) -> tuple[Tensor, dict[str, Tensor]]:
        self.seen.append(batch)
        return -batch.logps.sum(dim=1), {}


class OursTrainer(SupervisedTrainer):
    objective_class = NLL


class SequencesTrainer(SupervisedTrainer):
    objective_class = Sequences


def trainer(kind: type, model: Any, out: Path, *, peft_config: Any = None, **more: Any) -> Any:
    settings: dict[str, Any] = {
        "per_device_train_batch_size": 4,
        "per_device_eval_batch_size": 4,
        "max_steps": 2,
        "learning_rate": 0.5,
        "lr_scheduler_type": "constant",
        "optim": "sgd",
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
    }
    return kind(
        model,
        args=SFTConfig(str(out), **{**settings, **more}),
        train_dataset=ROWS,
        eval_dataset=ROWS if more.get("eval_strategy") else None,
        processing_class=tiny_tokenizer(),
        peft_config=peft_config,
    )


def weights(trained: Any) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trained.accelerator.unwrap_model(trained.model).parameters()])


slow = pytest.mark.slow


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="plain"),
        pytest.param({"gradient_accumulation_steps": 2, "per_device_train_batch_size": 2}, id="accumulated"),
        pytest.param({"eval_strategy": "steps", "eval_steps": 2}, id="evaluated", marks=slow),
        pytest.param({"packing": True, "max_length": 24, "max_steps": 1}, id="packed", marks=slow),
        pytest.param({"peft_config": LoraConfig(**LORA)}, id="adapter", marks=slow),
        pytest.param(
            {"peft_config": PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=3)},
            id="virtual-tokens",
            marks=slow,
        ),
    ],
)
def test_it_trains_as_trl_does(settings: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    runs = []
    for kind in (SFTTrainer, OursTrainer):
        torch.manual_seed(0)
        runs.append(trainer(kind, model_dir, tmp_path / kind.__name__, **settings))
        runs[-1].train()
    trl, ours = runs
    torch.testing.assert_close(weights(ours), weights(trl), atol=1e-6, rtol=0)
    for row, expected in zip(ours.state.log_history, trl.state.log_history, strict=True):
        assert {key for key in row if "mine/" not in key} == expected.keys()
        numbers = [key for key in expected if not key.endswith(TIMES)]
        assert [row[key] for key in numbers] == pytest.approx([expected[key] for key in numbers], abs=1e-5)
    assert ours.supervised_objective.steps_ended == ours.state.global_step


def test_the_loss_is_handed_tokens_of_policy_and_start(model_dir: str, tmp_path: Path) -> None:
    trained = trainer(OursTrainer, model_dir, tmp_path, eval_strategy="steps", eval_steps=2)
    trained.train()
    first, second, *evaluated = trained.supervised_objective.seen
    assert first.logps.shape == first.ref_logps.shape == first.mask.shape
    assert first.logps.requires_grad
    assert not first.ref_logps.requires_grad
    assert torch.equal(first.logps.detach(), first.ref_logps)
    assert not torch.allclose(second.logps.detach(), second.ref_logps, atol=1e-2)
    assert min(first.mask.sum(1).tolist()) == 3  # a letter, n, the end; prompts are not learned
    assert not first.logps.detach()[first.mask == 0].any()
    assert [batch.training for batch in (first, second, *evaluated)] == [True, True, False, False]
    assert [(first.step, first.max_steps), second.step] == [(0, 2), 1]


def test_the_reference_stays_where_training_started(model_dir: str, tmp_path: Path) -> None:
    start = AutoModelForCausalLM.from_pretrained(model_dir).eval()
    trained = trainer(OursTrainer, model_dir, tmp_path)
    trained.train()
    ids = torch.tensor([[5, 6, 7]])
    with torch.no_grad():
        expected = start(ids).logits
        assert torch.equal(trained.ref_model(ids).logits, expected)  # TRL's patch would ask the policy here
        assert not torch.allclose(trained.model(ids).logits, expected, atol=1e-2)
    assert not any(p.requires_grad for p in trained.ref_model.parameters())
    assert not trained.ref_model.training


@slow
def test_the_reference_of_a_new_adapter_is_the_model_below(model_dir: str, tmp_path: Path) -> None:
    trained = trainer(OursTrainer, model_dir, tmp_path, peft_config=LoraConfig(**LORA, lora_dropout=0.5))
    before = {name: p.detach().clone() for name, p in trained.model.named_parameters()}
    trained.train()
    assert trained.ref_model is None
    assert trained.model.training
    changed = {name for name, p in trained.model.named_parameters() if not torch.equal(before[name], p)}
    assert changed
    assert all("lora_" in name for name in changed)
    _, second = trained.supervised_objective.seen
    plain = trainer(OursTrainer, model_dir, tmp_path, learning_rate=0.0)
    plain.train()
    torch.testing.assert_close(second.ref_logps, plain.supervised_objective.seen[1].ref_logps)


@slow
def test_an_adapter_that_was_there_is_part_of_the_start(model_dir: str, tmp_path: Path) -> None:
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(model_dir), LoraConfig(**{**LORA, "init_lora_weights": False})
    )
    bare = trainer(OursTrainer, model_dir, tmp_path, max_steps=1)
    bare.train()
    trained = trainer(OursTrainer, model, tmp_path)
    trained.train()
    first, second = trained.supervised_objective.seen
    assert torch.equal(first.logps.detach(), first.ref_logps)
    assert not torch.allclose(first.ref_logps, bare.supervised_objective.seen[0].ref_logps, atol=1e-3)
    assert not torch.equal(second.logps.detach(), second.ref_logps)


@slow
def test_a_reference_has_no_dropout(model_dir: str, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(model_dir, attention_dropout=0.5)
    trained = trainer(OursTrainer, model, tmp_path, peft_config=LoraConfig(**LORA), learning_rate=0.0)
    trained.train()
    plain = trainer(OursTrainer, model_dir, tmp_path, learning_rate=0.0)
    plain.train()
    for noisy, expected in zip(trained.supervised_objective.seen, plain.supervised_objective.seen, strict=True):
        assert not torch.allclose(noisy.logps.detach(), expected.logps.detach(), atol=1e-4)
        torch.testing.assert_close(noisy.ref_logps, expected.ref_logps)


def test_a_loss_of_sequences_is_accumulated_as_their_mean(model_dir: str, tmp_path: Path) -> None:
    one = trainer(SequencesTrainer, model_dir, tmp_path)
    two = trainer(SequencesTrainer, model_dir, tmp_path, gradient_accumulation_steps=2, per_device_train_batch_size=2)
    for run in (one, two):
        run.train()
    torch.testing.assert_close(weights(one), weights(two), atol=1e-6, rtol=0)
    assert [row.get("loss") for row in one.state.log_history] == pytest.approx(
        [row.get("loss") for row in two.state.log_history], abs=1e-5
    )
    assert one.supervised_objective.seen[0].ref_logps is None
    assert one.ref_model is None


@pytest.mark.parametrize("settings", [{"loss_type": "dft"}, {"label_smoothing_factor": 0.1}])
def test_settings_of_trls_loss_are_refused(settings: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{min(settings)}.*NLL"):
        trainer(OursTrainer, model_dir, tmp_path, **settings)


def test_a_config_of_another_trainer_is_refused(model_dir: str, tmp_path: Path) -> None:
    class OtherConfig(SFTConfig):
        pass

    class OtherTrainer(OursTrainer):
        config_class = OtherConfig

    with pytest.raises(TypeError, match=r"OtherTrainer needs args=OtherConfig\(…\), got SFTConfig"):
        trainer(OtherTrainer, model_dir, tmp_path)


def test_without_a_loss_of_its_own_it_is_trls(model_dir: str, tmp_path: Path) -> None:
    runs = [
        trainer(kind, model_dir, tmp_path, loss_type="dft", max_steps=1) for kind in (SFTTrainer, SupervisedTrainer)
    ]
    for run in runs:
        run.train()
    assert torch.equal(weights(runs[0]), weights(runs[1]))
