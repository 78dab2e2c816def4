"""A loss of pairs plugged into TRL's trainer: with DPO's own it is TRL's, gradient, metrics and all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from datasets import Dataset
from peft import LoraConfig
from seam_tiny import tiny_tokenizer
from torch import Tensor
from torch.nn.functional import logsigmoid
from trl import DPOConfig, DPOTrainer

from jurybox.trainers.seam import Pairs, PreferenceObjective, PreferenceTrainer

PAIRS = Dataset.from_list(
    [
        {"prompt": f"say {c}", "chosen": c * (2 + place % 3), "rejected": "t" * (1 + place % 4) + "n", "weight": place}
        for place, c in enumerate("eoeoteno")
    ]
)


class DPO(PreferenceObjective):
    """TRL's sigmoid loss, written down again."""

    seen: list[Pairs]

    def loss(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        self.seen = [*getattr(self, "seen", []), pairs]
        chosen = pairs.chosen_logps - pairs.ref_chosen_logps
        rejected = pairs.rejected_logps - pairs.ref_rejected_logps
        losses = -logsigmoid(self.config.beta * (chosen - rejected))
        return losses, {"mine/loss": losses, "mine/margin": (chosen - rejected).mean()}


class Weighted(DPO):
    columns = ("weight",)

    def loss(self, pairs: Pairs) -> tuple[Tensor, dict[str, Tensor]]:
        losses, metrics = super().loss(pairs)
        return losses * pairs.columns["weight"], metrics


class Alone(DPO):
    needs_reference = False


class OursTrainer(PreferenceTrainer):
    objective_class = DPO


class WeightedTrainer(PreferenceTrainer):
    objective_class = Weighted


class AloneTrainer(PreferenceTrainer):
    objective_class = Alone


def trainer(
    kind: type, model_dir: str, out: Path, *, peft_config: Any = None, data: Dataset = PAIRS, **more: Any
) -> Any:
    settings: dict[str, Any] = {
        "per_device_train_batch_size": 4,
        "max_steps": 3,
        "learning_rate": 0.05,
        "lr_scheduler_type": "constant",
        "optim": "sgd",
        "logging_steps": 1,
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "report_to": "none",
        "save_strategy": "no",
        "disable_tqdm": True,
        "per_device_eval_batch_size": 4,
    }
    return kind(
        model_dir,
        args=DPOConfig(str(out), **{**settings, **more}),
        train_dataset=data,
        eval_dataset=data if more.get("eval_strategy") else None,
        processing_class=tiny_tokenizer(),
        peft_config=peft_config,
    )


def weights(trained: Any) -> Tensor:
    return torch.cat([p.detach().flatten() for p in trained.accelerator.unwrap_model(trained.model).parameters()])


TIMES = ("_runtime", "_per_second", "_time")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"gradient_accumulation_steps": 2, "per_device_train_batch_size": 2},
        {"precompute_ref_log_probs": True},
        {"eval_strategy": "steps", "eval_steps": 2},
        {"peft_config": LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights="gaussian")},
    ],
    ids=["plain", "accumulated", "precomputed", "evaluated", "adapter"],
)
def test_it_trains_as_trl_does(settings: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    runs = []
    for kind in (DPOTrainer, OursTrainer):
        torch.manual_seed(0)
        runs.append(trainer(kind, model_dir, tmp_path / kind.__name__, **settings))
        runs[-1].train()
    trl, ours = runs
    torch.testing.assert_close(weights(ours), weights(trl), atol=1e-6, rtol=0)
    for row, expected in zip(ours.state.log_history, trl.state.log_history, strict=True):
        assert {key for key in row if "mine/" not in key} == expected.keys()
        numbers = [key for key in expected if not key.endswith(TIMES)]
        assert [row[key] for key in numbers] == pytest.approx([expected[key] for key in numbers], abs=1e-5)
        if "loss" in row:
            assert row["mine/loss"] == pytest.approx(row["loss"], abs=1e-6)


def test_the_loss_is_handed_sums_and_lengths(model_dir: str, tmp_path: Path) -> None:
    trained = trainer(OursTrainer, model_dir, tmp_path, max_steps=1)
    trained.train()
    (pairs,) = trained.preference_objective.seen
    assert pairs.chosen_logps.shape == pairs.rejected_lengths.shape == (4,)
    assert pairs.chosen_logps.requires_grad
    assert not pairs.ref_chosen_logps.requires_grad
    torch.testing.assert_close(pairs.chosen_logps.detach(), pairs.ref_chosen_logps, atol=1e-5, rtol=0)
    assert pairs.training
    assert (pairs.step, pairs.max_steps) == (0, 1)


def test_columns_follow_their_pairs(model_dir: str, tmp_path: Path) -> None:
    """A pair of weight 0 has no gradient: training on the others alone gives the same."""
    data = PAIRS.select([0, 1, 2, 3]).add_column("order", [0, 1, 2, 3])
    masked = data.map(lambda row: {"weight": float(row["order"] < 2)})
    trained = trainer(WeightedTrainer, model_dir, tmp_path / "a", data=masked, max_steps=1)
    trained.train()
    (pairs,) = trained.preference_objective.seen
    assert sorted(pairs.columns["weight"].tolist()) == [0.0, 0.0, 1.0, 1.0]
    half = trainer(
        OursTrainer, model_dir, tmp_path / "b", data=data.select([0, 1]), max_steps=1, per_device_train_batch_size=2,
        learning_rate=0.025,
    )  # fmt: skip
    half.train()
    torch.testing.assert_close(weights(trained), weights(half), atol=1e-6, rtol=0)


def test_a_missing_column_is_named(model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="no column 'weight' in the data set; it has: chosen_ids"):
        trainer(WeightedTrainer, model_dir, tmp_path, data=PAIRS.remove_columns("weight")).train()


def test_without_need_of_a_reference_none_is_run(model_dir: str, tmp_path: Path) -> None:
    trained = trainer(AloneTrainer, model_dir, tmp_path, max_steps=1)
    trained.ref_model = None
    trained.train()
    assert trained.preference_objective.seen[0].ref_chosen_logps.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    "settings",
    [
        {"loss_type": "ipo"},
        {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, 0.5]},
        {"f_divergence_type": "js_divergence"},
        {"use_weighting": True},
        {"ld_alpha": 0.5},
    ],
)
def test_settings_of_trls_loss_are_refused(settings: dict[str, Any], model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{min(settings)}.*DPO"):
        trainer(OursTrainer, model_dir, tmp_path, **settings)


def test_a_config_of_another_trainer_is_refused(model_dir: str, tmp_path: Path) -> None:
    class OtherConfig(DPOConfig):
        pass

    class OtherTrainer(OursTrainer):
        config_class = OtherConfig

    with pytest.raises(TypeError, match=r"OtherTrainer needs args=OtherConfig\(…\), got DPOConfig"):
        trainer(OtherTrainer, model_dir, tmp_path)
