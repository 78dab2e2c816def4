"""A composed reward in TRL's own trainers, unchanged: rewards, logged parts, evidence columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas
import pytest
import torch

from jurybox.judges import LengthJudge, judge
from jurybox.rewards import Linear
from tests.trainers.seam_tiny import letter_dataset, tiny_model, tiny_tokenizer

trl = pytest.importorskip("trl")
pytestmark = pytest.mark.slow


@judge
def has_letter(completion, letter):
    return letter in completion, {"letter": letter}


@judge
def picky(completion):
    """Abstains on half of the completions."""
    return None if len(completion) % 2 else 0.5


REWARD = (
    (has_letter + 0.5 * picky - 0.25 * ~LengthJudge(6, unit="characters"))
    .schedule(Linear(1.0, 2.0, steps=2))
    .named("taste")
    .schedule(Linear(1.0, 2.0, steps=2))
    .named("taste")
    + has_letter.gate(picky.as_reward() | has_letter, otherwise=-1.0)
).show_evidence()


def train(trainer: str, folder: Path) -> tuple[list[dict[str, Any]], list[pandas.DataFrame]]:
    torch.set_num_threads(1)
    tokenizer = tiny_tokenizer()
    settings = {
        "output_dir": str(folder), "use_cpu": True, "bf16": False, "report_to": "none", "save_strategy": "no",
        "per_device_train_batch_size": 8, "num_generations": 4, "max_completion_length": 8, "max_steps": 2,
        "logging_steps": 1, "disable_tqdm": True, "log_completions": True, "seed": 1,
    }  # fmt: skip
    run = getattr(trl, f"{trainer}Trainer")(
        tiny_model(len(tokenizer)),
        REWARD,
        args=getattr(trl, f"{trainer}Config")(**settings, beta=0.0),
        train_dataset=letter_dataset(),
        processing_class=tokenizer,
    )
    run.train()
    tables = sorted((folder / "completions").glob("*.parquet"))
    history = [row for row in run.state.log_history if "reward" in row]
    return history, [pandas.read_parquet(table) for table in tables]


@pytest.mark.parametrize("trainer", ["GRPO", "RLOO"])
def test_rewards_and_metrics(trainer, tmp_path):
    history, _ = train(trainer, tmp_path)
    assert [row["step"] for row in history] == [1, 2]
    for row in history:
        assert row["reward"] == pytest.approx(row["rewards/sum/mean"], abs=1e-6)
        assert 0.0 <= row["has_letter/score"] <= 1.0
        assert 0.0 <= row["picky/abstained"] <= 1.0
        assert {"length/score", "length/timeouts", "taste/score"} <= row.keys()


def test_the_table_of_completions_shows_why_and_can_be_judged_again(tmp_path):
    _, tables = train("GRPO", tmp_path)
    table = pandas.concat(tables)
    assert {"sum", "taste", "gate"} <= set(table.columns)
    assert table["gate"].str.contains("open|closed by any|any abstains").all()
    letters = table["prompt"].str.removeprefix("say ")
    for step, completion, letter, reward in zip(table["step"], table["completion"], letters, table["sum"], strict=True):
        state = type("State", (), {"global_step": step - 1})  # the table has the step it was logged in
        again = REWARD.verdict(completion, letter=letter, trainer_state=state)
        assert reward == pytest.approx(again.score, abs=1e-6)
