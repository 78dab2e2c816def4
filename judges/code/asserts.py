"""Judging by test source: a tester runs the trusted source, a candidate runs the program, a socket joins them."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from .outside.child import Child, ChildEnded
from .outside.own_time import Turn
from .outside.session import BREAKDOWNS, CLAIMED_FAILURES, Session, claimed
from .outside.waiting import Run
from .results import TestResult
from .suite import AssertTest

RESTARTS = 3
TOLD_FAILURES = CLAIMED_FAILURES | {"wrong_answer", "invalid_tests"}  # the tester runs no line of the program


def run_asserts(session: Session, tests: Sequence[AssertTest]) -> Run[list[TestResult]]:
    """The results of tests in order. When either side breaks, both are replaced, three times at most."""
    asserts = _Asserts(session, tests)
    for _attempt in range(1 + RESTARTS):
        if not asserts.todo or session.out_of_time:
            break
        yield from asserts.serve()
    return [asserts.results.get(place, TestResult("not_run")) for place in range(len(tests))]


class _Asserts:
    """Which tests are still to do and what became of the others."""

    def __init__(self, session: Session, tests: Sequence[AssertTest]) -> None:
        self.session = session
        self.tests = tests
        self.todo = deque(range(len(tests)))
        self.results: dict[int, TestResult] = {}

    def serve(self) -> Run[None]:
        """Run the remaining tests with a fresh pair, until one side breaks or all are done."""
        theirs, ours = socket.socketpair()
        with theirs, ours:
            candidate = yield from self.session.open("candidate", link=theirs.fileno())
            theirs.close()  # the candidate holds it alone now, so its end is seen at the other side
            if not (yield from self._loaded(candidate)):
                return
            tester = yield from self.session.open("tester", link=ours.fileno(), **self._tester_task())
        yield from self._hear(tester, candidate)
        for child in (tester, candidate):
            if child in self.session.children:
                failed = child is candidate and any(not result.passed for result in self.results.values())
                yield from self.session.close(child, failed=failed)

    def _loaded(self, candidate: Child) -> Run[bool]:
        """Whether the program has loaded; if not, all tests have failed for the same reason."""
        turn = self.session.begin()
        try:
            message = yield from candidate.reply(turn)
        except BREAKDOWNS as error:
            result = yield from self.session.breakdown(candidate, error, turn)
            if not self.session.repeats(result):
                self._fail_rest(result)
            return False
        if message == ["ready"]:
            self.session.end(turn)
            return True
        self._fail_rest(self.session.timed(claimed(message), turn))
        yield from self.session.close(candidate, failed=True)
        return False

    def _tester_task(self) -> dict[str, Any]:
        return {
            "tests": [asdict(self.tests[place]) for place in self.todo],
            "entry": self.session.entry,
            "trust": self.session.rules.trust_candidate_eq,
            "reply_bytes": self.session.rules.limits.reply_kb << 10,
        }

    def _hear(self, tester: Child, candidate: Child) -> Run[None]:
        """Hear the results one after the other, until a test loses the candidate or runs out of time."""
        while self.todo:
            turn = self.session.begin()
            place = self.todo.popleft()
            try:
                message = yield from tester.reply(turn)
            except BREAKDOWNS as error:
                result = yield from self._broken(tester, candidate, error, turn)
                if self.session.repeats(result):
                    self.todo.appendleft(place)
                    return
                self.results[place] = result
                self._stop_after(place)
                return
            lost = message[1:2] == ["lost"]
            result = self._told(message)
            if lost:
                result = yield from self.session.breakdown(candidate, ChildEnded(), turn)
            else:
                result = self.session.timed(result, turn)
            self.results[place] = _no_normal_end(result)
            self._stop_after(place)
            if lost:
                return

    def _told(self, message: list[Any]) -> TestResult:
        """What the tester says; the text of a failed assertion may hold the answer, so it is kept only on demand."""
        if message == ["test", "passed", ""]:
            return TestResult("passed", 1.0)
        result = claimed(message, TOLD_FAILURES)
        if result.label == "wrong_answer" and not self.session.rules.reveal_expected:
            return replace(result, detail="")
        return result

    def _broken(self, tester: Child, candidate: Child, error: Exception, turn: Turn) -> Run[TestResult]:
        """The tester waits for the candidate, so a timeout is the candidate's; the tester's own end is not."""
        if isinstance(error, ChildEnded):
            return _no_normal_end((yield from self.session.breakdown(tester, error, turn)))
        return (yield from self.session.breakdown(candidate, error, turn))

    def _stop_after(self, place: int) -> None:
        result = self.results[place]
        if self.session.rules.stop_on_first_failure and not (result.passed or result.at_fault):
            self.todo.clear()

    def _fail_rest(self, result: TestResult) -> None:
        self.results.update(dict.fromkeys(self.todo, _no_normal_end(result)))
        self.todo.clear()


def _no_normal_end(result: TestResult) -> TestResult:
    """Where answers are awaited, an exit status of 0 is no end but a flight."""
    if result.label != "ended":
        return result
    return TestResult("runtime_error", 0.0, result.wall_s, result.cpu_s, result.rss_mb, "the program ended early")
