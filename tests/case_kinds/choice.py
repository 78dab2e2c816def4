"""Rows of answers to multiple-choice questions: `judge` is a Python expression, `gold` the column `solution`,
`prediction` the completion, `columns` further ones, and `expected` whether it passes."""

from __future__ import annotations

from typing import Any

from .text_attack import public_names


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    judge = eval(row["judge"], dict(public_names()))
    verdict = judge.verdict(row["prediction"], solution=row["gold"], **row.get("columns", {}))
    if verdict.passed is row["expected"]:
        return None
    return f"expected {row['expected']}, came {verdict!r} of {row['prediction']!r}"
