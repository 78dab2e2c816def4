"""One program being judged: what it may take, what it took, and what a claim of its children is worth."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from ..box.wire import BadFrame, Event
from ..comparison import Compare
from ..results import TestResult, Usage, legible
from .child import Child, ChildEnded, OutOfTime
from .limits import Limits
from .server import Server
from .waiting import Run

CLAIMED_FAILURES = frozenset({"runtime_error", "memory_limit", "compile_error", "missing_entry"})
PATIENCE = 5.0


@dataclass(frozen=True)
class Rules:
    """How programs are judged, whichever program it is; `CodeJudge` documents each."""

    limits: Limits = field(default_factory=Limits)
    compare: Compare = field(default_factory=Compare)
    reuse: str = "program"
    window: int = 16
    stop_on_first_failure: bool = False
    retry_starved: bool = True
    trust_candidate_eq: bool = False
    reveal_expected: bool = False
    seed: int = 0


@dataclass
class Session:
    """The state of one judged program."""

    server: Server
    code: str
    rules: Rules
    usage: Usage = field(default_factory=Usage)
    stderr: str = ""  # of the first child that failed a test
    entry: str | None = None
    prefix: str = ""
    starter: bool = False

    def __post_init__(self) -> None:
        self.began = monotonic()
        self.total_deadline = self.began + self.rules.limits.total_s
        self.patience = 1.0  # more once a test was starved: how much later than its limit a test ends
        self.children: dict[Child, float] = {}  # those that are open, and since when

    def deadline(self, since: float | None = None) -> float:
        """When the test that began then, or now, has had its time."""
        start = monotonic() if since is None else since
        return min(start + self.patience * self.rules.limits.wall_s, self.total_deadline)

    @property
    def out_of_time(self) -> bool:
        """Whether the time for all tests is used up."""
        return monotonic() >= self.total_deadline

    def open(
        self, kind: str, *, streams: tuple[int, int] | None = None, link: int | None = None, **task: Any
    ) -> Run[Child]:
        """A running child of a kind. The tester is the only one that is not given the program."""
        task |= {"kind": kind, "seed": self.rules.seed}
        if kind != "tester":
            task |= {"code": self.code, "prefix": self.prefix, "entry": self.entry, "starter": self.starter}
        began = monotonic()
        spare = yield from self.server.take()
        child = Child(self.server, spare, task, self.rules.limits, streams, link)
        self.children[child] = began
        return child

    def close(self, child: Child, *, kill: bool = True, failed: bool = False) -> Run[Event]:
        """End a child and count what it took."""
        end = yield from child.finish(kill)
        self.usage += Usage(monotonic() - self.children.pop(child), end.cpu_s, end.rss_mb, 1)
        if failed and not self.stderr:
            self.stderr = child.stderr_tail()
        child.close()
        return end

    def repeats(self, result: TestResult) -> bool:
        """Whether a test is put again: once a program, when it waited for a core instead of running. Then all tests
        have several times longer, so that the program's own time decides; one that is starved even so is no failure."""
        if (result.label, result.detail) != ("timeout", "starved") or self.patience > 1 or not self.rules.retry_starved:
            return False
        self.patience = PATIENCE
        self.total_deadline = self.began + PATIENCE * self.rules.limits.total_s
        return True

    def abandon(self) -> None:
        """Close what is open; killed, in case it still runs."""
        for child in self.children:
            child.close()
        self.children.clear()

    def breakdown(self, child: Child, error: Exception, since: float) -> Run[TestResult]:
        """The result of a test during which a child ended, ran out of time or talked nonsense; closes the child."""
        wall = monotonic() - since
        if isinstance(error, OutOfTime):
            starved = child.starved(since, self.rules.limits.wall_s)
            end = yield from self.close(child, failed=True)
            label = "starved" if starved and self.patience > 1 else "timeout"
            return TestResult(label, 0.0, wall, end.cpu_s, end.rss_mb, "starved" if starved else "")
        end = yield from self.close(child, kill=isinstance(error, BadFrame), failed=True)
        if isinstance(error, BadFrame):
            return TestResult("bad_reply", 0.0, wall, end.cpu_s, end.rss_mb, str(error))
        label, detail = manner_of_death(end.status)
        return TestResult(label, 0.0, wall, end.cpu_s, end.rss_mb, detail)


BREAKDOWNS = (ChildEnded, OutOfTime, BadFrame)


def manner_of_death(status: int) -> tuple[str, str]:
    """Label and detail of a wait status; an exit status of 0 is "ended", and evidence of nothing."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return ("ended", "") if code == 0 else ("runtime_error", f"exit status {code}")
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    return ("timeout" if name == "SIGXCPU" else "runtime_error"), f"killed by {name}"


def claimed(message: list[Any], believed: frozenset[str] = CLAIMED_FAILURES) -> TestResult:
    """The failure that a child claims. A child can only claim failures, and a program's child none that would excuse
    it, such as a fault of the tests: anything else is a bad reply."""
    label, detail = (message[1], message[2]) if len(message) == 3 else (None, None)
    if not isinstance(label, str) or label not in believed or not isinstance(detail, str):
        return TestResult("bad_reply", detail="a reply outside the protocol")
    return TestResult(label, detail=legible(detail[:300]))


def timed(result: TestResult, since: float) -> TestResult:
    """The result with the time it took."""
    return replace(result, wall_s=monotonic() - since)
