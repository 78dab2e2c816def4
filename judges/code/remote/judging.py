"""Judging by a remote runner: each test is one run, asked for in a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TypeVar

from ..checking import checked
from ..outside.isolation import IsolationReport
from ..outside.limits import Limits
from ..outside.session import Rules
from ..outside.waiting import Run, Wait
from ..results import TestResult, Usage, legible, shown
from ..suite import StdioTest, Suite
from .protocol import Remote, RemoteRun, RemoteUnavailable

LONG = 3600.0
STDERR_TAIL = 2000
HEALTH = {  # a program that no server which works can fail
    "python": "print(42)",
    "cpp": '#include <cstdio>\nint main() { puts("42"); }',
    "javascript": "console.log(42)",
    "bash": "echo 42",
}
Result = TypeVar("Result")


@dataclass
class RemoteSession:
    """One program that is judged elsewhere; what a verdict is made of, as `outside.session.Session` has it."""

    remote: Remote
    code: str
    language: str
    rules: Rules
    usage: Usage = field(default_factory=Usage)
    stderr: str = ""

    def __post_init__(self) -> None:
        self.began = monotonic()
        self.report = IsolationReport("remote", missing={"all": f"the business of {self.remote!r}"})

    def results(self, suite: Suite) -> Run[list[TestResult]]:
        """One result a test, in order; not every test when the first failure decides.

        Raises:
            RemoteUnavailable: the server is not there.
        """
        found: list[TestResult] = []
        for test in suite.tests:
            assert isinstance(test, StdioTest)
            result = yield from self._result(test)
            found.append(result)
            if result.label == "compile_error":
                return [result] * len(suite.tests)
            if self.rules.stop_on_first_failure and not result.passed:
                break
            if self.usage.wall_s > self.rules.limits.total_s:
                break
        return found + [TestResult("not_run")] * (len(suite.tests) - len(found))

    def _result(self, test: StdioTest) -> Run[TestResult]:
        try:
            ran = yield from _in_thread(lambda: self._run(self.code, test.stdin, self.rules.limits))
        except RemoteUnavailable as error:
            if (yield from self._healthy()):  # so it was this program that it could not cope with
                return TestResult("bad_reply", detail=f"the server gave no answer on this program: {error}"[:300])
            raise
        self.usage += Usage(ran.wall_s, 0.0, 0.0, 1)
        result = TestResult(ran.label, wall_s=ran.wall_s, detail=legible(ran.detail))
        output = ran.stdout.encode("utf-8", "surrogatepass")
        if ran.label == "ended":
            return checked(test, output, self.rules.compare, result)
        if not self.stderr:
            self.stderr = ran.stderr[-STDERR_TAIL:]
        return replace(result, got=shown(legible(ran.stdout[:4096])))

    def _healthy(self) -> Run[bool]:
        """Whether the server runs a program that cannot fail."""
        try:
            ran = yield from _in_thread(lambda: self._run(HEALTH[self.language], "", Limits()))
        except RemoteUnavailable:
            return False
        return ran.label == "ended" and ran.stdout.strip() == "42"

    def _run(self, code: str, stdin: str, limits: Limits) -> RemoteRun:
        try:
            ran = self.remote.run(code, self.language, stdin, limits)
        except RemoteUnavailable:
            raise
        except Exception as error:  # a mistake of an adapter is no fault of the program
            raise RemoteUnavailable(f"{self.remote!r} raised {type(error).__name__}: {error}") from error
        if not isinstance(ran, RemoteRun):
            raise RemoteUnavailable(f"{self.remote!r} returned a {type(ran).__name__}, not a RemoteRun")
        return ran


def _in_thread(ask: Callable[[], Result]) -> Run[Result]:
    """The result of a blocking call, without blocking the others that wait."""
    done = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
    outcome: list[Result | BaseException] = []

    def work() -> None:
        try:
            outcome.append(ask())
        except BaseException as error:
            outcome.append(error)
        os.eventfd_write(done, 1)

    thread = threading.Thread(target=work, name="jurybox-remote", daemon=True)
    thread.start()
    try:
        while not outcome:
            yield Wait((done,), monotonic() + LONG)
    finally:
        if outcome:
            thread.join()
            os.close(done)  # one that was cancelled is left to its thread
    (found,) = outcome
    if isinstance(found, BaseException):
        raise found
    return found
