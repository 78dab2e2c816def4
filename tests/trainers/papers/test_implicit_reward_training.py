"""f-SFT through TRL's SFTTrainer: its config, plain SFT as a special case, V, and DPO after it."""

from __future__ import annotations

import math
import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from offline_papers import demonstrations, pairs
from seam_tiny import tiny_tokenizer
from torch import Tensor
from transformers import AutoModelForCausalLM, HfArgumentParser
from trl import DPOConfig, DPOTrainer, SFTConfig, SFTTrainer

from jurybox.trainers import FSFT, FSFTConfig, FSFTTrainer
from jurybox.trainers.papers.implicit_reward import f_sft_loss_sequence, f_sft_loss_token

ON_CPU: dict[str, Any] = {
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
    "report_to": "none",
    "per_device_train_batch_size": 4,
    "max_steps": 2,
    "learning_rate": 0.3,
    "lr_scheduler_type": "constant",
    "optim": "sgd",
    "logging_steps": 1,
    "save_strategy": "no",
    "disable_tqdm": True,
}


def trainer(model: Any, out: Path, kind: Any = FSFTTrainer, config: Any = FSFTConfig, **more: Any) -> Any:
    return kind(
        model,
        args=config(str(out), **{**ON_CPU, **more}),
        train_dataset=Dataset.from_list(demonstrations()),
        processing_class=tiny_tokenizer(),
    )


def weights(trained: Any) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trained.model.parameters()])


# ---- the config -------------------------------------------------------------------------------------------


def config(**settings: Any) -> FSFTConfig:
    return FSFTConfig("unused", use_cpu=True, bf16=False, **settings)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"divergence": "kl"}, "divergence must be one of total_variation, .*, not 'kl'"),
        ({"level": "word"}, "level must be one of token, sequence, not 'word'"),
        ({"baseline": "prompt"}, "baseline must be one of zero, constant, shared, not 'prompt'"),
        ({"kl_beta": 0.0}, "kl_beta must be above 0, not 0.0"),
        ({"kl_beta": math.nan}, "kl_beta must be above 0, not nan"),
        ({"lr_factor": -1.0}, "lr_factor must be above 0, not -1.0"),
        ({"baseline_learning_rate": 0.0}, "baseline_learning_rate must be above 0"),
        ({"baseline_v": 1.0}, "say baseline='constant'"),
        ({"divergence": "forward_kl"}, "give baseline='constant' or 'shared' with baseline_v=1.0"),
        ({"divergence": "forward_kl", "baseline": "shared"}, "with baseline_v=1.0"),
        ({"divergence": "squared_hellinger", "linear_extension_below": -1.0}, "must be above -1, where"),
        ({"level": "sequence", "packing": True}, "needs a row a sequence"),
        ({"level": "sequence", "eval_packing": True}, "needs a row a sequence"),
        ({"level": "sequence", "padding_free": True}, "needs a row a sequence"),
    ],
)
def test_settings_without_meaning_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(**settings)


def test_the_rate_is_reduced_once() -> None:
    reduced = config(learning_rate=4e-5, lr_factor=0.25)
    copies = [
        replace(reduced, max_steps=3),
        pickle.loads(pickle.dumps(reduced)),
        FSFTConfig(**{name: value for name, value in reduced.to_dict().items() if name != "hub_token"}),
    ]
    assert [made.learning_rate for made in (reduced, *copies)] == [pytest.approx(1e-5)] * 4
    assert replace(reduced, lr_factor=0.5).learning_rate == pytest.approx(5e-6)


def test_a_command_line_makes_the_same_config() -> None:
    line = "--output_dir unused --use_cpu --bf16 false --divergence reverse_kl --lr_factor 0.25 --learning_rate 4e-5"
    (parsed,) = HfArgumentParser([FSFTConfig]).parse_args_into_dataclasses(line.split())
    assert (parsed.divergence, parsed.kl_beta) == ("reverse_kl", None)
    assert parsed.learning_rate == pytest.approx(1e-5)


def test_beta_follows_the_level() -> None:
    by_token = config()
    assert FSFT(by_token).beta == 1.0
    assert FSFT(replace(by_token, level="sequence")).beta == 0.1
    assert FSFT(config(kl_beta=0.3, level="sequence")).beta == 0.3


# ---- training ---------------------------------------------------------------------------------------------


