"""`jurybox attack`: what pays is named, and the exit status says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jurybox.cli import main

REWARDS = """
from jurybox.judges import MathJudge, judge
from jurybox.rewards import Function

@judge
def mentions(completion, solution):
    return solution in completion

sound = MathJudge("solution") + 0.0
hacked = mentions + 0.0
learned = Function(lambda completions, **_: [len(text) / 10 for text in completions])
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module of rewards whose name no other test has imported, in a folder with answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    name = f"attacked_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(REWARDS)
    rows = [
        {"prompt": f"{n} + {n}?", "completion": f"It is \\boxed{{{answer}}}.", "solution": str(2 * n), "ok": ok}
        for n in range(40, 50)
        for answer, ok in ((2 * n, True), (2 * n + 1, False))
    ]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return name


def test_a_sound_reward_is_left_in_peace(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", f"{module}:sound", "answers.jsonl"]) == 0
    assert "attacks pays" in capsys.readouterr().out


def test_what_pays_is_shown(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["attack", f"{module}:hacked", "answers.jsonl", "--truth", "column:ok"]) == 1
    said = capsys.readouterr().out
    assert "PAYS" in said
    assert "all answers there are: 'It is" in said


def test_the_truth_may_be_another_judge(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["attack", f"{module}:learned", "answers.jsonl", "--truth", "math", "--gold", "solution"]
    assert main(command) == 1
    assert "filler" in capsys.readouterr().out


def test_without_wrong_answers_there_is_nothing_to_measure_by(module: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("one.jsonl").write_text(json.dumps({"prompt": "1?", "completion": "1", "solution": "1"}))
    assert main(["attack", f"{module}:sound", "one.jsonl"]) == 2
    assert "no wrong answer" in capsys.readouterr().err
