"""A policy that is split over two processes (PyTorch's `fully_shard`), against one that each has whole.

accelerate splits no model on a CPU, so the test splits it itself. What the seam has to promise is the same: processes
go through the model equally often, and nobody reads a parameter past the model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from accelerate.commands.config.config_args import load_config_from_file

from tests.trainers.launching import launch

RUNS = Path(__file__).with_name("seam_runs.py")
EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.slow
def test_a_sharded_policy_ends_with_the_weights_of_a_whole_one(model_dir: str, tmp_path: Path) -> None:
    def run(name: str) -> list[dict[str, Any]]:
        return launch(RUNS, name, model_dir, str(tmp_path / name), "6", processes=2, out=tmp_path / name)

    (first, second), (whole, _) = run("sharded"), run("whole")
    assert first["sharded"]
    assert not whole["sharded"]
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), torch.tensor(whole["weights"]), atol=1e-6, rtol=0)
    assert first["state"] == second["state"] == whole["state"]
    assert first["moved"] > 1e-3


@pytest.mark.parametrize("name", ["fsdp2", "zero2", "zero3"])
def test_the_examples_are_configurations_that_accelerate_reads(name: str) -> None:
    path = EXAMPLES / f"{name}.yaml"
    config = load_config_from_file(str(path))
    assert config.distributed_type == ("FSDP" if name == "fsdp2" else "DEEPSPEED")
    inside = yaml.safe_load(path.read_text())[config.distributed_type.lower() + "_config"]
    assert inside.get("fsdp_version", inside.get("zero_stage")) == int(name[-1])
