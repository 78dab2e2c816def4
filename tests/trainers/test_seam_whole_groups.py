"""Micro-batches of whole groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from jurybox.trainers import GRPO, Batch, ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.seam._whole_groups import require_whole_groups, shuffle_groups

pytestmark = pytest.mark.slow


class Whole(GRPO):
    whole_groups = True

    def __init__(self, config: Any) -> None:
        super().__init__(config)
        self.batches: list[Batch] = []

    def loss(self, batch: Batch) -> Any:
        self.batches.append(batch)
        return super().loss(batch)


def groups(batches: list[Batch]) -> list[int]:
    return torch.cat([batch.group_ids.unique() for batch in batches]).sort().values.tolist()


@pytest.mark.parametrize(
    ("settings", "generations"),
    [({"steps_per_generation": 4, "num_iterations": 2, "max_steps": 8}, 1), ({"gradient_accumulation_steps": 4}, 2)],
)
def test_every_micro_batch_holds_whole_groups(
    settings: dict[str, Any], generations: int, build: Callable[..., Any]
) -> None:
    trainer = build(ObjectiveTrainer, trainer_options={"objective": Whole}, **settings)
    trainer.train()
    batches = trainer.policy_objective.batches
    assert len(batches) == 8
    for batch in batches:
        ids, counts = batch.group_ids.unique(return_counts=True)
        assert counts.tolist() == [4, 4]
        assert len(ids) == 2
    trained = [groups(batches[start : start + 4]) for start in (0, 4)]
    assert trained == [list(range(8))] * 2, "each group once an iteration, or once a generation"
    drawn = torch.cat([batch.group_ids[::4] for batch in batches[:4]]).tolist()
    assert drawn != sorted(drawn), "groups are not shuffled"
    assert sum(row["step"] > 0 and "reward" in row for row in trainer.state.log_history) == generations


def test_it_can_be_asked_for_in_the_config(build: Callable[..., Any]) -> None:
    trainer = build(ObjectiveTrainer, config_class=ObjectiveConfig, whole_groups=True)
    assert trainer.whole_groups
    assert not build(ObjectiveTrainer, config_class=ObjectiveConfig).whole_groups


def test_sizes_that_cut_a_group_are_refused_at_construction(build: Callable[..., Any]) -> None:
    with pytest.raises(
        ValueError,
        match="per_device_train_batch_size=6 is not a multiple of the 4 generations per prompt; "
        "set per_device_train_batch_size=8",
    ):
        build(
            ObjectiveTrainer,
            trainer_options={"objective": Whole},
            per_device_train_batch_size=6,
            gradient_accumulation_steps=2,
        )


def test_evaluation_sizes_are_checked_when_there_is_evaluation(build: Callable[..., Any]) -> None:
    sizes = {"per_device_eval_batch_size": 8, "num_generations": 4, "num_generations_eval": 4}
    build(ObjectiveTrainer, trainer_options={"objective": Whole}, evaluate=True, eval_strategy="steps", **sizes)
    config = build(ObjectiveTrainer).args
    config.per_device_eval_batch_size = 6
    require_whole_groups(config, evaluates=False)
    with pytest.raises(ValueError, match="per_device_eval_batch_size=6"):
        require_whole_groups(config, evaluates=True)


def test_all_entries_are_permuted_alike() -> None:
    torch.manual_seed(0)
    rows = torch.arange(12)
    batch = {"a": rows, "b": rows.unsqueeze(1) * 2, "c": rows.tolist(), "n": torch.tensor(5), "none": None}
    shuffled = shuffle_groups(batch, 4)
    assert shuffled["a"].tolist() == shuffled["c"] == (shuffled["b"].flatten() // 2).tolist()
    assert shuffled["a"].tolist() != rows.tolist()
    assert torch.equal(shuffled["a"].view(3, 4) % 4, torch.arange(4).expand(3, 4)), "a group keeps its order"
    assert shuffled["n"] == 5
    assert shuffled["none"] is None
