"""Judging by calls: one child holds the program, arguments go in one after the other, values come out."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from .box.values import BadValue, decode, encode
from .checking import checked_value
from .outside.child import Child
from .outside.own_time import Turn
from .outside.session import BREAKDOWNS, Session, claimed
from .outside.waiting import Run
from .results import TestResult
from .suite import CallTest

RESTARTS = 3
BYTES_AHEAD = 1 << 16  # what a socket takes in any case, so that sending never waits for a child that waits for us


def run_calls(session: Session, tests: Sequence[CallTest]) -> Run[list[TestResult]]:
    """The results of tests in order. A child that hangs or dies is replaced three times for the remaining tests."""
    calls = _Calls(session, tests)
    for _attempt in range(1 + RESTARTS):
        if not calls.todo or session.out_of_time:
            break
        yield from calls.serve()
    return [calls.results.get(place, TestResult("not_run")) for place in range(len(tests))]


class _Calls:
    """Which tests are still to do, which are sent, and what became of the others."""

    def __init__(self, session: Session, tests: Sequence[CallTest]) -> None:
        self.session = session
        self.tests = tests
        self.todo = deque(range(len(tests)))
        self.sent: deque[int] = deque()
        self.bytes_ahead = 0
        self.results: dict[int, TestResult] = {}

    def serve(self) -> Run[None]:
        """Load the program into a child and put the remaining tests to it, until it breaks or all are done."""
        child = yield from self.session.open("call")
        turn = self.session.begin()
        try:
            message = yield from child.reply(turn)
            if message != ["ready"]:
                self._fail_rest(self.session.timed(claimed(message), turn))
            else:
                self.session.end(turn)
                while (self.todo or self.sent) and not self.session.out_of_time:
                    turn = self.session.begin()
                    yield from self._send_ahead(child, turn)
                    if not self.sent:
                        break
                    self._judge((yield from child.reply(turn)), turn)
        except BREAKDOWNS as error:
            self._broken((yield from self.session.breakdown(child, error, turn)))
            return
        yield from self.session.close(child, failed=any(not result.passed for result in self.results.values()))

    def _send_ahead(self, child: Child, turn: Turn) -> Run[None]:
        while self.todo and len(self.sent) < self.session.rules.window and self.bytes_ahead < BYTES_AHEAD:
            place = self.todo.popleft()
            try:
                message = self._request(self.tests[place])
            except BadValue as error:
                self.results[place] = TestResult("invalid_tests", detail=str(error)[:300])
                continue
            self.sent.append(place)
            self.bytes_ahead += yield from child.send(message, turn)

    def _request(self, test: CallTest) -> list[Any]:
        """Raises BadValue for arguments that are no plain data: a fault of the test, which no program shall pay for."""
        return [
            "call",
            test.entry or self.session.entry,
            encode(test.args, _refuse),
            encode(dict(test.kwargs), _refuse),
        ]

    def _judge(self, message: list[Any], turn: Turn) -> None:
        place = self.sent.popleft()
        if not self.sent:
            self.bytes_ahead = 0
        result = self._valued(self.tests[place], message)
        self.results[place] = self.session.timed(result, turn)
        if self.session.rules.stop_on_first_failure and not result.passed:
            self.todo.clear()
            self.sent.clear()

    def _valued(self, test: CallTest, message: list[Any]) -> TestResult:
        if message[0] != "value" or len(message) != 2:
            return claimed(message)
        try:
            value = decode(message[1])
        except (BadValue, RecursionError) as error:
            return TestResult("bad_reply", detail=str(error)[:300])
        return checked_value(test, value, self.session.rules.compare, TestResult("ended"))

    def _broken(self, result: TestResult) -> None:
        """The child broke during the oldest unanswered test, or while loading; what was sent after it is undone."""
        if result.label == "ended":
            result = TestResult("runtime_error", wall_s=result.wall_s, detail="the program ended before it answered")
        if not self.sent and self.session.repeats(result):
            return
        if not self.sent:  # the program does not even load
            self._fail_rest(result)
            return
        place = self.sent.popleft()
        self.todo.extendleft(reversed(self.sent))
        self.sent.clear()
        self.bytes_ahead = 0
        if self.session.repeats(result):
            self.todo.appendleft(place)
            return
        self.results[place] = result
        if self.session.rules.stop_on_first_failure:
            self.todo.clear()

    def _fail_rest(self, result: TestResult) -> None:
        self.results.update(dict.fromkeys(self.todo, result))
        self.todo.clear()


def _refuse(value: Any) -> Any:
    raise BadValue(f"an argument of a call test is plain data, not a {type(value).__name__}")
