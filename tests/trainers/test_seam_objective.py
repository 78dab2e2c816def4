"""What an objective may replace, what it is handed, and what it hands on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import torch
from peft import LoraConfig
from seam_tiny import tiny_model, tiny_tokenizer
from trl import GRPOTrainer

from jurybox.trainers import GRPO, Batch, Chain, Objective, ObjectiveConfig, ObjectiveTrainer, Policy, Rollout

pytestmark = pytest.mark.slow

Build = Callable[..., Any]


def run(build: Build, objective: type[Objective], **settings: Any) -> ObjectiveTrainer:
    options = {"objective": objective, **settings.pop("trainer_options", {})}
    trainer = build(ObjectiveTrainer, trainer_options=options, **settings)
    trainer.train()
    return trainer


class Watched(GRPO):
    """Keeps what it was handed."""

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.rollouts: list[Rollout] = []
        self.batches: list[Batch] = []

    def advantages(self, rollout: Rollout) -> Any:
        self.rollouts.append(rollout)
        return super().advantages(rollout)

    def loss(self, batch: Batch) -> Any:
        self.batches.append(batch)
        return super().loss(batch)


def test_a_rollout_has_what_an_estimator_needs(build: Build) -> None:
    rollout = run(build, Watched, steps_per_generation=2, max_steps=1).policy_objective.rollouts[0]
    assert rollout.rewards.shape == (16, 2)
    assert rollout.scores.tolist() == pytest.approx(rollout.rewards.sum(1).tolist())
    assert rollout.group_ids.tolist() == [i // 4 for i in range(16)]
    assert [len(rollout.prompts), len(rollout.completions)] == [16, 16]
    assert rollout.mask.shape == rollout.completion_ids.shape == rollout.old_logps.shape
    assert rollout.ref_logps is None
    assert rollout.column("letter") == [row["letter"] for row in rollout.rows]
    assert (rollout.training, rollout.step, rollout.max_steps, rollout.num_generations) == (True, 0, 1, 4)
    with pytest.raises(KeyError, match="no column 'answer' in the dataset; it has: letter, prompt"):
        rollout.column("answer")
    with pytest.raises(ValueError, match="expected 16 rows"):
        rollout.local(torch.zeros(3))


def test_a_batch_carries_its_rows_through_shuffle_and_split(build: Build) -> None:
    objective = run(build, Watched, steps_per_generation=2, max_steps=2).policy_objective
    assert len(objective.rollouts) == 1
    rollout = objective.rollouts[0]
    trained = {key: torch.cat([getattr(b, key) for b in objective.batches]) for key in ("rewards", "group_ids")}
    order = trained["group_ids"].argsort(stable=True)
    for group in range(4):
        ours = trained["rewards"][trained["group_ids"] == group].sort(dim=0).values
        assert torch.equal(ours, rollout.rewards[4 * group : 4 * group + 4].sort(dim=0).values)
    assert order.tolist() != list(range(16)), "rows were not shuffled, so nothing was tested"
    first, second = objective.batches
    assert first.logps.requires_grad
    assert not first.old_logps.requires_grad
    assert first.logps.shape == first.entropies.shape == first.mask.shape == first.completion_ids.shape
    assert first.advantages.shape == (8, 1)
    assert first.num_items == pytest.approx((first.mask.sum() + second.mask.sum()).item() / 2)
    assert (first.step, second.step, first.max_steps, first.max_length) == (0, 1, 2, 8)


class PerToken(GRPO):
    """Advantages a token, with columns of its own that must meet their rows again in the loss."""

    def advantages(self, rollout: Rollout) -> Any:
        lengths = rollout.mask.sum(1)
        advantages = super().advantages(rollout).unsqueeze(1) * torch.linspace(1, 2, rollout.mask.shape[1])
        return {"advantages": advantages, "length": lengths, "scale": rollout.group_ids * 1.0}

    def loss(self, batch: Batch) -> Any:
        assert batch.advantages.shape == batch.mask.shape
        assert torch.equal(batch["length"], batch.mask.sum(1))
        assert torch.equal(batch["scale"].long(), batch.group_ids)
        with pytest.raises(KeyError, match="no column 'weight' in the batch; advantages\\(\\) returned: length, scale"):
            batch["weight"]
        loss, metrics = super().loss(batch)
        return loss, {**metrics, "length": batch["length"], "length_max": batch["length"], "loss_seen": loss}


def test_advantages_of_tokens_and_their_columns_reach_the_loss(build: Build) -> None:
    trainer = run(build, PerToken, steps_per_generation=2, num_iterations=2)
    log = trainer.state.log_history[0]
    assert log["length"] == pytest.approx(log["completions/mean_length"], abs=8)
    assert log["length_max"] >= log["length"]
    assert log["loss_seen"] == pytest.approx(log["loss"], abs=1e-6)


class HalfKept(GRPO):
    def advantages(self, rollout: Rollout) -> Any:
        return {"advantages": super().advantages(rollout), "keep": rollout.group_ids % 2 == 0}

    def loss(self, batch: Batch) -> Any:
        assert torch.equal(batch.mask.sum(1) > 0, batch.group_ids % 2 == 0)
        assert batch.num_items == batch.mask.sum()
        return super().loss(batch)


def test_rows_left_out_leave_the_loss_and_its_denominators(build: Build) -> None:
    run(build, HalfKept, loss_type="dapo")


class HalfKeptByTRL(Objective):
    def advantages(self, rollout: Rollout) -> Any:
        return {"advantages": rollout.trl_advantages, "keep": rollout.group_ids % 2 == 0}


def test_rows_are_left_out_of_trls_own_loss_too(build: Build) -> None:
    ours, trl = (run(build, o, loss_type="dapo").state.log_history for o in (HalfKept, HalfKeptByTRL))
    assert [row["loss"] for row in ours[:2]] == pytest.approx([row["loss"] for row in trl[:2]], abs=1e-6)


class OwnAdvantages(Objective):
    def advantages(self, rollout: Rollout) -> Any:
        rollout.log("own/share", (rollout.scores > 0).float().mean())
        return torch.arange(len(rollout.scores), dtype=torch.float64)


def test_own_advantages_with_trls_loss(build: Build) -> None:
    trainer = run(build, OwnAdvantages, loss_type="cispo", max_steps=1)
    log = trainer.state.log_history[0]
    assert "cispo_clip_ratio" in log
    assert 0 <= log["own/share"] <= 1
    assert list(trainer._logs["advantages"]) == list(range(8)), "the table of completions shows the objective's"


def test_the_table_of_completions_keeps_one_number_a_row(build: Build) -> None:
    """Also in evaluation, where a batch is smaller than what the table holds."""
    trainer = run(
        build,
        OwnAdvantages,
        steps_per_generation=2,
        evaluate=True,
        eval_strategy="steps",
        eval_steps=2,
        per_device_eval_batch_size=8,
    )
    assert list(trainer._logs["advantages"]) == [*range(8), *range(8)]


class Infinite(Objective):
    def advantages(self, rollout: Rollout) -> Any:
        return rollout.scores / 0


def test_advantages_that_are_not_finite_are_an_error(build: Build) -> None:
    with pytest.raises(ValueError, match=r"advantages\(\) gave a value that is not finite"):
        run(build, Infinite)


class Clashing(Objective):
    def advantages(self, rollout: Rollout) -> Any:
        return {"advantages": rollout.scores, "rewards": rollout.scores}


def test_columns_every_batch_has_cannot_be_replaced(build: Build) -> None:
    with pytest.raises(ValueError, match=r"advantages\(\) returned rewards, which every batch has"):
        run(build, Clashing)


class Needy(Objective):
    """CRPG-like: policy and reference at sampling time, no KL in the loss."""

    needs_old_logps = True
    needs_reference = True

    def advantages(self, rollout: Rollout) -> Any:
        k = ((rollout.old_logps - rollout.ref_logps) * rollout.mask).sum(1)
        rollout.log("k", rollout.gather(k).abs().mean())
        return rollout.trl_advantages


@pytest.mark.parametrize("adapter", [False, True])
def test_reference_and_old_policy_on_request_without_a_kl_penalty(adapter: bool, build: Build) -> None:
    lora = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM") if adapter else None
    trainer = run(build, Needy, max_steps=3, trainer_options={"peft_config": lora})
    logs = [row for row in trainer.state.log_history if "k" in row]
    assert logs[0]["k"] == pytest.approx(0, abs=1e-4)
    assert logs[2]["k"] > 1e-3, "the policy has left the reference"
    assert "kl" not in logs[2]
    assert trainer.beta == trainer.args.beta == 0.0


class Drawn(GRPO):
    """Draws its own completions; the last one of a group is left empty."""

    def generate(self, chains: list[Chain], policy: Policy) -> None:
        policy.extend([chain for chain in chains if chain.slot < 3])


@pytest.mark.parametrize("loss_type", ["grpo", "bnpo", "dr_grpo", "dapo"])
def test_empty_completions_are_trained_around(loss_type: str, build: Build) -> None:
    trainer = run(build, Drawn, loss_type=loss_type, num_iterations=2, beta=0.1)
    assert all(row["loss"] == row["loss"] for row in trainer.state.log_history if "loss" in row)
    assert trainer.state.log_history[0]["completions/min_length"] == 0
    assert all(torch.isfinite(p).all() for p in trainer.model.parameters())


def test_the_reference_of_a_model_in_memory_is_a_copy_of_it(build: Build) -> None:
    """TRL loads it by the model's name, which this one does not have."""

    class Referring(GRPO):
        needs_reference = True

    tokenizer = tiny_tokenizer()
    model = tiny_model(len(tokenizer))
    trainer = build(ObjectiveTrainer, model=model, trainer_options={"objective": Referring}, max_steps=1)
    start = [p.detach().clone() for p in model.parameters()]
    trainer.train()
    assert all(torch.equal(p, before) for p, before in zip(trainer.ref_model.parameters(), start, strict=True))
    assert not all(torch.equal(p, before) for p, before in zip(model.parameters(), start, strict=True))


