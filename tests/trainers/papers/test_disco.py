"""DisCO's trainer on the tiny model: against TRL's GRPO loss, and what its micro-batches hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from jurybox.judges import FormatJudge, LengthJudge
from jurybox.trainers import Batch, DisCO, DisCOConfig, DisCOTrainer, Objective, ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.objectives import group_stats


def right(completions: list[str], **_: Any) -> list[float]:
    """A verdict that even random completions differ in."""
    return [float(sum(map(ord, text)) % 3 == 0) for text in completions]


class Recorded:
    """Keeps every micro-batch and its loss."""

    def loss(self, batch: Batch) -> Any:
        result = super().loss(batch)  # type: ignore[misc]
        self.__dict__.setdefault("batches", []).append(batch)
        return result


class RecordedDisCO(Recorded, DisCO):
    pass


class LossesKept:
    def _compute_loss(self, model: Any, inputs: Any) -> Any:
        loss = super()._compute_loss(model, inputs)  # type: ignore[misc]
        self.__dict__.setdefault("losses", []).append(loss.item())
        return loss


class Sides(Objective):
    """Advantages of 1/p and −1/(1 − p), with which TRL's own loss is DisCO-b on ratios without its constraint."""

    whole_groups = True

    def advantages(self, rollout: Any) -> torch.Tensor:
        scores = rollout.scores
        p = group_stats(scores, rollout.group_ids).mean
        valid = (p > 0) & (p < 1)
        return torch.where(valid, torch.where(scores == 1, 1 / p, -1 / (1 - p)), 0.0)


def weights(trainer: Any) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in trainer.model.parameters()])


def settings(**more: Any) -> dict[str, Any]:
    return {
        "config_class": DisCOConfig,
        "reward_funcs": right,
        "loss_type": "dapo",
        **more,
    }


@pytest.mark.slow
@pytest.mark.parametrize("more", [{}, {"gradient_accumulation_steps": 2, "num_iterations": 2}])
def test_without_constraint_and_soft_maximum_trls_loss_gives_the_same(
    more: dict[str, Any], build: Callable[..., Any]
) -> None:
    shared = {"optim": "sgd", "learning_rate": 0.03, "max_steps": 8, "temperature": 1.0, **more}
    ours = build(
        type("OursKept", (LossesKept, DisCOTrainer), {}),
        **settings(variant="disco_b", score="Lratio", kl_beta=0.0, **shared),
    )
    assert ours.args.steps_per_generation == 4 * ours.args.gradient_accumulation_steps
    ours.train()
    theirs = build(
        type("TheirsKept", (LossesKept, ObjectiveTrainer), {}),
        config_class=ObjectiveConfig,
        reward_funcs=right,
        trainer_options={"objective": Sides},
        epsilon=1e9,
        exact_micro_batches=True,  # the losses are compared one micro-batch after the other
        disable_dropout=True,
        steps_per_generation=ours.args.steps_per_generation,
        **shared,
    )
    theirs.train()
    assert any(abs(loss) > 1e-3 for loss in ours.losses)
    assert ours.losses == pytest.approx(theirs.losses, abs=1e-5)
    torch.testing.assert_close(weights(ours), weights(theirs), atol=1e-6, rtol=0)


@pytest.mark.slow
def test_micro_batches_hold_whole_groups_and_the_kl_wakes_up_after_the_first_update(build: Callable[..., Any]) -> None:
    trainer = build(DisCOTrainer, trainer_options={"objective": RecordedDisCO}, **settings(max_steps=8))
    trainer.train()
    batches, log = trainer.policy_objective.batches, [row for row in trainer.state.log_history if "disco/kl" in row]
    assert len(batches) == len(log) == 8
    for batch, row in zip(batches, log, strict=True):
        ids, counts = batch.group_ids.unique(return_counts=True)
        assert counts.tolist() == [4, 4]
        sides = [set(batch.scores[batch.group_ids == q].tolist()) for q in ids]
        assert row["disco/num_valid"] == sum(side == {0.0, 1.0} for side in sides)
        assert row["disco/num_questions"] == 2
    # Padding of another width leaves rounding, nothing more.
    assert all(abs(row["disco/kl"]) < 1e-6 and not row["disco/constraint_violated"] for row in (log[0], log[4]))
    assert all(row["disco/kl"] != 0 for row in log[1:4])
    assert {"disco/frac_valid", "disco/frac_all_right", "disco/frac_all_wrong", "disco/frac_unlabelled"} <= log[
        0
    ].keys()


