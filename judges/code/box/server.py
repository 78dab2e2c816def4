"""The server: started once, warm, one thread. It forks children on request and reports what became of them.

It never sees a program, an input or an answer: those go straight from the caller to the child, over a channel whose
ends it makes and gives away. So a child, which is a copy of this process, finds none of them in its memory. Nor does
it keep time: the caller kills by pidfd.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import select
import socket
import sys
import threading
from contextlib import suppress
from typing import Any, NoReturn

from . import child, confine, probe
from .filter import ChildFilter
from .wire import ENDED, FORK, FORKED, REFUSED, Event

STACK_BYTES = 112 << 20  # the address space keeps at least 128 MB free below a main thread's stack
THREAD_STACK_BYTES = 4 << 20  # else each thread reserves as much as the raised limit allows the main one
USUAL_MODULES = (
    "array", "ast", "bisect", "calendar", "cmath", "codecs", "collections.abc", "contextlib", "copy", "dataclasses",
    "datetime", "decimal", "difflib", "encodings.idna", "enum", "fractions", "functools", "hashlib", "heapq", "inspect",
    "io", "itertools", "json", "locale", "math", "operator", "pprint", "queue", "random", "re", "secrets", "signal",
    "statistics", "string", "struct", "tempfile", "textwrap", "threading", "time", "traceback", "types", "typing",
    "unicodedata", "unittest.mock", "uuid", "zlib",
)  # fmt: skip


def main(descriptor: int) -> None:
    control, settings = connected(descriptor)
    layers = confine.Confinement(settings["layers"], settings["packages"])
    layers.before_imports()
    import_modules(settings["preload"], settings["packages"])
    gc.collect()
    gc.disable()
    gc.freeze()  # a child's collector leaves the shared pages alone
    server = Server(control, no_open="no_open" in settings["layers"])
    layers.after_imports()
    server.finish(layers)
    escapes = probe.run(server, settings["caller"], settings["witness"])
    hello = {"pid": os.getpid(), "layers": layers.layers, "missing": layers.missing, "escapes": escapes}
    control.sendall(json.dumps(hello).encode())
    server.serve()


def connected(descriptor: int) -> tuple[socket.socket, dict[str, Any]]:
    """The control socket, and what the caller says first."""
    control = socket.socket(fileno=descriptor)
    settings = json.loads(control.recv(1 << 16))
    assert isinstance(settings, dict)
    return control, settings


def import_modules(preload: list[str], packages: list[str]) -> None:
    """Warm up what programs usually import; a missing optional module ends the server with its name."""
    sys.path += packages
    for name in (*USUAL_MODULES, *preload):
        importlib.import_module(name)
    if "numpy" in sys.modules:
        importlib.import_module("numpy.random")  # which numpy leaves for later, when a child may have no files
    if threading.active_count() != 1 or len(os.listdir("/proc/self/task")) != 1:
        raise RuntimeError(f"importing {', '.join(preload)} started threads, which a fork would lose")


class Server:
    """Forks and reaps. Its only state is which process is which child."""

    def __init__(self, control: socket.socket, no_open: bool) -> None:
        self.control = control
        self.null = os.open(os.devnull, os.O_RDWR)
        self.namespaced = False
        self.no_open = no_open
        self._child_filter: ChildFilter | None = None
        self._count = 0
        self._running: dict[int, tuple[int, int]] = {}  # pidfd: (process, child)
        self._poll = select.poll()
        with open("/proc/self/statm") as statm:
            self.base_bytes = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_STACK, (STACK_BYTES, resource.getrlimit(resource.RLIMIT_STACK)[1]))
        threading.stack_size(THREAD_STACK_BYTES)

    def finish(self, layers: confine.Confinement) -> None:
        """Choose the children's filter: without Landlock and a private root no file may be opened."""
        self.namespaced = "namespaces" in layers.layers
        if "seccomp" not in layers.layers:
            layers.missing["no_open"] = "needs seccomp"
            return
        hidden = "landlock" in layers.layers or "private_root" in layers.layers
        no_open = self.no_open and not hidden
        self._child_filter = ChildFilter(no_open)
        self.no_open = no_open
        if no_open:
            layers.layers.append("no_open")
        else:
            layers.missing["no_open"] = "not needed" if hidden else "switched off"

    def serve(self) -> None:
        """Until the caller hangs up: fork on request, report every end."""
        self._poll.register(self.control, select.POLLIN)
        while True:
            for descriptor, _events in self._poll.poll():
                if descriptor != self.control.fileno():
                    self._reap(descriptor)
                elif not self._accept():
                    return

    def _accept(self) -> bool:
        """Fork a child; False when the caller has hung up."""
        if not self.control.recv(len(FORK)):
            return False
        self._count += 1
        ours, theirs = socket.socketpair()
        with ours, theirs:
            try:
                pid = self.fork()
            except OSError as error:
                self._report(Event(REFUSED, self._count, error.errno or 0))
            else:
                if pid == 0:
                    self.live(theirs.fileno())
                self._forked(pid, ours)
        return True

    def fork(self) -> int:
        """One more process. Raises OSError."""
        return os.fork()

    def live(self, channel: int) -> NoReturn:
        """The life of a child, in the child."""
        child.live(self, channel)

    def _forked(self, pid: int, channel: socket.socket) -> None:
        pidfd = os.pidfd_open(pid)
        self._running[pidfd] = (pid, self._count)
        self._poll.register(pidfd, select.POLLIN)
        with suppress(BrokenPipeError):  # the caller is gone: the loop sees it next
            socket.send_fds(self.control, [Event(FORKED, self._count, 0).pack()], [pidfd, channel.fileno()])

    def _reap(self, pidfd: int) -> None:
        pid, number = self._running.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        _pid, status, usage = os.wait4(pid, 0)
        self._report(Event(ENDED, number, status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))

    def _report(self, event: Event) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):
            self.control.sendall(event.pack())

    def seal(self) -> None:
        """A child's last filter: from here on it can start nothing and signal nobody."""
        if self._child_filter is not None:
            self._child_filter.install(os.getpid())