def test_total_variation_by_token_is_plain_sft(model_dir: str, tmp_path: Path) -> None:
    plain = trainer(model_dir, tmp_path, SFTTrainer, SFTConfig, gradient_accumulation_steps=2)
    ours = trainer(model_dir, tmp_path, divergence="total_variation", gradient_accumulation_steps=2)
    for run in (plain, ours):
        run.train()
    torch.testing.assert_close(weights(ours), weights(plain), atol=1e-7, rtol=0)
    logged = [[row for row in run.state.log_history if "loss" in row] for run in (plain, ours)]
    for row, expected in zip(logged[1], logged[0], strict=True):
        assert row["grad_norm"] == pytest.approx(expected["grad_norm"], rel=1e-5)
        assert row["f_sft/weight"] == 1.0
    assert logged[1][0]["loss"] == pytest.approx(0.0, abs=1e-6)  # nll plus the mean log π_ref


@pytest.mark.parametrize("level", ["token", "sequence"])
def test_the_loss_is_that_of_the_function(level: Any, model_dir: str, tmp_path: Path) -> None:
    seen = []

    class Recorded(FSFT):
        def loss(self, batch: Any) -> Any:
            seen.append(batch)
            return super().loss(batch)

    class RecordedTrainer(FSFTTrainer):
        objective_class = Recorded

    run = trainer(model_dir, tmp_path, RecordedTrainer, divergence="squared_hellinger", level=level)
    run.train()
    batch = seen[-1]
    if level == "token":
        said = f_sft_loss_token(batch.logps, batch.ref_logps, batch.mask, divergence="squared_hellinger")
        mean = (said.implicit_reward.sum() / batch.mask.sum()).item()
    else:
        said = f_sft_loss_sequence(batch.logps.sum(1), batch.ref_logps.sum(1), divergence="squared_hellinger")
        mean = said.implicit_reward.mean().item()
    row = [row for row in run.state.log_history if "loss" in row][-1]
    assert row["loss"] == pytest.approx(said.loss.item(), rel=1e-4)
    assert row["f_sft/implicit_reward"] == pytest.approx(mean, rel=1e-4)
    assert row["f_sft/V"] == 0.0


@pytest.mark.slow
def test_a_resumed_run_keeps_v_and_the_first_reference(model_dir: str, tmp_path: Path) -> None:
    settings = {"baseline": "shared", "max_steps": 4, "divergence": "pearson_chi2"}
    whole = trainer(model_dir, tmp_path, **settings, save_strategy="steps", save_steps=2)
    whole.train()
    resumed = trainer(model_dir, tmp_path, **settings)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert abs(whole.supervised_objective.V) > 0.001
    assert pytest.approx(whole.supervised_objective.V, abs=1e-9) == resumed.supervised_objective.V
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-7, rtol=0)
    start = AutoModelForCausalLM.from_pretrained(model_dir).state_dict()
    for name, value in resumed.ref_model.state_dict().items():
        assert torch.equal(value, start[name]), name
    without = trainer(model_dir, tmp_path, max_steps=3)
    without.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert without.supervised_objective.V == 0.0


@pytest.mark.slow
def test_a_shared_v_sees_every_token_once(model_dir: str, tmp_path: Path) -> None:
    """In micro-batches of different lengths it moves as in one batch."""
    values = []
    for accumulated in (1, 4):
        run = trainer(
            model_dir, tmp_path / str(accumulated), baseline="shared", divergence="reverse_kl",
            per_device_train_batch_size=8 // accumulated, gradient_accumulation_steps=accumulated, max_steps=4,
        )  # fmt: skip
        run.train()
        values.append(run.supervised_objective.V)
    assert abs(values[0]) > 1e-3
    assert values[0] == pytest.approx(values[1], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings", [{"divergence": "total_variation"}, {"divergence": "total_variation", "lr_factor": 0.25}, {}]
)
def test_dpo_goes_on_from_what_sft_made(settings: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    sft = trainer(model_dir, tmp_path / "sft", **settings)
    sft.train()
    sft.save_model(str(tmp_path / "made"))
    dpo = DPOTrainer(
        str(tmp_path / "made"),
        args=DPOConfig(str(tmp_path / "dpo"), **ON_CPU),
        train_dataset=Dataset.from_list(pairs()),
        processing_class=tiny_tokenizer(),
    )
    before = weights(sft)
    assert torch.equal(weights(dpo), before)
    dpo.train()
    margins = [row["rewards/margins"] for row in dpo.state.log_history if "rewards/margins" in row]
    assert margins[0] == pytest.approx(0.0, abs=1e-6)
    assert math.isfinite(margins[-1])
    assert not torch.equal(weights(dpo), before)
    assert torch.equal(torch.cat([p.flatten() for p in dpo.ref_model.parameters()]), before)