@pytest.mark.slow
@pytest.mark.parametrize("score", ["logL", "Lratio"])
@pytest.mark.parametrize("variant", ["disco", "disco_b"])
def test_aligned_steps_have_no_kl(variant: str, score: str, build: Callable[..., Any]) -> None:
    trainer = build(DisCOTrainer, **settings(variant=variant, score=score, updates_per_generation=1))
    before = weights(trainer).clone()
    trainer.train()
    log = [row for row in trainer.state.log_history if "disco/kl" in row]
    assert [row["disco/kl"] for row in log] == [0.0, 0.0]
    assert [row["disco/penalty"] for row in log] == [0.0, 0.0]
    assert any(row["disco/num_valid"] for row in log)
    assert torch.isfinite(weights(trainer)).all()
    assert not torch.equal(before, weights(trainer))


@pytest.mark.slow
def test_rewards_that_tell_nothing_are_pointed_out_and_a_threshold_helps(build: Callable[..., Any]) -> None:
    def graded(completions: list[str], **_: Any) -> list[float]:
        return [0.2 + 0.6 * value for value in right(completions)]

    shared = settings(reward_funcs=graded, updates_per_generation=1, max_steps=1)
    unclear = build(DisCOTrainer, **shared)
    with pytest.warns(UserWarning, match="8 of 8 rewards are neither 0 nor 1, for example 0.8"):
        unclear.train()
    assert unclear.state.log_history[0]["disco/frac_unlabelled"] == 1
    clear = build(DisCOTrainer, **settings(**shared | {"threshold": 0.5}))
    clear.train()
    assert clear.state.log_history[0]["disco/frac_unlabelled"] == 0
    assert set(clear._logs["advantages"]) <= {-1.0, 0.0, 1.0}


def test_a_reward_that_can_be_more_than_right_needs_a_threshold(build: Callable[..., Any]) -> None:
    reward = LengthJudge(4) + 0.2 * FormatJudge()
    shared = {"reward_funcs": reward, "updates_per_generation": 1}
    with pytest.raises(ValueError, match=r"the reward goes from 0 to 1\.2"):
        build(DisCOTrainer, **settings(**shared))
    build(DisCOTrainer, **settings(**shared, threshold=1.0))
    build(DisCOTrainer, **settings(**shared | {"reward_funcs": reward.clip(0, 1)}))


def test_the_defaults_are_the_papers() -> None:
    config = DisCOConfig("out", use_cpu=True, bf16=False)
    assert (config.variant, config.score, config.tau) == ("disco", "logL", 10.0)
    assert (config.kl_beta, config.kl_delta, config.kl_type) == (1e3, 1e-4, "kl")
    assert (config.num_generations, config.temperature, config.max_completion_length) == (8, 0.6, 8192)
    assert (config.steps_per_generation, config.num_iterations, config.learning_rate) == (4, 1, 2e-6)
    assert (config.beta, config.entropy_coef) == (0.0, 0.0)
    assert DisCOConfig("out", use_cpu=True, bf16=False, score="Lratio").tau == 1.0
    assert DisCOConfig("out", use_cpu=True, bf16=False, gradient_accumulation_steps=2).steps_per_generation == 8


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tau": 0.0}, "tau must be positive"),
        ({"kl_beta": -1.0}, "kl_beta"),
        ({"kl_delta": math.nan}, "kl_delta"),
        ({"variant": "b"}, "variant must be 'disco' or 'disco_b', not 'b'"),
        ({"score": "logl"}, "score must be"),
        ({"updates_per_generation": 0}, "updates_per_generation=0"),
        ({"beta": 0.1}, "leave beta at 0.0, not 0.1"),
        ({"epsilon": 0.2}, "leave epsilon at inf"),
        ({"loss_type": "grpo"}, "leave loss_type at 'dapo'"),
        ({"delta": 4.0}, "leave delta at None"),
    ],
)
def test_settings_without_meaning_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        DisCOConfig("out", use_cpu=True, bf16=False, **wrong)
