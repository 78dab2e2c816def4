"""The plain objective through the seam against TRL's own loss, on the same batch: value, gradient, metrics."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from jurybox.trainers import GRPO, ObjectiveTrainer

LOSS_TYPES = ("grpo", "bnpo", "dr_grpo", "dapo")
TOLERANCE = 1e-6


@pytest.fixture(scope="module")
def cache() -> dict[str, Any]:
    return {}


@pytest.fixture
def batch(build: Callable[..., Any], cache: dict[str, Any]) -> tuple[ObjectiveTrainer, dict[str, Any]]:
    """One trainer and one micro-batch for all cases: old and reference policies moved away from the current."""
    if not cache:
        trainer = build(ObjectiveTrainer, trainer_options={"objective": GRPO}, beta=0.1, num_iterations=2)
        trainer.create_optimizer_and_scheduler(2)
        trainer.model.train()
        trainer.current_gradient_accumulation_steps = 1
        inputs = dict(trainer._prepare_inputs(next(iter(trainer.get_train_dataloader()))))
        noise = torch.Generator().manual_seed(0)
        shape = inputs["old_per_token_logps"].shape
        inputs["old_per_token_logps"] += 0.5 * torch.randn(shape, generator=noise)
        inputs["ref_per_token_logps"] += 0.5 * torch.randn(shape, generator=noise)
        inputs["advantages"] = torch.randn(8, generator=noise)
        inputs["completion_mask"][0, 1:] = 0  # a completion of one token
        inputs["completion_mask"][1] = 0  # and one that is masked out, as truncated ones may be
        cache["batch"] = trainer, inputs
    return cache["batch"]


def evaluate(
    compute_loss: Callable[..., torch.Tensor], trainer: Any, inputs: dict[str, Any]
) -> tuple[float, torch.Tensor, dict[str, float]]:
    trainer.model.zero_grad()
    trainer._metrics["train"].clear()
    loss = compute_loss(trainer, trainer.model, inputs)
    loss.backward()
    gradient = torch.cat([p.grad.flatten() for p in trainer.model.parameters() if p.grad is not None])
    return loss.item(), gradient, {name: values[-1] for name, values in trainer._metrics["train"].items()}


def assert_same(trainer: Any, inputs: dict[str, Any]) -> None:
    loss, gradient, metrics = evaluate(ObjectiveTrainer._compute_loss, trainer, inputs)
    trl_loss, trl_gradient, trl_metrics = evaluate(GRPOTrainer._compute_loss, trainer, inputs)
    assert loss == pytest.approx(trl_loss, abs=TOLERANCE)
    torch.testing.assert_close(gradient, trl_gradient, atol=TOLERANCE, rtol=0)
    assert metrics.keys() == trl_metrics.keys()
    assert metrics == pytest.approx(trl_metrics, abs=TOLERANCE, nan_ok=True)
    assert trl_gradient.abs().max() > 1e-3, "nothing was compared"


CASES = list(
    itertools.product(
        LOSS_TYPES, (0.0, 0.1), ("token", "sequence"), (True, False), (None, 0.4), (None, 1.5, 1.1), (1, 4)
    )
)


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_loss_gradient_and_metrics_equal_trl(loss_type: str, batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    cases = [case for case in CASES if case[0] == loss_type]
    assert len(cases) == 96
    for _, beta, level, corrected, epsilon_high, delta, accumulation in cases:
        settings = {
            "beta": beta,
            "importance_sampling_level": level,
            "use_bias_correction_kl": corrected,
            "epsilon_high": epsilon_high,
            "delta": delta,
            "loss_type": loss_type,
        }
        for name, value in settings.items():
            monkeypatch.setattr(trainer.args, name, value)
        for name in ("beta", "importance_sampling_level", "loss_type"):
            monkeypatch.setattr(trainer, name, settings[name])
        monkeypatch.setattr(trainer, "epsilon_high", 0.2 if epsilon_high is None else epsilon_high)
        monkeypatch.setattr(trainer, "policy_objective", GRPO(trainer.args))
        monkeypatch.setattr(trainer, "current_gradient_accumulation_steps", accumulation)
        assert_same(trainer, inputs)


def test_the_batch_exercises_both_sides_of_the_clip(batch: Any) -> None:
    trainer, inputs = batch
    _, _, metrics = evaluate(GRPOTrainer._compute_loss, trainer, inputs)
    assert metrics["clip_ratio/low_mean"] > 0.1
    assert metrics["clip_ratio/high_mean"] > 0.1
    assert len(inputs["completion_mask"].sum(1).unique()) > 2, "completions of equal length"


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_a_matrix_of_advantages_equals_trl(loss_type: str, batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    monkeypatch.setattr(trainer.args, "loss_type", loss_type)
    monkeypatch.setattr(trainer, "loss_type", loss_type)
    monkeypatch.setattr(trainer, "policy_objective", GRPO(trainer.args))
    shape = inputs["completion_ids"].shape
    assert_same(trainer, {**inputs, "advantages": torch.randn(shape, generator=torch.Generator().manual_seed(1))})


@pytest.mark.parametrize("loss_type", LOSS_TYPES)
def test_the_entropy_bonus_equals_trl(loss_type: str, batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    monkeypatch.setattr(trainer.args, "loss_type", loss_type)
    monkeypatch.setattr(trainer, "loss_type", loss_type)
    monkeypatch.setattr(trainer, "policy_objective", GRPO(trainer.args))
    monkeypatch.setattr(trainer, "current_gradient_accumulation_steps", 3)
    monkeypatch.setattr(trainer, "entropy_coef", 0.5)
    monkeypatch.setattr(trainer, "_entropy_bonus_enabled", True)
    assert_same(trainer, inputs)


def test_sampling_correction_of_vllm_equals_trl(batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    monkeypatch.setattr(trainer, "use_vllm", True)
    for shape in (inputs["completion_ids"].shape, (len(inputs["completion_ids"]), 1)):
        assert_same(trainer, {**inputs, "importance_sampling_ratio": torch.full(shape, 0.7)})


def test_evaluation_equals_trl(batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    monkeypatch.setattr(trainer.args, "loss_type", "dapo")
    monkeypatch.setattr(trainer, "loss_type", "dapo")
    monkeypatch.setattr(trainer, "policy_objective", GRPO(trainer.args))
    trainer.model.eval()
    try:
        with torch.no_grad():
            ours = ObjectiveTrainer._compute_loss(trainer, trainer.model, inputs).item()
            theirs = GRPOTrainer._compute_loss(trainer, trainer.model, inputs).item()
    finally:
        trainer.model.train()
    assert ours == pytest.approx(theirs, abs=TOLERANCE)


def test_one_forward_pass_a_step(batch: Any, monkeypatch: Any) -> None:
    trainer, inputs = batch
    calls = []
    forward = GRPOTrainer._get_per_token_logps_and_entropies
    monkeypatch.setattr(
        GRPOTrainer,
        "_get_per_token_logps_and_entropies",
        lambda self, *a, **k: calls.append(1) or forward(self, *a, **k),
    )
    trainer._compute_loss(trainer.model, inputs)
    assert len(calls) == 1
