"""Judging functions by a test program in their own language, such as those of HumanEval-X and MultiPL-E.

The test runs in a process that holds no line of the completion, the completion in one that holds no line of the test.
So nothing that a program does, leaving, overriding, writing to whatever it has, can make a test pass: it is passed
when the test itself ends normally, having asked the program at least once.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from dataclasses import replace

from ..outside.session import Session
from ..outside.waiting import Run
from ..results import TestResult
from ..suite import SourceTest
from .build import Build
from .one_by_one import one_by_one
from .peers import programs, tester

MISSING, UNASKED, LOST, UNREADABLE = 94, 95, 97, 98  # exit statuses of the test's end; see support/


def run_functions(session: Session, tests: Sequence[SourceTest]) -> Run[list[TestResult]]:
    """The results of tests in order."""
    program = yield from _program(session)
    if isinstance(program, TestResult):
        return [program] * len(tests)
    results = yield from one_by_one(session, tests, lambda test: _judged(session, program, test))
    yield from program.close()
    return results


def _program(session: Session) -> Run[Build | TestResult]:
    """The completion's end, in the first form that compiles; or why none does."""
    assert session.toolchain is not None
    assert session.entry is not None
    limits = session.rules.limits
    first: TestResult | None = None
    for task in programs(session.toolchain, session.code, session.prefix, session.entry, limits):
        built = yield from Build.of(session, task)
        if isinstance(built, Build):
            return built
        first = first or built
        if built.label != "compile_error":
            break
    assert first is not None
    return first


def _judged(session: Session, program: Build, test: SourceTest) -> Run[TestResult]:
    assert session.toolchain is not None
    assert session.entry is not None
    task = tester(session.toolchain, test.source, session.prefix, session.entry, session.rules.limits)
    testing = yield from Build.of(session, task, kind="tester")
    if isinstance(testing, TestResult):
        if testing.label != "compile_error":
            return testing
        return TestResult("invalid_tests", detail=f"the test does not compile: {testing.detail}"[:600])
    theirs, ours = socket.socketpair()
    with theirs, ours:
        serving = program.start("", theirs.fileno())
        asking = testing.start("", ours.fileno())
    told = yield from testing.end(asking)
    yield from testing.close()
    served = yield from program.end(serving)  # it reads the end of the link, or meets its own limits
    result = replace(told.result, cpu_s=served.result.cpu_s, rss_mb=served.result.rss_mb)
    if told.result.label == "ended":
        return replace(result, label="passed", score=1.0)
    if told.status == UNASKED:
        return replace(result, label="invalid_tests", detail="the test never asks the program anything")
    if told.status == MISSING:
        return replace(result, label="missing_entry", detail=f"the program does not define {session.entry}")
    if told.status == LOST:
        early = served.result.label == "ended"
        return replace(served.result, label="runtime_error", detail="it ended early") if early else served.result
    if told.status == UNREADABLE:
        return replace(result, label="bad_reply", detail="an answer that cannot be read")
    label = "wrong_answer" if result.label == "runtime_error" else result.label
    return replace(result, label=label, detail="" if label == "wrong_answer" else result.detail)
