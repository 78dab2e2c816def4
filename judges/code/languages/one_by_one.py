"""Tests that are put one after the other, each with nothing left of the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..outside.session import Session
from ..outside.waiting import Run
from ..results import TestResult

Test = TypeVar("Test")


def one_by_one(
    session: Session, tests: Sequence[Test], judged: Callable[[Test], Run[TestResult]]
) -> Run[list[TestResult]]:
    """The results of tests in order; one that found no core is put once more."""
    results: list[TestResult] = []
    for test in tests:
        if session.out_of_time:
            break
        result = yield from judged(test)
        if session.repeats(result):
            result = yield from judged(test)
        results.append(result)
        if session.rules.stop_on_first_failure and not (result.passed or result.at_fault):
            break
    return results + [TestResult("not_run")] * (len(tests) - len(results))
