"""What the trainer of every paper that learns from a data set must do, through the real TRL class on the tiny model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from offline_papers import OFFLINE_PAPERS, OFFLINE_SHAPES
from offline_runs import BATCH, build, flat, losses, weights

from tests.trainers.questions import (
    Results,
    on_two_processes_and_on_one,
    resumes_as_if_never_stopped,
    trains_only_the_adapter,
    two_processes_equal_one,
)

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("offline_runs.py")


@pytest.fixture(params=OFFLINE_PAPERS)
def paper(request: pytest.FixtureRequest) -> Any:
    return OFFLINE_PAPERS[request.param]


@pytest.fixture(params=OFFLINE_SHAPES)
def shape(request: pytest.FixtureRequest) -> Any:
    return OFFLINE_SHAPES[request.param]


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


def test_gradient_accumulation_changes_nothing(shape: Any, model_dir: str, tmp_path: Path) -> None:
    trainers = [
        build(
            shape,
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


def test_only_the_adapter_is_trained(shape: Any, model_dir: str, tmp_path: Path) -> None:
    trains_only_the_adapter(partial(build, shape, model_dir, str(tmp_path)))


def test_a_resumed_run_ends_as_one_without_interruption(shape: Any, model_dir: str, tmp_path: Path) -> None:
    resumes_as_if_never_stopped(partial(build, shape, model_dir, str(tmp_path)), weights, tmp_path)


@pytest.fixture(scope="module")
def results(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return on_two_processes_and_on_one(SCRIPT, model_dir, tmp_path_factory.mktemp("processes"))


@pytest.mark.parametrize("name", OFFLINE_SHAPES)
def test_two_processes_equal_one(name: str, results: Results) -> None:
    two_processes_equal_one(name, results)
