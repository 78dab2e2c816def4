"""What the trainers of all papers are asked, whether they draw completions or learn from a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig

from tests.trainers.launching import launch

Results = tuple[dict[str, Any], dict[str, Any], dict[str, Any]]
LORA = {"r": 4, "target_modules": ["q_proj", "v_proj"], "init_lora_weights": "gaussian"}


def trains_only_the_adapter(build: Callable[..., Any]) -> None:
    """`build(peft_config=…)` gives a trainer whose base weights stay."""
    trainer = build(peft_config=LoraConfig(**LORA))
    before = {name: p.detach().clone() for name, p in trainer.model.named_parameters()}
    trainer.train()
    changed = {name for name, p in trainer.model.named_parameters() if not torch.equal(before[name], p)}
    assert changed
    assert all("lora_" in name for name in changed)


def resumes_as_if_never_stopped(build: Callable[..., Any], weights: Callable[[Any], torch.Tensor], out: Path) -> None:
    """`build(**settings)` gives a trainer that writes to `out`."""
    whole = build(max_steps=4, save_strategy="steps", save_steps=2)
    whole.train()
    resumed = build(max_steps=4)
    resumed.train(resume_from_checkpoint=str(out / "checkpoint-2"))
    torch.testing.assert_close(weights(resumed), weights(whole), atol=1e-7, rtol=0)


def on_two_processes_and_on_one(script: Path, model_dir: str, out: Path) -> Results:
    """Every paper's run on two processes, (first, second), and the same on one: results by paper."""
    first, second = launch(script, model_dir, str(out / "two"), "2", processes=2, out=out / "two")
    (alone,) = launch(script, model_dir, str(out / "one"), "1", processes=1, out=out / "one")
    return first, second, alone


def two_processes_equal_one(name: str, results: Results) -> None:
    """Equal weights and losses of a paper."""
    for result in results:
        assert "error" not in result[name], result[name]["error"]
    first, second, alone = (result[name] for result in results)
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), torch.tensor(alone["weights"]), atol=1e-6, rtol=0)
    assert first["losses"] == pytest.approx(alone["losses"], rel=1e-5, abs=1e-5)
