"""Judging by standard input and output: one child for all tests of a program, a fresh one for every doubt."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from .checking import checked
from .child import Child, file_of
from .results import TestResult, shown
from .session import BREAKDOWNS, Session, claimed, timed
from .suite import StdioTest
from .waiting import Run

CONFIRMED_FAILURES = 3


def run_stdio(session: Session, tests: Sequence[StdioTest]) -> Run[list[TestResult]]:
    """The results of tests in order.

    A test that fails in a child that has run others before may have been spoilt by them, so it is run again in a
    fresh child. When three such failures have stood, the rest is believed.
    """
    judging = _Judging(session)
    results = judging.results
    for test in tests:
        if session.out_of_time or (results and session.rules.stop_on_first_failure and not results[-1].passed):
            break
        results.append((yield from judging.result(test)))
        if session.rules.reuse == "test":
            yield from judging.end()
        if results[-1].label == "compile_error":
            results += [results[-1]] * (len(tests) - len(results))
            break
    yield from judging.end()
    return results + [TestResult("not_run")] * (len(tests) - len(results))


class _Judging:
    """The child that is at work, what it has run, and the results so far."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.results: list[TestResult] = []
        self.child: Child | None = None
        self.served = 0
        self.confirmed = 0

    def result(self, test: StdioTest) -> Run[TestResult]:
        """The result of one test, confirmed where there is doubt."""
        spoilable = self.child is not None
        result = yield from self._run(test)
        if result.passed or self.session.out_of_time:
            return result
        if spoilable and self.confirmed < CONFIRMED_FAILURES:
            yield from self.end()
            result = yield from self._run(test)
            self.confirmed += not result.passed
        elif result.detail == "starved" and self.session.rules.retry_starved:
            result = yield from self._run(test)
        if not result.passed and self.child is not None and not self.session.stderr:
            self.session.stderr = self.child.stderr_tail()
        return result

    def end(self) -> Run[None]:
        """End the child; when it ran a single test, that test took all that the child took."""
        if self.child is None:
            return
        child, self.child = self.child, None
        end = yield from self.session.close(child)
        if self.served == 1 and self.results:
            self.results[-1] = replace(self.results[-1], cpu_s=end.cpu_s, rss_mb=end.rss_mb)

    def _run(self, test: StdioTest) -> Run[TestResult]:
        began = monotonic()
        if self.child is None:
            self.child = yield from self.session.open("stdio")
            self.served = 0
        self.served += 1
        stdin, stdout = file_of(test.stdin.encode("utf-8", "surrogateescape")), os.memfd_create("stdout")
        try:
            self.child.send_descriptors([stdin, stdout])
            result = yield from self._ending(began)
            return timed(self._compared(test, result, stdout), began)
        finally:
            os.close(stdin)
            os.close(stdout)

    def _ending(self, began: float) -> Run[TestResult]:
        """How the program ended on one input; the label "ended" when nothing is wrong so far."""
        assert self.child is not None
        try:
            message = yield from self.child.reply(self.session.deadline(began))
        except BREAKDOWNS as error:
            child, self.child = self.child, None
            return (yield from self.session.breakdown(child, error, began))
        if message[0] == "ended" and message[1:2] == [""]:
            return TestResult("ended")
        return claimed(message)

    def _compared(self, test: StdioTest, result: TestResult, stdout: int) -> TestResult:
        limit = self.session.rules.limits.output_kb << 10
        if os.fstat(stdout).st_size >= limit and result.label != "timeout":
            return replace(result, label="output_limit", detail=f"more than {limit >> 10} KB")
        output = os.pread(stdout, limit, 0)
        if result.label == "ended":
            return checked(test, output, self.session.rules.compare, result)
        return replace(result, got=shown(output[:4096].decode(errors="replace")))
