from __future__ import annotations

import json

import pytest

from tests.cases import main


@pytest.fixture
def write(tmp_path):
    def write(*rows):
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return str(path)

    return write


def test_rows_that_fall_short_are_named_and_fail(write, capsys):
    right = {"id": "r", "schema": {"type": "integer"}, "instance": 1, "valid": True}
    wrong = {"id": "w", "schema": {"type": "integer"}, "instance": 1, "valid": False}
    assert main(["json-schema", write(right, wrong)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("w: expected invalid, came Verdict(1.0")
    assert lines[-1] == "1 passed, 1 failed"
    assert main(["json-schema", write(right, right)]) == 0


def test_policy_rows_never_fail(write, capsys):
    assert main(["json-extraction", write({"id": "p", "text": '{"a": 1}', "level": "policy", "note": "n"})]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["1 policy rows differ", "0 passed, 0 failed"]


def test_an_exception_is_a_failure(write, capsys):
    assert main(["json-schema", write({"id": "x", "instance": 1})]) == 1
    assert capsys.readouterr().out.startswith("x: raised KeyError")


def test_a_text_attack_is_held_to_score_status_and_time(write, capsys):
    row = {
        "judge": "ExactJudge('gold', unicode=None)",
        "completion_parts": [["a", 3], ["b", 2]],
        "columns": {"gold": "aaabb"},
    }
    right = row | {"id": "r", "expect": {"score": 1.0, "status": "scored"}, "max_cpu_s": 1.0}
    convention = row | {"id": "c", "expect": {"policy": 0.0}}
    wrong = [
        row | {"id": "w", "expect": {"score": 0.0}},
        row | {"id": "m", "expect": {"max_score": 0.5}},
        row | {"id": "t", "expect": {"score": 1.0}, "max_cpu_s": 0.0},
    ]
    assert main(["text-attacks", write(right, convention)]) == 0
    assert main(["text-attacks", write(right, *wrong)]) == 1
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line[:2] for line in lines[:-1]] == ["w:", "m:", "t:"]
    assert "of CPU" in lines[2]


def test_a_choice_and_an_instruction_are_held_to_what_passes(write):
    choice = {"judge": "ExactJudge(choices='AB')", "gold": "B", "prediction": "Answer: B", "expected": True}
    assert main(["choice", write(choice)]) == 0
    assert main(["choice", write(choice | {"expected": False})]) == 1
    row = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}], "response": "a, b", "expected": False}
    assert main(["instructions", write(row)]) == 0
    assert main(["instructions", write(row | {"expected": True})]) == 1
