"""What the trainer of every paper that learns from a data set must do, through the real TRL class on the tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from offline_papers import OFFLINE_PAPERS
from offline_runs import BATCH, build, flat, losses, weights
from peft import LoraConfig

from tests.trainers.launching import launch

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("offline_runs.py")


@pytest.fixture(params=OFFLINE_PAPERS)
def paper(request: pytest.FixtureRequest) -> Any:
    return OFFLINE_PAPERS[request.param]


def test_it_trains_and_evaluates_against_a_frozen_reference(paper: Any, model_dir: str, tmp_path: Path) -> None:
    trainer = build(paper, model_dir, str(tmp_path), eval_strategy="steps", eval_steps=3)
    before = weights(trainer).clone()
    trainer.train()
    assert torch.isfinite(torch.tensor(losses(trainer))).all()
    assert losses(trainer)[-1] < losses(trainer)[0]
    assert any("eval_loss" in row for row in trainer.state.log_history)
    assert not torch.equal(before, weights(trainer))
    if trainer.ref_model is not None:
        assert torch.equal(before, flat(trainer.ref_model))


def test_gradient_accumulation_changes_nothing(paper: Any, model_dir: str, tmp_path: Path) -> None:
    trainers = [
        build(
            paper,
            model_dir,
            str(tmp_path / str(accumulated)),
            per_device_train_batch_size=BATCH // accumulated,
            gradient_accumulation_steps=accumulated,
        )
        for accumulated in (1, 2)
    ]
    for trainer in trainers:
        trainer.train()
    torch.testing.assert_close(weights(trainers[0]), weights(trainers[1]), atol=1e-6, rtol=0)
    assert losses(trainers[0]) == pytest.approx(losses(trainers[1]), rel=1e-5)


def test_only_the_adapter_is_trained(paper: Any, model_dir: str, tmp_path: Path) -> None:
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights="gaussian")
    trainer = build(paper, model_dir, str(tmp_path), peft_config=lora)
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    trainer.train()
    changed = {name for name, p in trainer.model.named_parameters() if not torch.equal(before[name], p)}
    assert changed
    assert all("lora_" in name for name in changed)


def test_a_resumed_run_ends_as_one_without_interruption(paper: Any, model_dir: str, tmp_path: Path) -> None:
    whole = build(paper, model_dir, str(tmp_path), max_steps=4, save_strategy="steps", save_steps=2)
    whole.train()
    resumed = build(paper, model_dir, str(tmp_path), max_steps=4)
    resumed.train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-7, rtol=0)


@pytest.fixture(scope="module")
def processes(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any, Any]:
    """Every paper's run on two processes, (first, second), and the same on one: results by paper."""
    out = tmp_path_factory.mktemp("processes")
    first, second = launch(SCRIPT, model_dir, str(out / "two"), "2", processes=2, out=out / "two")
    (alone,) = launch(SCRIPT, model_dir, str(out / "one"), "1", processes=1, out=out / "one")
    return first, second, alone


@pytest.mark.parametrize("name", OFFLINE_PAPERS)
def test_two_processes_equal_one(name: str, processes: Any) -> None:
    for result in processes:
        assert "error" not in result[name], result[name]["error"]
    first, second, alone = (result[name] for result in processes)
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), torch.tensor(alone["weights"]), atol=1e-6, rtol=0)
    assert first["losses"] == pytest.approx(alone["losses"], rel=1e-5)
