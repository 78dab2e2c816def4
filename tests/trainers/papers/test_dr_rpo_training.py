"""DR-RPO's trainer through the real TRL class on the tiny model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from online_papers import PAPERS
from paper_runs import build, weights

from jurybox.trainers import ObjectiveConfig, ObjectiveTrainer

pytestmark = pytest.mark.slow
PAPER = PAPERS["dr-rpo"]


def trained(paper: Any, model_dir: str, output: Path, **settings: Any) -> Any:
    trainer = build(paper, model_dir, str(output), scripted=True, max_steps=2, **settings)
    trainer.train()
    return trainer


def test_without_a_radius_it_is_trl_and_with_one_it_is_not(model_dir: str, tmp_path: Path) -> None:
    plain = replace(PAPER, trainer=ObjectiveTrainer, config=ObjectiveConfig)
    trl = weights(trained(plain, model_dir, tmp_path, beta=0.05, scale_rewards="none", loss_type="dapo"))
    assert torch.equal(weights(trained(PAPER, model_dir, tmp_path, rho=0.0)), trl)
    assert not torch.equal(weights(trained(PAPER, model_dir, tmp_path, rho=0.3)), trl)


def test_it_logs_the_domains_and_their_weights(model_dir: str, tmp_path: Path) -> None:
    trainer = trained(PAPER, model_dir, tmp_path, rho=0.3)
    rows = [row for row in trainer.state.log_history if "robust/value" in row]
    assert len(rows) == 2
    for row in rows:
        found = {name: row[f"robust/{name}/weight"] for name in "ab" if f"robust/{name}/weight" in row}
        assert sum(found.values()) / len(found) == pytest.approx(1.0)  # a prompt of each, or two of one
        assert row["robust/value"] <= row["reward"] + 1e-6


def test_a_column_that_is_not_there_is_named(model_dir: str, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="the objective reads the column 'task'"):
        trained(PAPER, model_dir, tmp_path, domain_column="task")
