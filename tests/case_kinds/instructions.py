"""Rows of IFEval's form: `instruction_id_list`, `kwargs`, `response`, and `expected`, whether all are followed."""

from __future__ import annotations

from typing import Any

from jurybox.judges.instructions import IFEvalJudge


def check_row(row: dict[str, Any]) -> str | None:
    """What was expected and what came, or None when the row is right."""
    columns = {name: row[name] for name in ("instruction_id_list", "kwargs")}
    verdict = IFEvalJudge(**row.get("options", {})).verdict(row["response"], **columns)
    if verdict.passed is row["expected"]:
        return None
    return f"expected {row['expected']}, came {verdict!r} of {row['response']!r}"
