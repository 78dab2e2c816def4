"""`jurybox compare`: what changes between two rewards on stored completions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jurybox.cli import main

REWARDS = """
from jurybox.judges import ExactJudge, LengthJudge, MathJudge
old = ExactJudge("solution") + 0.2 * LengthJudge(9, unit="words")
new = MathJudge("solution") + 0.2 * LengthJudge(9, unit="words")
"""
ROWS = [
    {"prompt": "1/2?", "completion": "0.5", "solution": "1/2", "reward": 0.2},
    {"prompt": "1/2?", "completion": "1/2", "solution": "1/2", "reward": 1.2},
    {"prompt": "1/2?", "completion": "3", "solution": "1/2", "reward": 0.2},
    {"prompt": "1+1?", "completion": "2", "solution": "2", "reward": 1.2},
    {"prompt": "1+1?", "completion": "two", "solution": "2", "reward": 0.2},
]


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of rewards whose name no other test has imported, in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"compared_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(REWARDS)
    write("rows.jsonl", ROWS)
    return name


def write(path: str, rows: list[dict[str, Any]]) -> None:
    Path(path).write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_it_says_what_changes_and_shows_one_of_each_kind(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{module}:old", f"{module}:new", "rows.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "2 of 5 rows changed (40.00%)" in said
    assert "mean shift +0.4000" in said
    assert "same for 60.00%" in said
    assert "in 2 groups of one prompt: order changes in 100.00%, the best answer in 100.00%" in said
    assert "row 0: '0.5'" in said
    assert "✗ exact: 0  different" in said
    assert "✓ math: 1  exact number" in said


@pytest.mark.parametrize(("allowed", "status"), [("0.4", 0), ("0.39", 1)])
def test_its_exit_status_is_for_continuous_integration(allowed: str, status: int, module: str) -> None:
    assert main(["compare", f"{module}:old", f"{module}:new", "rows.jsonl", "--max-changed", allowed]) == status


def test_recorded_scores_are_a_reward_too(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "column:reward", f"{module}:old", "rows.jsonl", "--max-changed", "0"]) == 0
    assert "0 of 5 rows changed" in capsys.readouterr().out


def test_a_judge_by_name_takes_its_options(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "exact", "math", "rows.jsonl", "--gold", "solution"]) == 0
    assert "2 of 5 rows changed" in capsys.readouterr().out
    assert main(["compare", "exactly", "math", "rows.jsonl"]) == 2
    assert "'exactly' is no judge's name" in capsys.readouterr().err


def test_the_tables_of_a_run_are_read_in_the_order_of_steps(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("run/completions").mkdir(parents=True)
    for step in (100, 20):
        rows = [{**row, "step": step} for row in ROWS]
        pq.write_table(pa.Table.from_pylist(rows), f"run/completions/completions_{step:05d}.parquet")
    assert main(["compare", f"{module}:old", f"{module}:new", "run"]) == 0
    said = capsys.readouterr().out
    assert "4 of 10 rows changed" in said
    assert "in 4 groups of one prompt" in said, "a prompt that comes again is another group"
    Path("empty").mkdir()
    assert main(["compare", f"{module}:old", f"{module}:new", "empty"]) == 2
    assert "log_completions=True" in capsys.readouterr().err


def test_rollouts_in_the_form_of_responses_are_read(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    output = [
        {"type": "reasoning", "summary": []},
        {"type": "function_call", "name": "calculate", "arguments": "1/2", "call_id": "1"},
        {"type": "function_call_output", "call_id": "1", "output": "0.5"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "0.5"}]},
    ]
    asked = {"input": [{"role": "user", "content": "1/2?"}]}
    write(
        "nemo.jsonl",
        [{"responses_create_params": asked, "response": {"output": output}, "solution": "1/2", "reward": 1}],
    )
    assert main(["compare", "column:reward", "math", "nemo.jsonl", "--gold", "solution", "--max-changed", "0"]) == 0
    assert "0 of 1 rows changed" in capsys.readouterr().out


def test_a_row_that_one_of_the_two_cannot_judge_is_told(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("rows.jsonl", [*ROWS, {"prompt": "?", "completion": "1", "answer": "1"}])
    assert main(["compare", "column:reward", f"{module}:new", "rows.jsonl"]) == 1
    said = capsys.readouterr()
    assert "2 of 5 rows changed" not in said.out or "of 5 rows" in said.out
    assert "line 6: no column 'solution'" in said.err
