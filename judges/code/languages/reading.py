"""A row's tests, for programs of these languages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..layouts import read_suite
from ..layouts.unpacking import unpacked
from ..suite import SourceTest, SqlTest, Suite
from .peers import entry_of
from .runners import fitting


def read_for(languages: Sequence[str], tests: Any, entry: str | None = None, layout: str | None = None) -> Suite:
    """The suite of one row, with those of the languages in which a program can be put to it.

    Raises:
        ValueError: the tests are in no known form, or none that fits the languages.
    """
    suite = _read(languages, tests, entry, layout)
    fit = fitting(suite, languages)
    if not fit:
        kinds = sorted({type(test).__name__ for test in suite.tests})
        raise ValueError(f"programs in {', '.join(languages)} cannot be put to tests of the kind {', '.join(kinds)}")
    return replace(suite, languages=fit)


def _read(languages: Sequence[str], tests: Any, entry: str | None, layout: str | None) -> Suite:
    if "sql" in languages and not isinstance(tests, Suite) and (found := sql_tests(tests)):
        return found
    if len(languages) == 1 and languages[0] in SOURCES and (found := source_tests(languages[0], tests, entry)):
        return found
    return read_suite(tests, entry, layout)


SOURCES = ("cpp", "javascript")


def source_tests(language: str, tests: Any, entry: str | None) -> Suite | None:
    """A test program: its text, or {"test" or "tests": its text, "prompt" or "declaration": …, "entry_point": …}, as in
    HumanEval-X and MultiPL-E; None for another layout.

    Raises:
        ValueError: nothing says which function is tested.
    """
    if isinstance(tests, str) and not _is_json(tests):
        tests = {"test": tests}
    elif isinstance(tests, str):
        tests = json.loads(tests)
    if not isinstance(tests, Mapping):
        return None
    if isinstance(tests.get("tests"), Mapping):
        tests = {**tests["tests"], "limits": tests.get("limits")}
    source = tests.get("test") or tests.get("tests")
    if not isinstance(source, str) or _is_json(source):
        return None
    prompt = str(tests.get("declaration") or tests.get("prompt") or "")
    name = entry_of(language, prompt, tests.get("entry_point") or tests.get("entry") or entry)
    return Suite((SourceTest(source),), name, prefix=prompt, limits=tests.get("limits") or {})


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


SQL_KEYS = {"setup", "rows", "reference", "check", "ordered"}


def sql_tests(tests: Any) -> Suite | None:
    """{"setup", "rows" or "reference", "check", "ordered"}, or a list of these, also below "tests"; None otherwise.

    Raises:
        ValueError: both or none of rows and reference, or rows that are no rows.
    """
    value = unpacked(tests)
    settings: Mapping[str, Any] = {}
    if isinstance(value, Mapping) and "tests" in value:
        settings, value = value, unpacked(value["tests"])
    rows = [value] if isinstance(value, Mapping) else value
    if not isinstance(rows, Sequence) or not all(isinstance(row, Mapping) and row.keys() <= SQL_KEYS for row in rows):
        return None
    found = tuple(_sql_test(row, place) for place, row in enumerate(rows))
    return Suite(found, limits=settings.get("limits") or {}, compare=settings.get("compare") or {})


def _sql_test(row: Mapping[str, Any], place: int) -> SqlTest:
    if (row.get("rows") is None) == (not row.get("reference")):
        raise ValueError(f"test {place} needs exactly one of 'rows' and 'reference'")
    rows = row.get("rows")
    if rows is not None and not all(isinstance(each, Sequence) and not isinstance(each, str) for each in rows):
        raise ValueError(f"test {place}: rows are a list of lists, one a row")
    return SqlTest(
        row.get("setup") or "",
        None if rows is None else tuple(map(tuple, rows)),
        row.get("reference") or "",
        row.get("check") or "",
        row.get("ordered"),
    )
