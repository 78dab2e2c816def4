"""CGPO on two processes, each holding a part of a prompt's answers, against one process with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainers.launching import launch

RUNS = Path(__file__).parents[1] / "cgpo_runs.py"

pytestmark = pytest.mark.slow


def launch_rows(processes: int, rows_per_process: int, model_dir: str, out: Path) -> list[dict[str, Any]]:
    """One result a rank."""
    return launch(RUNS, model_dir, str(out), str(rows_per_process), processes=processes, out=out)


def test_two_processes_agree_with_one(model_dir: str, tmp_path: Path) -> None:
    first, second = launch_rows(2, 3, model_dir, tmp_path / "two")
    (alone,) = launch_rows(1, 6, model_dir, tmp_path / "one")
    assert first["seen"] == second["seen"], "6 rows a process cut the second prompt's answers in half"
    for row, expected in zip(first["seen"], alone["seen"], strict=True):
        assert row == pytest.approx(expected, abs=1e-4)
    assert max(map(abs, alone["seen"][0])) > 0.1
    torch.testing.assert_close(torch.tensor(first["weights"]), torch.tensor(alone["weights"]), atol=1e-5, rtol=0)
    for row, expected in zip(first["logs"], alone["logs"], strict=True):
        assert row == pytest.approx(expected, abs=1e-4)
