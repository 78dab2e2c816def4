"""The caller's end of one server: start it, ask it for children, hear what became of them."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

from ...errors import Told
from ..box.wire import ENDED, EVENT, FORK, FORKED, REFUSED, Event, receive_descriptors
from .isolation import LAYERS, IsolationReport
from .waiting import Run, Wait

BOOT = Path(__file__).parents[1] / "box" / "boot.py"
BOOT_SECONDS = 60.0  # imports on a slow disk; nobody hostile is involved yet
FORK_SECONDS = 10.0  # a fork takes a millisecond; a server that needs this long is lost
FLAGS = ("-s", "-S", "-P", "-B")  # no site, no other folder, no bytecode written; not -E, the environment is ours
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": "/",
    "PYTHONHASHSEED": "0",  # every server iterates over sets of text in the same order
    "MALLOC_ARENA_MAX": "1",  # else each thread reserves 64 MB of the address space that is limited
    "JE_ARROW_MALLOC_CONF": "background_thread:false",  # pandas brings an allocator with a thread, which forks lose
    **{f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")},
}


class ServerLost(Told):
    """The server is gone, or does not do its work: never the program's fault."""


@dataclass(frozen=True)
class ServerSettings:
    """How a server is made.

    Attributes:
        layers: those to put on, of `isolation.LAYERS`.
        preload: modules to import beyond the usual ones of the standard library.
        toolchain: paths of the tools of another language; none for Python.
    """

    layers: tuple[str, ...] = tuple(LAYERS)
    preload: tuple[str, ...] = ()
    toolchain: tuple[str, ...] = ()


class Spare(NamedTuple):
    """A child that is sealed and waits for a task; both files close with it."""

    number: int
    pidfd: io.FileIO
    channel: socket.socket


class Server:
    """One server process, and the child that it has ready. Not thread-safe: a slot uses it alone.

    There is one spare at most. It is forked, and gets ready, while the child that was taken before is at work.

    Raises:
        ServerLost: it did not start; the message holds the end of its standard error.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.runs = 0
        self.ended: dict[int, Event] = {}
        self._spare: Spare | None = None
        self._asked = False  # for a spare that has not come yet
        self._refusal = ""
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        module = "foreign.server" if settings.toolchain else "server"
        with tempfile.TemporaryFile() as errors, theirs:
            self.process = subprocess.Popen(
                [sys.executable, *FLAGS, str(BOOT), str(theirs.fileno()), module],
                env=_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                pass_fds=[theirs.fileno()], cwd="/",
            )  # fmt: skip
            theirs.close()
            self.report = self._greet(errors)
        self.control.setblocking(False)
        self.ask()

    def _greet(self, errors: Any) -> IsolationReport:
        packages = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")] if self.settings.preload else []
        settings = {
            "layers": list(self.settings.layers),
            "preload": list(self.settings.preload),
            "packages": _existing([*packages, *_package_folders(self.settings.preload)]),
            "toolchain": list(self.settings.toolchain),
            "caller": os.getpid(),
            "witness": str(Path(__file__).resolve()),
        }
        self.control.settimeout(BOOT_SECONDS)
        try:
            self.control.sendall(json.dumps(settings).encode())
            hello = self.control.recv(1 << 16)
        except OSError as error:
            hello = b""
            reason = str(error)
        else:
            reason = ""
        if not hello:
            self.close()
            errors.seek(0)
            tail = errors.read()[-1500:].decode(errors="replace").strip()
            raise ServerLost(f"the code server did not start: {tail or reason or 'it ended without a word'}")
        answer: Mapping[str, Any] = json.loads(hello)
        return IsolationReport.of(answer["layers"], answer["missing"], answer["escapes"])

    def ask(self) -> None:
        """Have a spare forked, unless there is one, or one is on its way. Raises ServerLost when nobody does it."""
        if self._spare is not None or self._asked:
            return
        try:
            self.control.send(FORK)
        except OSError as error:
            raise ServerLost(str(error)) from None
        self._asked = True

    def take(self) -> Run[Spare]:
        """The spare; who takes it asks for the next. Raises ServerLost when there is none and none can be had."""
        self.ask()  # the last may have been refused while a program ran that left no room
        deadline = monotonic() + FORK_SECONDS
        while self._spare is None:
            if not self._asked:
                raise ServerLost(f"the server cannot fork: {self._refusal}")
            if not (yield Wait((self.control.fileno(),), deadline)):
                raise ServerLost("the server does not answer")
            self.receive()
        spare, self._spare = self._spare, None
        self.runs += 1
        return spare

    def receive(self) -> None:
        """Take in all that the server has said. Raises ServerLost when it is gone."""
        while True:
            try:
                data, descriptors = receive_descriptors(self.control, EVENT.size)
            except BlockingIOError:
                return
            except OSError as error:
                raise ServerLost(str(error)) from None
            if not data:
                raise ServerLost("the server ended")
            self._note(Event.unpack(data), descriptors)

    def _note(self, event: Event, descriptors: list[int]) -> None:
        if event.kind == ENDED:
            self.ended[event.child] = event
            return
        self._asked = False
        if event.kind == FORKED:
            pidfd, channel = descriptors
            self._spare = Spare(event.child, io.FileIO(pidfd), socket.socket(fileno=channel))
        elif event.kind == REFUSED:
            self._refusal = os.strerror(event.status)

    def alive(self) -> bool:
        """Whether it can take another run, as far as can be told without asking it."""
        try:
            self.receive()
        except ServerLost:
            return False
        return self.process.poll() is None

    def close(self) -> None:
        """Hang up; the server ends, and its children with it."""
        self._hang_up()
        try:
            self.process.wait(0.5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def abandon(self) -> None:
        """After a fork, in the child: let go of descriptors that belong to the parent, touch nothing else."""
        with suppress(OSError):
            self._hang_up()
        self.process.returncode = 0  # not ours to wait for

    def _hang_up(self) -> None:
        self.control.close()
        if self._spare is not None:
            self._spare.channel.close()
            self._spare.pidfd.close()
            self._spare = None


def _environment() -> dict[str, str]:
    libraries = os.environ.get("LD_LIBRARY_PATH")  # some interpreters do not start without it
    return ENVIRONMENT | ({"LD_LIBRARY_PATH": libraries} if libraries else {})


def _package_folders(preload: Sequence[str]) -> list[str]:
    """Where modules to preload really lie: an environment may borrow another one's packages."""
    folders = []
    for name in preload:
        spec = importlib.util.find_spec(name.partition(".")[0])
        if spec is not None and spec.origin and spec.origin not in ("built-in", "frozen"):
            package = Path(spec.origin).parent if spec.submodule_search_locations else Path(spec.origin)
            folders.append(str(package.parent))
    return folders


def _existing(paths: Sequence[str]) -> list[str]:
    stdlib = sysconfig.get_path("stdlib")
    return [path for path in dict.fromkeys(paths) if os.path.isdir(path) and path != stdlib]
