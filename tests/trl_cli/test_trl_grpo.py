"""`trl grpo` from the command line, with a composed reward as a dotted path."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

REWARDS = """
    from jurybox.judges import judge

    @judge
    def plain(completion):
        return sum(character.isascii() for character in completion) / max(len(completion), 1)

    @judge
    def repeats(completion, letter):
        return letter in completion

    reward = (plain + 0.5 * repeats - 0.25 * ~repeats).named("taste")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as a user has one: a module of rewards, a data set, a checkpoint."""
    from tests.trainers.seam_tiny import letter_dataset, tiny_model, tiny_tokenizer

    (tmp_path / "my_rewards.py").write_text(textwrap.dedent(REWARDS))
    tokenizer = tiny_tokenizer()
    tokenizer.save_pretrained(tmp_path / "policy")
    tiny_model(len(tokenizer)).save_pretrained(tmp_path / "policy")
    letter_dataset(repeats=2).to_json(tmp_path / "data" / "train.jsonl")
    return tmp_path


def train(project: Path, reward: str) -> subprocess.CompletedProcess[str]:
    settings: dict[str, Any] = {
        "model_name_or_path": "policy",
        "dataset_name": "data",
        "reward_funcs": reward,
        "output_dir": "run",
        "max_steps": 2,
        "per_device_train_batch_size": 4,
        "num_generations": 4,
        "max_completion_length": 8,
        "learning_rate": 1e-3,
        "logging_steps": 1,
        "save_steps": 2,
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "gradient_checkpointing": False,
        "seed": 1,
    }
    command = [str(Path(sys.executable).with_name("trl")), "grpo"]
    command += [word for name, value in settings.items() for word in (f"--{name}", str(value))]
    caches = {name: str(project / "cache") for name in ("HF_HOME", "HF_DATASETS_CACHE")}
    environment = {
        **os.environ,
        **caches,
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TRL_EXPERIMENTAL_SILENCE": "1",
        "CUDA_VISIBLE_DEVICES": "",
    }
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.slow
def test_a_composed_reward_as_a_dotted_path_trains(project: Path) -> None:
    finished = train(project, "my_rewards.reward")
    assert finished.returncode == 0, finished.stderr[-3000:]
    history = json.loads((project / "run/checkpoint-2/trainer_state.json").read_text())["log_history"]
    steps = [row for row in history if "reward" in row]
    assert [row["step"] for row in steps] == [1, 2]
    for row in steps:
        parts = row["plain/score"] + 0.75 * row["repeats/score"] - 0.25
        assert row["reward"] == pytest.approx(parts) == pytest.approx(row["rewards/taste/mean"])
    assert max(row["grad_norm"] for row in steps) > 0.0
    assert (project / "run/model.safetensors").read_bytes() != (project / "policy/model.safetensors").read_bytes()
