"""`jurybox calibrate`: a judge against labels, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jurybox.cli import main

JUDGES = """
from jurybox.judges.pairwise import PairwiseFunction

def longer(prompt, first, second):
    return float(len(first) > len(second))

better = PairwiseFunction(longer)
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(rows: list[dict[str, Any]]) -> None:
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_it_prints_and_keeps_what_a_judge_is_worth(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write([{"completion": str(n), "solution": str(n % 5), "label": n < 6, "kind": "ab"[n % 2]} for n in range(10)])
    command = ["calibrate", "math", "rows.jsonl", "--gold", "solution", "--slice", "kind", "-o", "calibration.json"]
    assert main(command) == 0
    said = capsys.readouterr().out
    assert "accuracy         0.900" in said
    assert "kappa            0.800" in said
    assert main([*command, "--min-kappa", "0.9"]) == 1
    (kept,) = json.loads(Path("calibration.json").read_text()).items()
    assert kept[0] == "MathJudge(answer='solution')"
    assert kept[1]["slices"]["a"]["rows"] == 5


def test_a_judge_of_two_answers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"pairs_{here.name}"
    Path(f"{name}.py").write_text(JUDGES)
    write(
        [{"prompt": "?", "first": "aa", "second": "b", "label": label} for label in ("first", "second", "tie", "first")]
    )
    assert main(["calibrate", f"{name}:better", "rows.jsonl"]) == 0
    said = capsys.readouterr().out
    assert "accuracy         0.667" in said
    assert "first_preferred  0.500" in said


def test_a_label_that_is_none_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write([{"completion": "1", "solution": "1", "label": "maybe"}])
    assert main(["calibrate", "math", "rows.jsonl", "--gold", "solution"]) == 2
    assert "'maybe' is no label" in capsys.readouterr().err
    assert main(["calibrate", "math", "rows.jsonl", "--gold", "solution", "--label", "human"]) == 2
    assert "no row with a label in 'human'" in capsys.readouterr().err
