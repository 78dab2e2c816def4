"""Judging SQL by the rows it returns: each test is a database of its own, in a child of the Python server."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..box.values import BadValue, decode
from ..checking import shown_value
from ..comparison import Compare
from ..outside.session import BREAKDOWNS, CLAIMED_FAILURES, Session, claimed
from ..outside.waiting import Run
from ..results import TestResult
from ..suite import SqlTest
from .one_by_one import one_by_one

TOLD = CLAIMED_FAILURES | {"output_limit", "invalid_tests"}  # the child runs SQL, which says nothing by itself
ORDERED = re.compile(r"\border\s+by\b[^)]*$", re.I)


def run_sql(session: Session, tests: Sequence[SqlTest]) -> Run[list[TestResult]]:
    """The results of tests in order."""
    return (yield from one_by_one(session, tests, lambda test: _judged(session, test)))


def _judged(session: Session, test: SqlTest) -> Run[TestResult]:
    expected: Any = [list(row) for row in test.rows or ()]
    if test.rows is None:
        answer = yield from _asked(session, test, reference=test.reference)
        if isinstance(answer, TestResult):
            return TestResult("invalid_tests", detail=f"the reference: {answer.label} {answer.detail}"[:300])
        expected = answer[0]
    answer = yield from _asked(session, test)
    if isinstance(answer, TestResult):
        return answer
    (rows,) = answer
    right = rows is not None and same_rows(rows, expected, session.rules.compare, is_ordered(test))
    got = "no statement returned rows" if rows is None else shown_value(rows)
    return TestResult("passed" if right else "wrong_answer", float(right), got=got)


def _asked(session: Session, test: SqlTest, reference: str = "") -> Run[TestResult | tuple[Any]]:
    """What the program, or a reference in its place, returns; or why nothing."""
    child = yield from session.open("sql", setup=test.setup, check=test.check, reference=reference)
    turn = session.begin()
    try:
        message = yield from child.reply(turn)
    except BREAKDOWNS as error:
        result = yield from session.breakdown(child, error, turn)
        return TestResult("runtime_error", detail="it ended early") if result.label == "ended" else result
    session.end(turn)
    yield from session.close(child, failed=message[0] == "failed")
    if message[0] != "value" or len(message) != 2:
        return claimed(message, TOLD)
    try:
        return (decode(message[1]) if message[1] is not None else None,)
    except (BadValue, RecursionError) as error:
        return TestResult("bad_reply", detail=str(error)[:300])


def is_ordered(test: SqlTest) -> bool:
    """Whether the order of rows counts: as the test says, or as its reference orders them itself."""
    return test.ordered if test.ordered is not None else bool(ORDERED.search(test.reference))


def same_rows(got: Sequence[Any], expected: Sequence[Any], compare: Compare, ordered: bool) -> bool:
    """Whether rows are the expected ones, each as often."""
    if len(got) != len(expected):
        return False
    if not ordered:
        got, expected = sorted(got, key=_sorting), sorted(expected, key=_sorting)
    return all(compare.values_match(row, other) for row, other in zip(got, expected, strict=True))


def _sorting(row: Sequence[Any]) -> tuple[Any, ...]:
    """Floats last: two that are nearly equal may stand in either order."""
    exact = [(type(value).__name__, value) for value in row if isinstance(value, (str, bytes))]
    numbers = [value for value in row if isinstance(value, (int, float))]
    return (exact, sum(value is None for value in row), numbers)
