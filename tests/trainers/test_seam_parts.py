"""A loss in parts: the gradient of the whole, one graph at a time."""

from __future__ import annotations

import dataclasses
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator
from seam_runs import Scripted, scripted_config, trained, unless_t, weights

from jurybox.trainers import GRPO, Batch, ObjectiveTrainer
from jurybox.trainers.seam._parts import in_parts

PARTS = 3


class Whole(Scripted):
    """GRPO's loss, whose rows may be cut anew."""

    average = "tokens"


class InParts(Whole):
    """A third of it at a time, each with a pass of its own."""

    def loss(self, batch: Batch) -> Any:
        return [partial(self.part, batch, number) for number in range(PARTS)]

    def part(self, batch: Batch, number: int) -> Any:
        ids = torch.cat([batch.prompt_ids, batch.completion_ids], 1)
        mask = torch.cat([batch.prompt_mask, batch.completion_mask], 1)
        logits = batch.model(input_ids=ids, attention_mask=mask).logits[:, batch.prompt_ids.size(1) - 1 : -1]
        logps = logits.log_softmax(-1).gather(2, batch.completion_ids.unsqueeze(2)).squeeze(2)
        logps = torch.where(batch.completion_mask > 0, logps, 0.0)
        loss, metrics = GRPO.loss(self, dataclasses.replace(batch, logps=logps))
        return loss / PARTS, {**metrics, "number_max": torch.tensor([float(number)]), "number": torch.tensor(number)}


@pytest.mark.slow
def test_parts_have_the_gradient_of_the_whole(model_dir: str, tmp_path: Path) -> None:
    """With accumulation, two iterations on a generation, and rows left out that have no gradient."""
    trainers = [
        trained(ObjectiveTrainer, model_dir, unless_t, scripted_config(str(tmp_path), 12), objective=objective)
        for objective in (Whole, InParts)
    ]
    torch.testing.assert_close(weights(trainers[0]), weights(trainers[1]), atol=1e-6, rtol=0)
    logs = [[row for row in trainer.state.log_history if "loss" in row] for trainer in trainers]
    assert any("frac_rows_left_out" in cut for cut in logs[1])
    for whole, cut in zip(*logs, strict=True):
        for name in ("loss", "grad_norm", "clip_ratio/region_mean"):
            assert cut[name] == pytest.approx(whole[name], abs=1e-5)
        assert (cut["number"], cut["number_max"]) == (1.0, 2.0), "averaged over parts, or the greatest"


def test_a_part_is_gone_before_the_next_one_begins() -> None:
    weight, alive = torch.ones(3, requires_grad=True), []

    def part(number: int) -> Any:
        assert sum(saved.alive for saved in alive) == 0
        loss = Saved(weight, alive) * number
        return loss, {"n": loss}

    loss, metrics = in_parts([partial(part, n) for n in (1, 2, 3)], torch.nn.Identity(), Accelerator(cpu=True), 0.5)
    assert loss.item() == 6 * 3, "the value is that of all parts"
    assert weight.grad is not None
    assert weight.grad.tolist() == [1.5] * 3, "(1 + 2)·0.5 is back-propagated here"
    (loss * 0.5).backward()
    assert weight.grad.tolist() == [3.0] * 3
    assert metrics["n"].item() == 6.0
    weight.grad = None
    with torch.no_grad():
        plain = [lambda: (weight.sum(), {}), lambda: (2 * weight.sum(), {})]
        evaluated, _ = in_parts(plain, torch.nn.Identity(), Accelerator(cpu=True), 1.0)
    assert (evaluated.item(), weight.grad) == (9.0, None)


def test_a_loss_without_a_part_is_refused() -> None:
    with pytest.raises(ValueError, match="one or more"):
        in_parts([], torch.nn.Identity(), Accelerator(cpu=True), 1.0)


class _Sum(torch.autograd.Function):
    """A sum that knows whether its graph is alive."""

    @staticmethod
    def forward(ctx: Any, weight: torch.Tensor, alive: list[Any]) -> torch.Tensor:
        ctx.alive = True
        alive.append(ctx)
        return weight.sum()

    @staticmethod
    def backward(ctx: Any, slope: torch.Tensor) -> Any:
        ctx.alive = False
        return slope.expand(3), None


def Saved(weight: torch.Tensor, alive: list[Any]) -> torch.Tensor:  # noqa: N802
    result: torch.Tensor = _Sum.apply(weight, alive)  # type: ignore[no-untyped-call]
    return result
