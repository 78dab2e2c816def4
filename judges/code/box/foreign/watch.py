"""One command, from its start to the end of the last process it left: what it wrote, what it took, what ended it."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic

from .seal import LINK, Bounds, NotStarted

TICK = 0.01  # seconds between two looks at what the processes take
CHUNK = 1 << 16
WIDEST_PIPE = 1 << 20  # bytes, the kernel's limit for users
PAGE_MB = resource.getpagesize() / (1 << 20)
CLOCK = os.sysconf("SC_CLK_TCK")
UTIME, CSTIME, THREADS, RSS = 11, 14, 17, 21  # fields of /proc/PID/stat behind the name
TELL = 4  # tells why a command has not been started; closes by itself when it has
ABOVE_ALL = 64  # a descriptor number above every one that is wanted
STARVED_SHARE = 0.15  # of the time by the clock, spent ready without a core


@dataclass
class Outcome:
    """How a command ended.

    Attributes:
        label: "" when it ended by itself, else the bound that it broke: "timeout", "memory_limit", "output_limit", or
            "starved": out of time by the clock, but mostly for want of a core; "fault": the box could not start it.
        status: exit status, or minus the signal.
        output, errors: what it wrote.
        cpu_s, rss_mb, wall_s: what all its processes took; memory is the most that was seen.
        queued_s: how long it was ready and waited for a core, as far as was seen.
    """

    label: str = ""
    detail: str = ""
    status: int = 0
    output: bytearray = field(default_factory=bytearray)
    errors: bytearray = field(default_factory=bytearray)
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    wall_s: float = 0.0
    queued_s: float = 0.0


def run(start: Callable[[], object], bounds: Bounds, stdin: int, link: int | None = None) -> Outcome:
    """Fork, `start` there, watch, and end whatever is left. Only for process 1 of a namespace, which has no other
    children: it ends them all at once, so nothing can be started meanwhile that would be missed."""
    watched = _Watched(bounds)
    with suppress(_Broken):
        watched.follow(_forked(start, stdin, link, watched))
    watched.end()
    return watched.outcome


class _Broken(Exception):  # noqa: N818 - the name says what happened
    """A bound is broken; the outcome says which."""


class _Watched:
    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self.outcome = Outcome()
        self.began = monotonic()
        self._before = _reaped_seconds()
        self.open: dict[int, bytearray] = {}
        self.pid = 0
        self._status = 0
        self._most_members = 1

    def follow(self, told: int) -> None:
        """Until the command itself has ended, or breaks a bound."""
        reason = b""
        with os.fdopen(told, "rb", buffering=0) as channel:
            reason = channel.read(1 << 12)  # nothing, once the command has been started
        if reason:
            kind, _, detail = reason.decode(errors="replace").partition(" ")
            self._break(kind, detail)
        pidfd = os.pidfd_open(self.pid)
        try:
            self._poll(pidfd)
        finally:
            os.close(pidfd)

    def _poll(self, pidfd: int) -> None:
        poll = select.poll()
        for descriptor in (pidfd, *self.open):
            poll.register(descriptor, select.POLLIN)
        looked = monotonic()
        while True:
            ready = {descriptor for descriptor, _event in poll.poll(TICK * 1000)}
            for descriptor in ready & self.open.keys():
                if not self._read(descriptor):
                    poll.unregister(descriptor)
            if pidfd in ready:
                return
            if monotonic() - looked >= TICK:
                self._look()
                looked = monotonic()

    def _read(self, descriptor: int) -> bool:
        """Take in some output; False at its end."""
        data = os.read(descriptor, CHUNK)
        kept = self.open[descriptor]
        kept += data
        if len(kept) > self.bounds.output_kb << 10:
            self._break("output_limit", f"more than {self.bounds.output_kb} KB")
        return bool(data)

    def _look(self) -> None:
        """Add up what all processes take now. Each that has ended counts with whoever waited for it."""
        running, resident, members, queued = 0.0, 0.0, 0, 0.0
        for name in os.listdir("/proc"):
            if not name.isdigit() or name == "1":
                continue
            with suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{name}/stat", "rb") as stat:
                    fields = stat.read().rpartition(b") ")[2].split()
                running += sum(map(int, fields[UTIME : CSTIME + 1])) / CLOCK
                resident += int(fields[RSS]) * PAGE_MB
                members += max(1, int(fields[THREADS]))
                with open(f"/proc/{name}/schedstat", "rb") as stat:
                    queued += int(stat.read().split()[1]) / 1e9
        outcome, bounds = self.outcome, self.bounds
        outcome.rss_mb = max(outcome.rss_mb, resident)
        self._most_members = max(self._most_members, members)
        outcome.cpu_s = max(outcome.cpu_s, running + _reaped_seconds() - self._before)
        outcome.queued_s = max(outcome.queued_s, queued)
        wall = monotonic() - self.began
        if resident > bounds.memory_mb:
            self._break("memory_limit", f"more than {bounds.memory_mb} MB resident")
        if outcome.cpu_s > bounds.cpu_s:
            self._break("timeout", f"more than {bounds.cpu_s:g} s of processor time")
        if members > max(bounds.processes, bounds.threads):
            self._break("runtime_error", f"more than {max(bounds.processes, bounds.threads)} processes and threads")
        if wall - outcome.queued_s > bounds.awake_s:
            self._break("timeout", f"more than {bounds.awake_s:g} s by the clock, most of it asleep")
        if wall > bounds.wall_s:
            may_starve = bounds.counted or self._most_members <= 2
            starved = may_starve and queued > STARVED_SHARE * wall
            self._break("starved" if starved else "timeout", f"more than {bounds.wall_s:g} s by the clock")

    def _break(self, label: str, detail: str) -> None:
        self.outcome.label, self.outcome.detail = label, detail
        raise _Broken

    def end(self) -> None:
        """End every process that is left, take in what they had written, and count."""
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        self._reap()
        for descriptor, kept in self.open.items():
            while not self.outcome.label and (data := os.read(descriptor, CHUNK)):
                kept += data
                if len(kept) > self.bounds.output_kb << 10:
                    self.outcome.label, self.outcome.detail = "output_limit", f"more than {self.bounds.output_kb} KB"
            os.close(descriptor)
        self.outcome.cpu_s = _reaped_seconds() - self._before
        self.outcome.wall_s = monotonic() - self.began
        self.outcome.status = os.waitstatus_to_exitcode(self._status)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, 0)
            except ChildProcessError:
                return
            self.outcome.rss_mb = max(self.outcome.rss_mb, usage.ru_maxrss / 1024 if pid == self.pid else 0.0)
            if pid == self.pid:
                self._status = status


def _forked(start: Callable[[], object], stdin: int, link: int | None, watched: _Watched) -> int:
    """The command in a process of its own; a descriptor that ends when it has started, or tells why it has not."""
    told, tell = os.pipe()
    reading = [_wide_pipe() for _ in range(2)]
    pid = os.fork()
    if pid == 0:
        try:
            _arrange(stdin, reading[0][1], reading[1][1], link, tell)
            start()
        except NotStarted as error:
            _tell(f"runtime_error the program cannot be started: {error}")
        except BaseException as error:
            _tell(f"fault {type(error).__name__}: {error}")
        finally:
            os._exit(126)
    for descriptor in (tell, reading[0][1], reading[1][1]):
        os.close(descriptor)
    watched.pid = pid
    watched.open = {reading[0][0]: watched.outcome.output, reading[1][0]: watched.outcome.errors}
    return told


def _wide_pipe() -> tuple[int, int]:
    """A pipe that holds as much as the kernel allows.

    Node writes to pipes without waiting, and throws away at `process.exit()` what has not gone through: how much that
    is would depend on how soon somebody reads, and so on the load of the machine.
    """
    reader, writer = os.pipe()
    with suppress(OSError):  # the user has too many wide ones
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, WIDEST_PIPE)
    return reader, writer


def _arrange(stdin: int, stdout: int, stderr: int, link: int | None, tell: int) -> None:
    """0, 1, 2, perhaps the link, and the end of the pipe that tells why the command has not been started."""
    wanted = {0: stdin, 1: stdout, 2: stderr, TELL: tell} | ({} if link is None else {LINK: link})
    high = {place: fcntl.fcntl(each, fcntl.F_DUPFD, ABOVE_ALL) for place, each in wanted.items()}
    os.closerange(0, ABOVE_ALL)
    for place, descriptor in high.items():
        os.dup2(descriptor, place, inheritable=place != TELL)
    os.closerange(ABOVE_ALL, 1 << 20)


def _tell(text: str) -> None:
    with suppress(OSError):
        os.write(TELL, text.encode(errors="replace")[:4000])


def _reaped_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
