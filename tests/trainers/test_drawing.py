"""Papers that draw completions themselves: on two processes and on three, which cut groups, as on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from drawing_runs import DRAWING

from tests.trainers.launching import launch

SCRIPT = Path(__file__).with_name("drawing_runs.py")


@pytest.fixture(scope="module")
def results(model_dir: str, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[dict[str, Any]]]:
    out = tmp_path_factory.mktemp("drawing")
    return {n: launch(SCRIPT, model_dir, str(out / str(n)), str(n), processes=n, out=out / str(n)) for n in (1, 2, 3)}


@pytest.mark.slow
@pytest.mark.parametrize("name", DRAWING)
def test_any_number_of_processes_draws_and_learns_the_same(name: str, results: Any) -> None:
    (alone,) = (result[name] for result in results[1])
    assert any(row["grad_norm"] > 0.1 for row in alone["logged"]), "there was something to learn"
    for ranks in (results[2], results[3]):
        assert len({tuple(rank[name]["sampled"]) for rank in ranks}) == 1, (
            "all are equally often asked for as many rows"
        )
        for rank in ranks:
            mine, expected = (torch.tensor(one["weights"]) for one in (rank[name], alone))
            torch.testing.assert_close(mine, expected, atol=1e-5, rtol=0)
            for row, log in zip(ranks[0][name]["logged"], alone["logged"], strict=True):
                assert row == pytest.approx(log, abs=1e-5)
