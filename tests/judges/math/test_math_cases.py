"""Case files: pairs of answers, whole completions, and the golden file with its time limits."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from jurybox.judges import MathJudge
from tests.case_kinds.math import check_row

HERE = Path(__file__).parent
GOLDEN = HERE.parents[1] / "golden" / "math_cases.jsonl"


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_pairs_of_answers() -> None:
    judge = MathJudge(timeout=20.0)
    cases = rows(HERE / "pairs.jsonl")
    verdicts = judge.verdicts(
        [rf"The answer is $\boxed{{{case['answer']}}}$." for case in cases], solution=[case["gold"] for case in cases]
    )
    wrong = [
        (case["gold"], case["answer"], verdict)
        for case, verdict in zip(cases, verdicts, strict=True)
        if verdict.passed is not case["expected"]
    ]
    assert wrong == []


def test_whole_completions() -> None:
    wrong = []
    for case in rows(HERE / "completions.jsonl"):
        verdict = MathJudge(timeout=20.0, **case.get("options", {})).verdict(case["completion"], solution=case["gold"])
        if verdict.passed is not case["expected"]:
            wrong.append((case["gold"], case["completion"], verdict))
    assert wrong == []


def test_golden_cases() -> None:
    short = {row["id"]: problem for row in rows(GOLDEN) if (problem := check_row(row))}
    assert short == {}


def test_the_row_check_sees_a_wrong_verdict() -> None:
    right: dict[str, Any] = {"gold": "5", "prediction": r"\boxed{5}", "expected": True}
    assert check_row(right) is None
    assert check_row({**right, "expected": False}) is not None
    assert check_row({**right, "gold": "6"}) is not None
    assert check_row({**right, "time_limit_s": 0.0}) is not None
    assert (
        check_row({"prediction_parts": [["\\boxed{", 1], ["5", 3], ["}", 1]], "gold": "555", "expected": True}) is None
    )
    assert check_row({"prediction": "The answer is A.", "gold": None, "expected_extraction": "A"}) is None
    assert check_row({"prediction": "The answer is A.", "gold": None, "expected_extraction": "B"}) is not None


DATA = os.environ.get("JURYBOX_DATA")


@pytest.mark.skipif(not DATA, reason="JURYBOX_DATA names no folder with gsm8k_test.jsonl")
def test_gsm8k_reference_solutions_against_their_own_answers() -> None:
    solutions = [row["answer"] for row in rows(Path(str(DATA)) / "gsm8k_test.jsonl")]
    golds = [text.rpartition("####")[2].strip() for text in solutions]
    assert all(verdict.passed for verdict in MathJudge().verdicts(solutions, solution=golds))
    others = golds[1:] + golds[:1]
    equal = sum(a.replace(",", "") == b.replace(",", "") for a, b in zip(golds, others, strict=True))
    assert sum(bool(v.passed) for v in MathJudge().verdicts(solutions, solution=others)) == equal
