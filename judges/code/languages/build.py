"""One program that is built in the box, and its runs there; see `..box.foreign.keeper` for the other side."""

from __future__ import annotations

import os
import signal
from typing import Any, NamedTuple

from ..outside.child import Child, file_of
from ..outside.own_time import Turn
from ..outside.server import ServerLost
from ..outside.session import BREAKDOWNS, Session
from ..outside.waiting import Run
from ..results import TestResult, legible

GRACE = 10.0  # seconds beyond a bound that a keeper keeps, before it counts as lost
OUT_OF_MEMORY = ("bad_alloc", "heap out of memory", "Array buffer allocation failed", "Cannot allocate memory")


class Ended(NamedTuple):
    """How a run ended: the label "ended" when nothing is wrong so far; what it printed; its exit status."""

    result: TestResult
    output: bytes
    status: int


class Build:
    """A program in a keeper. Raises ServerLost whenever the keeper, which no program can reach, is gone."""

    def __init__(self, session: Session, child: Child, task: dict[str, Any], kind: str) -> None:
        self.session = session
        self.child = child
        self._may_tell = kind == "program"  # what a test says may hold the answer
        self.wall_s = float(task["bounds"]["wall_s"])

    @classmethod
    def of(cls, session: Session, task: dict[str, Any], kind: str = "program") -> Run[Build | TestResult]:
        """Build it; or why that did not work, as the result of every test."""
        child = yield from session.open(kind, **task)
        build = cls(session, child, task, kind)
        limit = float(task.get("compile_bounds", {}).get("wall_s", 0.0))
        message = yield from build._reply(limit)
        if message[0] == "ready":
            return build
        _failed, label, said, (cpu_s, wall_s, _queued_s, rss_mb) = message
        if label == "fault":
            raise ServerLost(f"the box cannot start a compiler: {said}")
        yield from session.close(child)
        return TestResult(label, 0.0, wall_s, cpu_s, rss_mb, legible(said))

    def start(self, stdin: str, link: int | None = None) -> int:
        """Have it run once; a descriptor of what it will print."""
        given, printed = file_of(stdin.encode("utf-8", "surrogateescape")), os.memfd_create("stdout")
        self.child.send_descriptors([given, printed, *([] if link is None else [link])])
        os.close(given)
        return printed

    def end(self, printed: int) -> Run[Ended]:
        """How the run that was started ended."""
        try:
            message = yield from self._reply(self.wall_s)
            output = os.pread(printed, os.fstat(printed).st_size, 0)
        finally:
            os.close(printed)
        _ended, label, detail, status, (cpu_s, wall_s, queued_s, rss_mb) = message
        self.session.spent += max(cpu_s, wall_s - queued_s)
        if label == "fault":
            raise ServerLost(f"the box cannot start a program: {detail}")
        if label == "starved" and not self.session.rules.retry_starved:
            label = "timeout"
        if not label:
            label, detail = self._manner_of_death(status)
        result = TestResult(label, 0.0, wall_s, cpu_s, rss_mb, legible(detail))
        if label != "ended" and self._may_tell and not self.session.stderr:
            self.session.stderr = self.child.stderr_tail()
        return Ended(result, output, status)

    def _manner_of_death(self, status: int) -> tuple[str, str]:
        if status == 0:
            return "ended", ""
        if status == -signal.SIGXCPU:
            return "timeout", "killed by SIGXCPU"
        if status == -signal.SIGXFSZ:
            return "output_limit", "a file grew too large"
        told = self.child.stderr_tail()
        label = "memory_limit" if any(each in told for each in OUT_OF_MEMORY) else "runtime_error"
        name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
        return label, f"killed by {name}" if status < 0 else f"exit status {status}"

    def close(self) -> Run[None]:
        """End the keeper and all that it keeps."""
        yield from self.session.close(self.child)

    def _reply(self, seconds: float) -> Run[list[Any]]:
        try:
            turn = Turn(seconds + GRACE, seconds + GRACE, lambda: 0.0)  # the keeper keeps time, and is given more
            return (yield from self.child.reply(turn))  # type: ignore[no-any-return]
        except BREAKDOWNS as error:
            told = self.child.stderr_tail()
            raise ServerLost(f"a keeper is lost ({type(error).__name__}): {told[-500:]}") from None
