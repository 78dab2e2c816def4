"""One program being judged: what it may take, what it took, and what a claim of its children is worth."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..box.wire import BadFrame, Event
from ..comparison import Compare
from ..results import TestResult, Usage, legible
from ..suite import Suite
from .child import Child, ChildEnded, OutOfTime
from .isolation import IsolationReport
from .limits import Limits
from .own_time import Turn
from .server import Server
from .waiting import Run

if TYPE_CHECKING:
    from ..languages.toolchains import Toolchain

CLAIMED_FAILURES = frozenset({"runtime_error", "memory_limit", "compile_error", "missing_entry"})
TRUSTED_KINDS = ("tester", "checker")
PATIENCE = 10.0  # so many times its limit may a test take where others have the cores


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

    def of(self, suite: Suite) -> Rules:
        """These rules with what a row changes. Raises ValueError for a change of what there is not."""
        if not (suite.limits or suite.compare):
            return self
        limits, compare = self.limits.with_changes(suite.limits), self.compare.with_changes(suite.compare)
        return replace(self, limits=limits, compare=compare)


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
    toolchain: Toolchain | None = None  # of a language that is not Python

    def __post_init__(self) -> None:
        self.began = monotonic()
        self.spent = 0.0  # of the time for all tests
        self.repeated = False  # a test that was starved
        self.gave_up = False
        self.children: dict[Child, float] = {}  # those that are open, and since when
        self._waited = 0.0  # for a core, by those that were closed
        self._waited_lately = 0.0  # by all, when it was last looked at

    @property
    def report(self) -> IsolationReport:
        """What holds around the program."""
        return self.server.report

    def begin(self) -> Turn:
        """A test begins: its limit, or what is left of the time for all tests, and how long others may delay it."""
        limits = self.rules.limits
        own_s = min(limits.wall_s, max(0.0, limits.total_s - self.spent))
        return Turn(own_s, own_s * (PATIENCE if self.rules.retry_starved else 1), self.waited, self._waited_lately)

    def end(self, turn: Turn) -> float:
        """A test has ended; the seconds that it took."""
        self.spent += turn.own()
        return monotonic() - turn.began

    def timed(self, result: TestResult, turn: Turn) -> TestResult:
        """The result of a test that has ended, with the time it took."""
        return replace(result, wall_s=self.end(turn))

    def waited(self) -> float:
        """How long the program's processes have waited for a core."""
        self._waited_lately = self._waited + sum(child.waited() for child in self.children)
        return self._waited_lately

    @property
    def out_of_time(self) -> bool:
        """Whether the time for all tests is used up, or there is no core to run the program on."""
        return self.gave_up or self.spent >= self.rules.limits.total_s

    def open(
        self, kind: str, *, streams: tuple[int, int] | None = None, link: int | None = None, **task: Any
    ) -> Run[Child]:
        """A running child of a kind. Those that run trusted code are not given the program."""
        task |= {"kind": kind, "seed": self.rules.seed}
        if kind not in TRUSTED_KINDS:
            task |= {"code": self.code, "prefix": self.prefix, "entry": self.entry, "starter": self.starter}
        began = monotonic()
        spare = yield from self.server.take()
        child = Child(self.server, spare, task, self.rules.limits, streams, link)
        self.children[child] = began
        return child

    def close(self, child: Child, *, kill: bool = True, failed: bool = False) -> Run[Event]:
        """End a child and count what it took."""
        self._waited += child.waited()
        self._waited_lately = max(self._waited_lately, self._waited)
        end = yield from child.finish(kill)
        self.usage += Usage(monotonic() - self.children.pop(child), end.cpu_s, end.rss_mb, 1)
        if failed and not self.stderr:
            self.stderr = child.stderr_tail()
        child.close()
        return end

    def repeats(self, result: TestResult) -> bool:
        """Whether a test is put again: once a program, when it found no core. When it finds none again, that is no
        failure, and nothing else of the program is run."""
        starved = result.label == "starved"
        again = starved and not self.repeated
        self.gave_up |= starved and self.repeated
        self.repeated |= starved
        return again

    def abandon(self) -> None:
        """Close what is open; killed, in case it still runs."""
        for child in self.children:
            child.close()
        self.children.clear()

    def breakdown(self, child: Child, error: Exception, turn: Turn) -> Run[TestResult]:
        """The result of a test during which a child ended, ran out of time or talked nonsense; closes the child."""
        wall = self.end(turn)
        end = yield from self.close(child, kill=not isinstance(error, ChildEnded), failed=True)
        if isinstance(error, OutOfTime):
            label, detail = "starved" if turn.starved and self.rules.retry_starved else "timeout", ""
        elif isinstance(error, BadFrame):
            label, detail = "bad_reply", str(error)
        else:
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
