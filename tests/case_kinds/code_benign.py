"""Rows of honest programs: `code` (or a `completion` that holds it), `tests`, `entry`, `limits`, `compare`, and in
`expected` which tests pass (`per_test`) and both totals (`score_fraction`, `score_all`)."""

from __future__ import annotations

import atexit
import functools
from typing import Any

from jurybox.judges.code import CodeJudge
from jurybox.judges.code.extraction import extract_program
from jurybox.judges.code.layouts import read_suite


@functools.cache
def judge(reward: str) -> CodeJudge:
    """One judge for all rows; what rows change of its options stands in their tests."""
    made = CodeJudge(workers=1, reward=reward)  # type: ignore[arg-type]
    atexit.register(made.close)
    return made


def tests_of(row: dict[str, Any]) -> dict[str, Any]:
    """A row's tests in one of the judge's layouts."""
    layout = {"tests": row["tests"], "limits": row.get("limits") or {}, "compare": row.get("compare") or {}}
    return layout | ({"entry": row["entry"]} if row.get("entry") else {})


def completion_of(row: dict[str, Any]) -> str:
    """A row's completion; one is made for a row that has only a program."""
    return str(row.get("completion") or f"```{language_of(row)}\n{row['code']}\n```")


def language_of(row: dict[str, Any]) -> str:
    """What a row's program is written in."""
    return str(row.get("language") or row.get("options", {}).get("language") or "python")


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    expected, completion, tests = row["expected"], completion_of(row), tests_of(row)
    names = read_suite(tests).subjects
    if (
        "completion" in row
        and (found := extract_program(completion, names=names))
        and found.code.strip() != row["code"].strip()
    ):
        return f"{row['name']}: extracted {found.code!r}"
    verdict = judge("fraction").verdict(completion, tests=tests)
    per_test = [int(result.passed) for result in verdict.tests]
    if per_test != expected["per_test"]:
        return f"{row['name']}: expected {expected['per_test']}, came {per_test}: {[t.label for t in verdict.tests]}"
    if verdict.score is None or abs(verdict.score - expected["score_fraction"]) > 1e-3:
        return f"{row['name']}: expected the share {expected['score_fraction']}, came {verdict}"
    together = judge("all").verdict(completion, tests=tests)
    if together.score != expected["score_all"]:
        return f"{row['name']}: expected {expected['score_all']} in all, came {together}"
    return None
