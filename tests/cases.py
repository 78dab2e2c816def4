"""Run files of cases from the command line: `python -m tests.cases KIND FILE…`.

A file holds one JSON object a line. Each row that falls short is printed with what was expected and what came; the
last line is `N passed, M failed`, and the exit status is 0 only when nothing failed. Rows that depend on a convention
("policy") are reported and counted apart: they never fail.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# Each module has `check_row(row) -> str | None`: what was expected and what came, or None when the row is right.
KINDS = {
    "choice": "tests.case_kinds.choice",
    "code-benign": "tests.case_kinds.code_benign",
    "code-hostile": "tests.case_kinds.code_hostile",
    "instructions": "tests.case_kinds.instructions",
    "json-extraction": "tests.case_kinds.json_extraction",
    "json-schema": "tests.case_kinds.json_schema",
    "math": "tests.case_kinds.math",
    "text-attacks": "tests.case_kinds.text_attack",
}
Row = dict[str, Any]


def is_policy(row: Row) -> bool:
    """Whether a row states a convention, not a fact."""
    return bool(row.get("policy")) or row.get("level") == "policy"


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file; blank lines are skipped."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                row: Row = json.loads(line)
                row.setdefault("id", f"{path.name}:{number}")
                yield row


def check_row_of(kind: str) -> Callable[[Row], str | None]:
    """The check of a kind; its module is imported now."""
    check: Callable[[Row], str | None] = importlib.import_module(KINDS[kind]).check_row
    return check


def short_comings(kind: str, rows: Iterator[Row]) -> Iterator[tuple[Row, str | None]]:
    """Each row with what is wrong about it; an exception is a shortcoming too."""
    check = check_row_of(kind)
    for row in rows:
        try:
            yield row, check(row)
        except Exception as error:
            yield row, f"raised {type(error).__name__}: {error}"


def run(kind: str, paths: list[Path]) -> int:
    """Check every row of every file, print what falls short, and give the number of failures."""
    passed = failed = differing = 0
    for path in paths:
        for row, wrong in short_comings(kind, read_rows(path)):
            if wrong is None:
                passed += 1
            else:
                policy = is_policy(row)
                differing, failed = differing + policy, failed + (not policy)
                print(f"{row['id']}{' (policy)' if policy else ''}: {wrong}", flush=True)
    if differing:
        print(f"{differing} policy rows differ")
    print(f"{passed} passed, {failed} failed")
    return failed


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("kind", choices=sorted(KINDS))
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    return 1 if run(options.kind, options.files) else 0


if __name__ == "__main__":
    sys.exit(main())
