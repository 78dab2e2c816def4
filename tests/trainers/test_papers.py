"""What every paper's trainer must do, through the real TRL class on the tiny model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from online_papers import PAPERS, SHAPES
from paper_runs import build, losses, weights

from tests.trainers.questions import (
    Results,
    on_two_processes_and_on_one,
    resumes_as_if_never_stopped,
    trains_only_the_adapter,
    two_processes_equal_one,
)

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("paper_runs.py")


@pytest.fixture(params=PAPERS)
def paper(request: pytest.FixtureRequest) -> Any:
    return PAPERS[request.param]


@pytest.fixture(params=SHAPES)
def shape(request: pytest.FixtureRequest) -> Any:
    return SHAPES[request.param]


def test_it_trains_and_evaluates(paper: Any, model_dir: str, tmp_path: Path) -> None:
    trainer = build(paper, model_dir, str(tmp_path), eval_strategy="steps", eval_steps=3, per_device_eval_batch_size=8)
    before = weights(trainer).clone()
    trainer.train()
    assert torch.isfinite(torch.tensor(losses(trainer))).all()
    assert len(losses(trainer)) == 3
    assert not torch.equal(before, weights(trainer))
    assert any("eval_reward" in row for row in trainer.state.log_history)


TRLS = {
    "importance_sampling_level": "sequence",
    "epsilon": 1e-6,
    "epsilon_high": 1e-6,
    "delta": 1.00001,
    "scale_rewards": ("none", "batch"),
    "multi_objective_aggregation": "normalize_then_sum",
    "loss_type": "dr_grpo",
    "beta": 0.5,
}
ON_POLICY = {"epsilon", "epsilon_high", "delta"}  # where every ratio is 1 these have nothing to act on


def test_no_setting_of_trls_loss_is_silently_ignored(paper: Any, model_dir: str, tmp_path: Path) -> None:
    """It is refused, or the weights show it."""

    def run(**settings: Any) -> torch.Tensor | None:
        try:
            trainer = build(paper, model_dir, str(tmp_path), **settings)
        except ValueError as error:
            return None if any(name in str(error) for name in settings) else pytest.fail(str(error))
        trainer.train()
        return weights(trainer)

    several = {"num_iterations": 2}
    if (plain := run(**several)) is None:
        several, plain = {}, run()
    default = build(paper, model_dir, str(tmp_path)).args
    for name, values in TRLS.items():
        for value in values if isinstance(values, tuple) else (values,):
            if value != getattr(default, name) and (several or name not in ON_POLICY):
                changed = run(**several, **{name: value})
                assert changed is None or not torch.equal(changed, plain), f"{name}={value!r} does nothing"


def test_gradient_accumulation_changes_nothing(shape: Any, model_dir: str, tmp_path: Path) -> None:
    trainers = [
        build(
            shape,
            model_dir,
            str(tmp_path / str(accumulated)),
            scripted=True,
            per_device_train_batch_size=8 // accumulated,
            gradient_accumulation_steps=accumulated,
        )
        for accumulated in (1, 2)
    ]
    for trainer in trainers:
        trainer.train()
    torch.testing.assert_close(weights(trainers[0]), weights(trainers[1]), atol=1e-6, rtol=0)
    assert losses(trainers[0]) == pytest.approx(losses(trainers[1]), abs=1e-5)


def test_only_the_adapter_is_trained(shape: Any, model_dir: str, tmp_path: Path) -> None:
    trains_only_the_adapter(partial(build, shape, model_dir, str(tmp_path)))


def test_rewards_that_abstain_train_on_the_rest(paper: Any, model_dir: str, tmp_path: Path) -> None:
    trainer = build(paper, model_dir, str(tmp_path), scripted=True, abstains=True)
    before = weights(trainer).clone()
    trainer.train()
    assert torch.isfinite(torch.tensor(losses(trainer))).all()
    assert torch.isfinite(weights(trainer)).all()
    assert not torch.equal(before, weights(trainer))


def test_a_resumed_run_ends_as_one_without_interruption(shape: Any, model_dir: str, tmp_path: Path) -> None:
    resumes_as_if_never_stopped(partial(build, shape, model_dir, str(tmp_path)), weights, tmp_path)


@pytest.fixture(scope="module")
def results(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> Results:
    return on_two_processes_and_on_one(SCRIPT, model_dir, tmp_path_factory.mktemp("processes"))


@pytest.mark.parametrize("name", SHAPES)
def test_two_processes_equal_one(name: str, results: Results) -> None:
    two_processes_equal_one(name, results)
