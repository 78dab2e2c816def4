"""MDPO's trainer against TRL's GRPO, of which two tricks make mirror descent."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from jurybox.trainers import MDPOConfig, MDPOTrainer
from jurybox.trainers.papers.mdpo import MDPO


class Recorded:
    """Keeps the loss and the step of every micro-batch."""

    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        loss = super()._compute_loss(model, inputs)  # type: ignore[misc]
        self.__dict__.setdefault("losses", []).append(loss.item())
        return loss


class TRLAdapter(GRPOTrainer):
    """TRL's own KL term, from the policy that sampled instead of a reference; TRL multiplies it by the ratio."""

    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        k, K = self.state.global_step // self.num_iterations, self.args.max_steps // self.num_iterations
        self.beta = 1 / (1 - k / K)
        loss = super()._compute_loss(model, {**inputs, "ref_per_token_logps": inputs["old_per_token_logps"]})
        self.beta = 0.0
        return loss


def spread(completions: list[str], **_: Any) -> list[float]:
    """A reward that even random completions differ in."""
    return [sum(map(ord, text)) % 7 / 6 for text in completions]


def trained(build: Callable[..., Any], trainer_class: type, **settings: Any) -> Any:
    """Built and at once trained: building sets the seed."""
    settings |= {"optim": "sgd", "learning_rate": 0.1}  # Adam would blow rounding up to a whole step
    trainer = build(type("RecordedTrainer", (Recorded, trainer_class), {}), reward_funcs=spread, **settings)
    trainer.train()
    return trainer


def weights(trainer: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def config(tmp_path: Any, **settings: Any) -> MDPOConfig:
    return MDPOConfig(str(tmp_path), use_cpu=True, bf16=False, **settings)


@pytest.mark.slow
@pytest.mark.parametrize("accumulated", [1, 2])
@pytest.mark.parametrize("loss_type", ["bnpo", "grpo"])
def test_every_inner_step_is_trls_with_the_sampling_policy_as_reference(
    accumulated: int, loss_type: str, build: Callable[..., Any]
) -> None:
    settings = {
        "num_iterations": 4,
        "max_steps": 16,
        "loss_type": loss_type,
        "scale_rewards": "batch",
        "gradient_accumulation_steps": accumulated,
        "per_device_train_batch_size": 8 // accumulated,
    }
    ours = trained(build, MDPOTrainer, config_class=MDPOConfig, **settings)
    theirs = trained(build, TRLAdapter, epsilon=1e9, **settings)
    assert len(ours.losses) == 16 * accumulated
    assert ours.losses == pytest.approx(theirs.losses, abs=1e-5)
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-6, rtol=0)
    log = [row for row in ours.state.log_history if "step_size" in row]
    assert [row["step_size"] for row in log] == [t_k for t_k in (1.0, 0.75, 0.5, 0.25) for _ in range(4)]
    first, *_ = inner = [row["kl_old"] for row in log[:4]]
    assert first == 0
    assert all(kl > 0 for kl in inner[1:])


@pytest.mark.slow
def test_one_inner_step_is_grpo(build: Callable[..., Any]) -> None:
    settings = {"num_iterations": 1, "max_steps": 4, "loss_type": "bnpo", "scale_rewards": "batch"}
    ours = trained(build, MDPOTrainer, config_class=MDPOConfig, **settings)
    theirs = trained(build, GRPOTrainer, **settings)
    assert ours.losses == pytest.approx(theirs.losses, abs=1e-6)
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-6, rtol=0)


def test_a_step_size_for_every_step(tmp_path: Any) -> None:
    """Also for an iteration that the run leaves unfinished, and for evaluation before and after training."""
    objective = MDPO(config(tmp_path, num_iterations=4))
    assert [objective.step_size(step, 8) for step in range(9)] == [1.0] * 4 + [0.5] * 5
    assert [objective.step_size(step, 9) for step in (0, 3, 4, 8)] == pytest.approx([1.0, 1.0, 2 / 3, 1 / 3])
    assert objective.step_size(0, 0) == 1.0


def test_the_papers_defaults(tmp_path: Any) -> None:
    args = config(tmp_path)
    assert (args.num_iterations, args.loss_type, args.beta, args.epsilon) == (10, "bnpo", 0.0, math.inf)
    assert (args.scale_rewards, args.disable_dropout, args.lr_scheduler_type) == ("batch", True, "constant")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epsilon": 0.2}, "leave epsilon at inf, not 0.2"),
        ({"epsilon_high": 0.3}, "leave epsilon_high at None"),
        ({"delta": 2.0}, "leave delta at None"),
        ({"beta": 0.1}, "leave beta at 0.0"),
        ({"importance_sampling_level": "sequence"}, "leave importance_sampling_level at 'token'"),
        ({"steps_per_generation": 2}, "steps_per_generation must equal gradient_accumulation_steps=1"),
        ({"kl_estimator": "k3"}, "kl_estimator must be"),
        ({"num_iterations": 0}, "num_iterations must be at least 1"),
    ],
)
def test_settings_that_would_not_be_mirror_descent_are_refused(
    settings: dict[str, Any], message: str, tmp_path: Any
) -> None:
    with pytest.raises(ValueError, match=message):
        config(tmp_path, **settings)
