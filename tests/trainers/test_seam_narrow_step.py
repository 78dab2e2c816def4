"""The same gradient from narrow passes, micro-batches of similar lengths, and without rows that have none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from peft import LoraConfig
from seam_tiny import END_EARLY
from torch import Tensor
from trl import GRPOTrainer

from jurybox.trainers import GRPO, Objective, ObjectiveConfig, ObjectiveTrainer
from jurybox.trainers.seam._micro_batches import SHARE, cut, loud_units, silent_rows
from jurybox.trainers.seam._width import narrow_passes

Build = Callable[..., Any]


def rows_of(prompts: list[int], completions: list[int]) -> dict[str, Any]:
    """TRL's dictionary of rows with such lengths; `row` says which each was."""
    P, T = max(prompts), max(1, *completions)
    return {
        "prompt_mask": torch.tensor([[0] * (P - p) + [1] * p for p in prompts]),
        "completion_mask": torch.tensor([[1] * c + [0] * (T - c) for c in completions]),
        "row": torch.arange(len(prompts)),
        "names": [str(i) for i in range(len(prompts))],
        "num_items_in_batch": torch.tensor(sum(completions)),
        "old_per_token_logps": None,
    }


lengths = st.integers(0, 9)


@given(st.data())
def test_every_row_with_a_gradient_is_in_one_micro_batch_of_its_update(data: st.DataObject) -> None:
    unit, groups, update, updates = (data.draw(st.integers(1, 3)) for _ in range(4))
    n = unit * groups * update * updates
    completions = data.draw(st.lists(lengths, min_size=n, max_size=n))
    silent = torch.tensor(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    batch = rows_of([1] * n, completions)
    loud = loud_units(silent, updates, unit)
    elsewhere = torch.tensor(data.draw(st.lists(st.integers(0, groups * update), min_size=updates, max_size=updates)))
    kept = loud.maximum(elsewhere)  # another process may have more of them
    cuts = cut(batch, update, "rows", silent, unit, kept)
    assert len(cuts) == update * updates
    for number in range(updates):
        members = set(range(number * n // updates, (number + 1) * n // updates))
        micro = cuts[number * update : (number + 1) * update]
        seen = [int(row) for batch in micro for row in batch["row"]]
        assert len(seen) == len(set(seen))
        assert {row for row in members if not silent[row]} <= set(seen) <= members
        assert len(seen) == unit * max(int(kept[number]), update)
        assert all(len(batch["row"]) for batch in micro)
        longest = [max(completions[row] for row in batch["row"].tolist()) for batch in micro]
        assert longest == sorted(longest)
        for batch in micro:
            rows = batch["row"].tolist()
            assert batch["names"] == [str(row) for row in rows]
            assert batch[SHARE] == pytest.approx(len(rows) * update / len(members))
            for row in rows:
                assert {row - row % unit + i for i in range(unit)} <= set(rows), "groups stay whole"


@given(st.lists(st.tuples(st.integers(1, 6), lengths), min_size=1, max_size=7), st.integers(1, 4), st.integers(1, 4))
def test_narrow_passes_give_what_one_wide_pass_gives(sizes: list[tuple[int, int]], rows: int, multiple_of: int) -> None:
    batch = rows_of([p for p, _ in sizes], [c for _, c in sizes])
    mask = torch.cat([batch["prompt_mask"], batch["completion_mask"]], dim=1)
    ids = torch.arange(mask.numel()).view_as(mask) * mask
    T = batch["completion_mask"].size(1)
    widths = []

    def forward(ids: Tensor, mask: Tensor, width: int) -> tuple[Tensor, Tensor]:
        """Something of a token and all before it in its row."""
        widths.append(ids.shape)
        return (ids * mask).cumsum(1)[:, -width:] * mask[:, -width:], mask[:, -width:].float()

    expected, _ = forward(ids, mask, T)
    widths.clear()
    logps, entropies = narrow_passes(forward, ids, mask, T, rows, trims_prompts=True, multiple_of=multiple_of)
    assert torch.equal(logps, expected)
    assert torch.equal(entropies, batch["completion_mask"].float())
    assert all(count <= rows for count, _ in widths)
    if multiple_of == 1:
        ordered = sorted(sizes, key=sum)
        blocks = [ordered[i : i + rows] for i in range(0, len(sizes), rows)] if len(sizes) > rows else [sizes]
        assert [width for _, width in widths] == [max(p for p, _ in b) + max(1, *(c for _, c in b)) for b in blocks]


def test_a_row_is_silent_when_no_token_of_the_loss_has_an_advantage() -> None:
    mask = torch.tensor([[1, 1], [1, 0], [0, 0]])
    assert silent_rows(torch.tensor([0.0, 0.1, 0.3]), mask).tolist() == [True, False, True]
    assert silent_rows(torch.tensor([[0.0, 1.0], [0.0, 1.0], [0.0, 0.0]]), mask).tolist() == [False, True, True]


def right(completions: list[str], letter: list[str], **_: Any) -> list[float]:
    """Different within most groups, and the same for all who say t: those rows have no gradient."""
    return [float(wanted != "t" and len(text) % 3 > 0) for text, wanted in zip(completions, letter, strict=True)]


def weights_of(trainer: Any) -> Tensor:
    return torch.cat([p.detach().double().flatten() for p in trainer.model.parameters()])


def trained(build: Build, exact: bool, objective: type[Objective], **settings: Any) -> tuple[Any, int]:
    """The trainer, and how many positions went through the model with a gradient."""
    positions = []
    defaults = {
        "optim": "sgd",  # Adam would blow the rounding of nearly zero gradients up to a whole step
        "learning_rate": 0.3,
        "max_steps": 3,
        "gradient_accumulation_steps": 4,
        "per_device_train_batch_size": 4,
        "generation_kwargs": END_EARLY,
        "exact_micro_batches": exact,
    }
    options = {"objective": objective, **settings.pop("trainer_options", {})}
    trainer = build(
        ObjectiveTrainer,
        config_class=ObjectiveConfig,
        reward_funcs=right,
        trainer_options=options,
        **{**defaults, **settings},
    )
    forward = GRPOTrainer._get_per_token_logps_and_entropies

    def watched(self: Any, model: Any, ids: Tensor, *more: Any, **named: Any) -> Any:
        positions.append(ids.numel() * torch.is_grad_enabled())
        return forward(self, model, ids, *more, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(GRPOTrainer, "_get_per_token_logps_and_entropies", watched)
        trainer.train()
    return trainer, sum(positions)


@pytest.mark.slow
@pytest.mark.parametrize("objective", [Objective, GRPO])
@pytest.mark.parametrize(
    "settings",
    [
        {"loss_type": "grpo"},
        {"loss_type": "dr_grpo", "gradient_accumulation_steps": 1, "per_device_train_batch_size": 8},
        {"loss_type": "dapo", "num_iterations": 2, "steps_per_generation": 8},
        {"loss_type": "dapo", "beta": 0.1},
        {"loss_type": "grpo", "whole_groups": True, "mask_truncated_completions": True},
        {"loss_type": "grpo", "trainer_options": {"peft_config": LoraConfig(r=4, target_modules="all-linear")}},
        {"loss_type": "bnpo"},
    ],
    ids=lambda settings: " ".join(map(str, settings)),
)
def test_the_weights_are_those_of_trls_micro_batches(
    settings: dict[str, Any], objective: type[Objective], build: Build
) -> None:
    exact, wide = trained(build, True, objective, **settings)
    freely, narrow = trained(build, False, objective, **settings)
    torch.testing.assert_close(weights_of(freely), weights_of(exact), atol=1e-6, rtol=0)
    assert not torch.equal(weights_of(exact), weights_of(build(ObjectiveTrainer)))
    assert narrow < wide or settings["loss_type"] == "bnpo"  # whose micro-batches are TRL's, each with a long row
    losses = [[row["loss"] for row in t.state.log_history if "loss" in row] for t in (freely, exact)]
    assert losses[0] == pytest.approx(losses[1], abs=1e-5)


@pytest.mark.slow
def test_other_losses_of_trl_keep_their_weights_too(build: Build) -> None:
    for loss_type in ("cispo", "sapo", "vespo", "luspo"):
        exact, _ = trained(build, True, Objective, loss_type=loss_type)
        freely, _ = trained(build, False, Objective, loss_type=loss_type)
        torch.testing.assert_close(weights_of(freely), weights_of(exact), atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("setting", [{"entropy_coef": 0.1}, {"top_entropy_quantile": 0.5}])
def test_where_the_cut_matters_it_is_trls(setting: dict[str, Any], build: Build) -> None:
    exact, _ = trained(build, True, Objective, **setting)
    freely, _ = trained(build, False, Objective, **setting)
    torch.testing.assert_close(weights_of(freely), weights_of(exact), atol=1e-6, rtol=0)
    assert not any("frac_rows_left_out" in row for row in freely.state.log_history)
