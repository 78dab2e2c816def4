"""Two processes, each holding a part of a group, against one process with all of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainers.launching import launch

RUNS = Path(__file__).with_name("seam_runs.py")

pytestmark = pytest.mark.slow


def launch_rows(processes: int, rows_per_process: int, model_dir: str, out: Path) -> list[dict[str, Any]]:
    """One result a rank."""
    return launch(RUNS, "scripted", model_dir, str(out), str(rows_per_process), processes=processes, out=out)


@pytest.fixture(scope="module")
def results(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], Any]:
    out = tmp_path_factory.mktemp("processes")
    return launch_rows(2, 3, model_dir, out / "two"), launch_rows(1, 6, model_dir, out / "one")[0]


def test_every_process_sees_the_same_rewards_and_advantages(results: Any) -> None:
    (first, second), _ = results
    assert first["seen"] == second["seen"]
    assert len(first["seen"]) == 2
    assert first["seen"][0]["slots"] == [0, 1, 2, 3] * 3, "6 rows a process cut the second group in half"


def test_two_processes_give_the_rewards_and_advantages_of_one(results: Any) -> None:
    (first, _), alone = results
    assert first["seen"] == alone["seen"]
    assert max(max(map(abs, generation["advantages"])) for generation in alone["seen"]) > 0.5


def test_reward_states_commit_the_same_everywhere_and_in_the_order_of_rows(results: Any) -> None:
    (first, second), alone = results
    assert first["state"] == second["state"] == alone["state"]
    assert alone["state"]["letters"]["count"] == 24


def test_in_trls_own_trainer_a_callback_gives_every_process_the_same_memory(results: Any) -> None:
    (first, second), _ = results
    assert first["remembered"] == second["remembered"]
    assert first["remembered"]["letters"]["count"] == 24


def test_two_processes_end_with_the_weights_and_logs_of_one(results: Any) -> None:
    (first, second), alone = results
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), torch.tensor(alone["weights"]), atol=1e-6, rtol=0)
    for row, expected in zip(first["logs"], alone["logs"], strict=True):
        assert row == pytest.approx(expected, abs=1e-6)


def test_processes_may_have_different_numbers_of_rows_without_a_gradient(results: Any) -> None:
    for rank in results[0]:
        exact, narrow = map(torch.tensor, rank["narrow"])
        torch.testing.assert_close(narrow, exact, atol=1e-6, rtol=0)


def test_two_processes_train_as_trl_with_two_processes(results: Any) -> None:
    """Every metric is reduced over processes as TRL reduces it."""
    for rank in results[0]:
        trl, ours = rank["beside"]
        torch.testing.assert_close(torch.tensor(ours["weights"]), torch.tensor(trl["weights"]), atol=1e-6, rtol=0)
        assert len(ours["logs"]) == len(trl["logs"]) == 5
        for row, expected in zip(ours["logs"], trl["logs"], strict=True):
            assert row.keys() == expected.keys()
            timeless = [key for key in expected if not key.endswith(("_runtime", "_per_second", "step_time"))]
            assert [row[key] for key in timeless] == pytest.approx([expected[key] for key in timeless], abs=1e-6)