def test_an_objective_that_draws_itself_takes_no_rollout_func(build: Build) -> None:
    with pytest.raises(ValueError, match="Drawn draws completions itself: give no rollout_func"):
        build(ObjectiveTrainer, trainer_options={"objective": Drawn, "rollout_func": lambda *_: {}})


@pytest.mark.parametrize(
    "setting", [{"top_entropy_quantile": 0.5}, {"off_policy_mask_threshold": 0.1}, {"use_adaptive_entropy": True}]
)
def test_settings_an_own_loss_would_ignore_are_refused(setting: dict[str, Any], build: Build) -> None:
    with pytest.raises(ValueError, match=f"{next(iter(setting))} acts inside TRL's own loss, which GRPO replaces"):
        build(ObjectiveTrainer, trainer_options={"objective": GRPO}, **setting)
    build(ObjectiveTrainer, **setting)


def test_a_loss_type_grpo_does_not_compute_is_refused(build: Build) -> None:
    with pytest.raises(ValueError, match="GRPO computes loss_type grpo, bnpo, dr_grpo, dapo, not 'cispo'"):
        build(ObjectiveTrainer, trainer_options={"objective": GRPO}, loss_type="cispo")


@dataclass
class PaperConfig(ObjectiveConfig):
    use_cpu: bool = True
    bf16: bool = False


class PaperTrainer(ObjectiveTrainer):
    objective_class = GRPO
    config_class = PaperConfig


def test_a_papers_trainer_wants_its_own_config(build: Build) -> None:
    with pytest.raises(TypeError, match=r"PaperTrainer needs args=PaperConfig\(…\), got GRPOConfig"):
        build(PaperTrainer)
    assert isinstance(build(PaperTrainer, config_class=PaperConfig).policy_objective, GRPO)
    assert PaperTrainer._config("some/model", None).output_dir == "model-Paper"


def test_it_is_a_grpo_trainer() -> None:
    assert issubclass(ObjectiveTrainer, GRPOTrainer)
