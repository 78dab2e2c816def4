"""Before judging takes its time: what the first rows tell about the whole file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, islice

from ..judges.preflight import PreflightError, preflight
from ..rewards.rows import needed
from .rows import Row, Rows

ROWS = 64


def look_ahead(source: Rows, rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows; says on standard error which of the first ones no completion could be judged on, and why."""
    first = list(islice(rows, ROWS))
    if told := _unusable(source, [row for row in first if not row.error]):
        print(f"jurybox: among the first {len(first)} rows are {told}", file=sys.stderr)
    return chain(first, rows)


def _unusable(source: Rows, rows: list[Row]) -> str:
    absent = dict.fromkeys(needed(source.reward))  # of other rows: a route reads its own columns only
    columns = [{**absent, **row.columns, "prompt": row.columns.get(source.prompt)} for row in rows]
    try:
        preflight(source.reward, columns)
    except PreflightError as error:
        numbered = {why: [rows[place].number for place in places] for why, places in error.findings.items()}
        return str(PreflightError(numbered, len(rows)))
    except (TypeError, ValueError):  # what a judge refuses to read at all is said of the row when it is its turn
        pass
    return ""
