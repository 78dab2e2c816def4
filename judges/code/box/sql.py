"""A child that runs SQL on a database in its memory: what a test sets up, then the program, then perhaps a question.

SQL has no way to the process around it, and no file can be reached from here, so the child is believed about the rows;
what it is not told is which rows are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .values import encode
from .wire import Channel

MAX_ROWS = 100_000
MAX_TEXT = 1 << 20  # characters of a program


def run(channel: Channel, task: dict[str, Any]) -> int:
    """Answer with the rows of the last statement that has rows; the exit status of the child.

    A task holds `setup`, `code` or in its place a trusted `reference`, and `check`, whose rows count if it is there.
    """
    import sqlite3

    database = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        database.executescript(task["setup"])
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        channel.send(["failed", "invalid_tests", f"the setup: {error}"[:300]])
        return 0
    try:
        rows = _rows(database, task.get("reference") or task["code"])
        rows = _rows(database, task["check"]) if task.get("check") else rows
    except MemoryError:
        channel.send(["failed", "memory_limit", "out of memory"])
    except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError) as error:
        label = "memory_limit" if "out of memory" in str(error) else "runtime_error"
        channel.send(["failed", label, f"{type(error).__name__}: {error}"[:300]])
    else:
        channel.send(rows)
    return 0


def _rows(database: Any, source: str) -> list[Any]:
    """The reply to the statements of a text."""
    rows = None
    for statement in statements(source):
        cursor = database.execute(statement)
        if cursor.description is not None:
            rows = cursor.fetchmany(MAX_ROWS + 1)
            if len(rows) > MAX_ROWS:
                return ["failed", "output_limit", f"more than {MAX_ROWS} rows"]
    return ["value", None if rows is None else encode(rows)]


def statements(source: str) -> Iterator[str]:
    """Each statement; a semicolon in a text, a comment or the body of a trigger ends none.

    >>> [each.strip() for each in statements("SELECT ';'; SELECT 2 -- ;")]
    ["SELECT ';';", 'SELECT 2 -- ;']
    """
    import sqlite3

    if len(source) > MAX_TEXT:
        raise ValueError("a program of more than a million characters")
    start, place = 0, source.find(";")
    while place >= 0:
        if sqlite3.complete_statement(source[start : place + 1]):
            yield source[start : place + 1]
            start = place + 1
        place = source.find(";", place + 1)
    if source[start:].strip():
        yield source[start:]
