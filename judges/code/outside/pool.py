"""The servers of one judge: started on first use, lent to one run at a time, replaced when worn or lost."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from contextlib import suppress
from time import monotonic

from ..languages.toolchains import TOOLED, Toolchain, find, find_sqlite
from .isolation import LAYERS, REMEDIES, IsolationReport, IsolationUnavailable
from .server import Server, ServerLost, ServerSettings
from .waiting import Run, Wait

RUNS_PER_SERVER = 2000
NEEDED = ("namespaces", "private_root", "seccomp")  # around programs that are no Python
LONG = 3600.0


class Pool:
    """Lends servers to runs of any thread and any event loop.

    Args:
        settings: how servers are made.
        workers: how many at most. A server runs one program at a time, so that time limits mean something.
        isolation: the level each of them must reach.
        toolchain: of the language that they run, when that is not Python.
    """

    def __init__(
        self, settings: ServerSettings, workers: int, isolation: str, toolchain: Toolchain | None = None
    ) -> None:
        self.settings = settings
        self.workers = workers
        self.isolation = isolation
        self.toolchain = toolchain
        self.report: IsolationReport | None = None
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._servers: set[Server] = set()
        self._idle: list[Server] = []
        self._starting = 0
        self._waiting: deque[_Ticket] = deque()
        self._closed = False
        self._others: dict[str, Pool] = {}

    def of(self, language: str) -> Pool:
        """The servers that run programs of a language: these, or others that belong to these.

        Raises:
            ToolchainMissing: its tools are not on this machine.
        """
        if language == "sql":
            find_sqlite()
        if self.toolchain is not None or language not in TOOLED:
            return self
        toolchain = find(language)
        left_out = LAYERS.keys() - self.settings.layers if self.isolation == "strict" else ()
        settings = ServerSettings(tuple(layer for layer in LAYERS if layer not in left_out), (), toolchain.readable)
        with self._lock:
            return self._others.setdefault(language, Pool(settings, self.workers, "strict", toolchain))

    def warm(self) -> IsolationReport:
        """Start a first server, unless there is one; what it offers.

        Raises:
            ServerLost: it does not start.
            IsolationUnavailable: it offers less than required.
        """
        if self.report is None:
            with self._lock:
                self._starting += 1
            self._give(self._start())
        assert self.report is not None
        return self.report

    def lease(self) -> Run[Server]:
        """A server for one run; give it back with `release`."""
        with self._lock:
            server = self._take_idle()
            may_start = server is None and len(self._servers) + self._starting < self.workers
            if may_start:
                self._starting += 1
            elif server is None:
                ticket = _Ticket()
                self._waiting.append(ticket)
        if server is not None:
            return server
        if may_start:
            return self._start()
        return (yield from self._wait(ticket))

    def _wait(self, ticket: _Ticket) -> Run[Server]:
        try:
            while ticket.server is None and ticket.error is None:
                yield Wait((ticket.descriptor,), monotonic() + LONG)
        except GeneratorExit:  # cancelled: what was given in the same moment goes to the next
            with self._lock:
                with suppress(ValueError):
                    self._waiting.remove(ticket)
                server, ticket.server = ticket.server, None
            if server is not None:
                self.release(server, healthy=True)
            raise
        finally:
            os.close(ticket.descriptor)
        if ticket.server is None:
            raise ticket.error or ServerLost("the pool is closed")
        return ticket.server

    def release(self, server: Server, healthy: bool) -> None:
        """Take a server back; one that is worn, lost or left in the middle of a run is replaced."""
        if healthy and not self._closed and server.runs < RUNS_PER_SERVER:
            self._give(server)
            return
        self._discard(server)
        with self._lock:
            replace = bool(self._waiting) and not self._closed
            self._starting += replace
        if replace:
            try:
                self._give(self._start())
            except Exception as error:
                self._refuse(error)

    def close(self) -> None:
        """End the servers; those at work end when their run does."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            others = list(self._others.values())
        for server in idle:
            self._discard(server)
        for pool in others:
            pool.close()

    def abandon(self) -> None:
        """After a fork, in the child: the servers are the parent's."""
        for server in self._servers:
            server.abandon()
        self._reset()

    def _take_idle(self) -> Server | None:
        while self._idle:
            server = self._idle.pop()
            if server.alive():
                return server
            self._servers.discard(server)
            server.close()
        return None

    def _start(self) -> Server:
        """Start a server, for which `_starting` has been counted."""
        try:
            server = Server(self.settings)
        finally:
            with self._lock:
                self._starting -= 1
        try:
            if self.report is None or self.report != server.report:
                self._require(server.report)
        except BaseException:
            server.close()
            raise
        with self._lock:
            self.report = server.report
            self._servers.add(server)
        return server

    def _require(self, report: IsolationReport) -> None:
        if self.toolchain is None or report.level == "strict":
            report.require(self.isolation)
            return
        missing = ", ".join(f"{layer} ({report.missing[layer]})" for layer in NEEDED if layer in report.missing)
        could = f" A trial program could: {', '.join(report.escapes)}." if report.escapes else ""
        raise IsolationUnavailable(
            f"{self.toolchain.language} programs need {', '.join(NEEDED)}; missing here: {missing or 'nothing'}.{could}"
            f" To mend it: {REMEDIES['namespaces']}; {REMEDIES['seccomp']}. There is no lower level for them"
        )

    def _give(self, server: Server) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().grant(server)
            else:
                self._idle.append(server)

    def _refuse(self, error: Exception) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().refuse(error)

    def _discard(self, server: Server) -> None:
        with self._lock:
            self._servers.discard(server)
        server.close()


class _Ticket:
    """One run that waits for a server; its descriptor becomes readable when there is an answer."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.server: Server | None = None
        self.error: Exception | None = None

    def grant(self, server: Server) -> None:
        self.server = server
        os.eventfd_write(self.descriptor, 1)

    def refuse(self, error: Exception) -> None:
        self.error = error
        os.eventfd_write(self.descriptor, 1)


_pools: weakref.WeakSet[Pool] = weakref.WeakSet()


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool.abandon()


os.register_at_fork(after_in_child=_after_fork_in_child)
