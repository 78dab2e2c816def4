"""What people write, by kind: one file of rows for each, right answers in many spellings beside wrong ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jurybox.judges import MathJudge

KINDS = sorted((Path(__file__).parent / "kinds").glob("*.jsonl"))


@pytest.mark.parametrize("file", KINDS, ids=lambda file: file.stem)
def test_kind(file: Path) -> None:
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    completions = [row.get("completion") or rf"The answer is $\boxed{{{row['answer']}}}$." for row in rows]
    verdicts = MathJudge(timeout=20.0).verdicts(completions, solution=[row["gold"] for row in rows])
    wrong = [
        (row["gold"], completion, verdict)
        for row, completion, verdict in zip(rows, completions, verdicts, strict=True)
        if verdict.passed is not row["expected"]
    ]
    assert wrong == []
    assert {row["expected"] for row in rows} >= {True}
