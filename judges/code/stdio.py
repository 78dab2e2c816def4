"""Judging by standard input and output: one child for all tests of a program, a fresh one for every doubt."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from .checker_programs import checked_by_program
from .checking import checked
from .outside.child import Child, file_of
from .outside.own_time import Turn
from .outside.session import BREAKDOWNS, Session, claimed
from .outside.waiting import Run
from .results import TestResult, shown
from .suite import CheckerProgram, StdioTest

CONFIRMED_FAILURES = 3
MOST_AHEAD = 8  # tests whose descriptors a socket holds
ENDED = TestResult("ended")


def run_stdio(session: Session, tests: Sequence[StdioTest]) -> Run[list[TestResult]]:
    """The results of tests in order.

    A test that fails in a child that has run others before may have been spoilt by them, so it is run again in a
    fresh child. When three such failures have stood, the rest is believed. When one has not, nothing is: a program
    that answers otherwise when it is asked alone is asked everything alone, from the first test on, and only that
    counts. So no program has two answers to choose from.
    """
    results = yield from _results(_Judging(session, tests, session.rules.reuse == "test"))
    if results is None:
        results = yield from _results(_Judging(session, tests, one_child_a_test=True))
    assert results is not None
    if results and results[-1].label == "compile_error":
        return [results[-1]] * len(tests)
    return results + [TestResult("not_run")] * (len(tests) - len(results))


def _results(judging: _Judging) -> Run[list[TestResult] | None]:
    """As many results as there was time for; None when the program has contradicted itself."""
    try:
        while len(judging.results) < len(judging.tests) and not (judging.session.out_of_time or judging.settled):
            if not (yield from judging.judge_next()):
                return None
        yield from judging.end()
    finally:
        judging.forget_sent()
    return judging.results


class _Judging:
    """The child that is at work, what it has been sent, and the results so far."""

    def __init__(self, session: Session, tests: Sequence[StdioTest], one_child_a_test: bool) -> None:
        self.session = session
        self.tests = tests
        self.results: list[TestResult] = []
        self.child: Child | None = None
        self.sent: deque[int] = deque()  # output files of tests that the child has, answered in this order
        self.served = 0
        self.confirmed = 0
        self.one_child_a_test = one_child_a_test
        one_by_one = session.rules.stop_on_first_failure or one_child_a_test
        self.window = 1 if one_by_one else min(session.rules.window, MOST_AHEAD)

    @property
    def settled(self) -> bool:
        """Whether the results so far decide the rest."""
        if not self.results or self.results[-1].passed:
            return False
        return self.session.rules.stop_on_first_failure or self.results[-1].label == "compile_error"

    def judge_next(self) -> Run[bool]:
        """Add the result of the next test, confirmed where there is doubt; whether there was no contradiction."""
        spoilable = self.child is not None
        result = yield from self._run()
        while self.session.repeats(result):
            spoilable = False
            result = yield from self._run()
        doubtful = spoilable and not result.passed and self.confirmed < CONFIRMED_FAILURES
        if doubtful and not self.session.out_of_time:
            yield from self.end()
            alone = yield from self._run()
            if alone.score != result.score:
                yield from self.end()
                return False
            result = alone
            self.confirmed += 1
        if not result.passed and self.child is not None and not self.session.stderr:
            self.session.stderr = self.child.stderr_tail()
        self.results.append(result)
        if self.one_child_a_test:
            yield from self.end()
        return True

    def end(self) -> Run[None]:
        """End the child; when it ran a single test, that test took all that the child took."""
        self.forget_sent()
        if self.child is None:
            return
        child, self.child = self.child, None
        end = yield from self.session.close(child)
        if self.served == 1 and self.results:
            self.results[-1] = replace(self.results[-1], cpu_s=end.cpu_s, rss_mb=end.rss_mb)

    def forget_sent(self) -> None:
        """Close the output files of tests that were sent ahead and will not be answered."""
        while self.sent:
            os.close(self.sent.popleft())

    def _run(self) -> Run[TestResult]:
        if self.child is None:
            stdin = self._new_files(self.tests[len(self.results)])
            try:
                self.child = yield from self.session.open("stdio", streams=(stdin, self.sent[-1]))
            finally:
                os.close(stdin)
            self.served = 0
        turn = self.session.begin()
        self._send_ahead(self.child)
        self.served += 1
        test, stdout = self.tests[len(self.results)], self.sent.popleft()
        try:
            result = yield from self._ending(turn)
            return (yield from self._compared(test, result, stdout))
        finally:
            os.close(stdout)

    def _send_ahead(self, child: Child) -> None:
        """Give the child this test and some of the next, so that it need not wait for us."""
        first = len(self.results)
        for test in self.tests[first + len(self.sent) : first + self.window]:
            stdin = self._new_files(test)
            child.send_descriptors([stdin, self.sent[-1]])
            os.close(stdin)

    def _new_files(self, test: StdioTest) -> int:
        """The input of a test, to be closed once it is sent; its output is the last of `sent`."""
        self.sent.append(os.memfd_create("stdout"))
        return file_of(test.stdin.encode("utf-8", "surrogateescape"))

    def _ending(self, turn: Turn) -> Run[TestResult]:
        """How the program ended on one input; the label "ended" when nothing is wrong so far."""
        assert self.child is not None
        try:
            message = yield from self.child.reply(turn)
        except BREAKDOWNS as error:
            self.forget_sent()
            child, self.child = self.child, None
            return (yield from self.session.breakdown(child, error, turn))
        return self.session.timed(ENDED if message[:2] == ["ended", ""] else claimed(message), turn)

    def _compared(self, test: StdioTest, result: TestResult, stdout: int) -> Run[TestResult]:
        limit = self.session.rules.limits.output_kb << 10
        output = os.pread(stdout, limit, 0)
        if len(output) >= limit and result.label != "timeout":
            return replace(result, label="output_limit", detail=f"more than {limit >> 10} KB")
        if result.label == "ended" and isinstance(test.checker, CheckerProgram):
            return (yield from checked_by_program(self.session, test, test.checker, output, result))
        if result.label == "ended":
            return checked(test, output, self.session.rules.compare, result)
        return replace(result, got=shown(output[:4096].decode(errors="replace")))
