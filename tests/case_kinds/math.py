"""One math case against the judge: see `check_row`."""

from __future__ import annotations

import time
from typing import Any

from jurybox.judges import shared_pool
from jurybox.judges.math import MathJudge, extract
from jurybox.judges.math.symbolic import PRELOAD

shared_pool(PRELOAD).warm()  # rows are timed as in training: the worker is there already


def judge_for(row: dict[str, Any]) -> MathJudge:
    """The judge with the options that a row's settings mean."""
    settings = row.get("settings")
    if settings is None:
        return MathJudge()
    return MathJudge(
        decimals=settings.get("float_rounding"),
        strict=settings.get("strict", True),
        relations="both" if settings.get("allow_set_relation_comp") else "gold",
    )


def prediction(row: dict[str, Any]) -> str:
    """The completion of a row, written out or in repeated parts."""
    if row.get("prediction") is not None:
        return str(row["prediction"])
    return "".join(text * times for text, times in row["prediction_parts"])


def check_row(row: dict[str, Any]) -> str | None:
    """None when the judge does as expected, else what fell short."""
    completion = prediction(row)
    if "expected_extraction" in row:
        found = extract(completion).text
        if found.casefold() == row["expected_extraction"].casefold():
            return None
        return f"extracted {found!r}, expected {row['expected_extraction']!r}"
    start = time.perf_counter()
    verdict = judge_for(row).verdict(completion, solution=row["gold"])
    seconds = time.perf_counter() - start
    limit = row.get("time_limit_s")
    if limit is not None and seconds > limit:
        return f"took {seconds:.2f} s of {limit:g} s"
    if row["expected"] is None:
        abstained = verdict.passed is None and verdict.reason != "unusable gold"
        return f"abstained: {verdict}" if abstained else None
    if verdict.passed is not row["expected"]:
        return f"expected {row['expected']}: {verdict}"
    return None
