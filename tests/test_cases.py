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
