"""The keeper of one completion: process 1 of a namespace of its own, trusted, and the only one with a channel out.

    task          {"files": {name: text}, "compile": [...] | null, "run": [...], "product": name, "bounds": {...}, ...}
    then          ["ready", taken]   or   ["failed", label, text, taken]
    for each test descriptors of standard input and output, perhaps of a link
                  ["ended", label, detail, status, taken]

`taken` is [cpu seconds, seconds by the clock, those of them without a core, resident MB]. No expected output comes
here. Each command is a process that is sealed before it starts; after it every process of the namespace is ended, and
what it could write to is made anew, so that no test sees what another left.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from .. import child, kernel, namespaces
from ..wire import CHANNEL, REQUEST, Channel, receive_descriptors
from . import seal, watch
from .seal import BUILD, SCRATCH, Bounds, Walls
from .watch import Outcome

if TYPE_CHECKING:
    from .server import ForeignServer

SCRATCH_MB, BUILD_MB, MAX_FILES = 64, 256, 4096
TOLD = 4000  # characters of what a compiler says


def live(server: ForeignServer, channel: int) -> NoReturn:
    """The whole life of a keeper; never returns. It is made ready before it is needed, and then waits for its task."""
    status = 70
    try:
        child.arrange_descriptors(server.null, channel)
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # process 1 gets no signal that it has no handler for
        kernel.unshare(namespaces.MOUNTS)
        kernel.mount("proc", "/proc", "proc", namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC)
        _mount_folder(BUILD, BUILD_MB)
        _mount_folder(SCRATCH, SCRATCH_MB)
        Keeper(server.walls, Channel(CHANNEL)).serve()
        status = 0
    except BrokenPipeError:  # the caller has heard enough
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc(limit=-5).encode(errors="replace"))
    finally:
        os._exit(status)


def _mount_folder(path: str, megabytes: int) -> None:
    options = f"size={megabytes}m,nr_inodes={MAX_FILES},mode=777"
    kernel.mount("none", path, "tmpfs", namespaces.MS_NOSUID | namespaces.MS_NODEV, options)


class Keeper:
    """Builds one program and runs it once a test."""

    def __init__(self, walls: Walls, channel: Channel) -> None:
        self.walls = walls
        self.channel = channel

    def serve(self) -> None:
        """From the task to the caller's hanging up."""
        data, descriptors = receive_descriptors(self.channel.socket, REQUEST.size)
        if not data:
            return
        payload, _stdin, _stdout, errors, *_ = descriptors
        os.dup2(errors, 2)
        task = child.read_payload(payload)
        if not self._build(task):
            return
        bounds = Bounds.of(task["bounds"])
        while True:
            data, descriptors = receive_descriptors(self.channel.socket, 1)
            if not data:
                return
            self._test(task["run"], bounds, *descriptors)

    def _build(self, task: Mapping[str, Any]) -> bool:
        """Write the sources and compile them, if there is a compiler; whether there is something to run."""
        for name, text in task["files"].items():
            with open(os.path.join(BUILD, name), "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                file.write(text)
        taken = [0.0, 0.0, 0.0, 0.0]
        if task.get("compile"):
            outcome = self._command(task["compile"], Bounds.of(task["compile_bounds"]), [BUILD, SCRATCH], os.devnull)
            taken = _taken(outcome)
            built = os.path.exists(os.path.join(BUILD, task["product"]))
            if outcome.label or outcome.status or not built:
                said = outcome.errors[:TOLD].decode(errors="replace")
                label = "compile_error" if outcome.label not in ("fault", "starved") else outcome.label
                why = f"the compiler took {outcome.detail}\n" if outcome.label and label == "compile_error" else ""
                self.channel.send(["failed", label, why + (said or outcome.detail), taken])
                return False
        kernel.mount("none", BUILD, None, READ_ONLY)
        self.channel.send(["ready", taken])
        return True

    def _test(self, argv: list[str], bounds: Bounds, stdin: int, stdout: int, *link: int) -> None:
        outcome = watch.run(lambda: seal.start(argv, SCRATCH, bounds, self.walls, [SCRATCH]), bounds, stdin, *link)
        _write_all(stdout, outcome.output)
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
        _write_all(2, outcome.errors)
        for descriptor in (stdin, stdout, *link):
            os.close(descriptor)
        self._renew_scratch()
        self.channel.send(["ended", outcome.label, outcome.detail, outcome.status, _taken(outcome)])

    def _command(self, argv: list[str], bounds: Bounds, writable: list[str], stdin: str) -> Outcome:
        descriptor = os.open(stdin, os.O_RDONLY)
        try:
            return watch.run(lambda: seal.start(argv, BUILD, bounds, self.walls, writable), bounds, descriptor)
        finally:
            os.close(descriptor)
            self._renew_scratch()

    def _renew_scratch(self) -> None:
        kernel.check(kernel.LIBC.umount2(SCRATCH.encode(), namespaces.MNT_DETACH), "umount")
        _mount_folder(SCRATCH, SCRATCH_MB)


READ_ONLY = (
    namespaces.MS_REMOUNT | namespaces.MS_BIND | namespaces.MS_RDONLY | namespaces.MS_NOSUID | namespaces.MS_NODEV
)


def _taken(outcome: Outcome) -> list[float]:
    return [outcome.cpu_s, outcome.wall_s, outcome.queued_s, outcome.rss_mb]


def _write_all(descriptor: int, data: bytes | bytearray) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
