"""From the fork of a keeper to the first instruction of a command: what is left open, and then no way back."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from .. import landlock, privileges, seccomp
from ..child import lower
from .calls import command_filter

BUILD, SCRATCH = "/build", "/tmp"  # the program and its sources; what a command may write to
LINK = 3  # the descriptor of a command beside the standard three
MAX_DESCRIPTORS = 256
RIGHTS = landlock.READ | landlock.EXECUTE
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "HOME": SCRATCH,
    "TMPDIR": SCRATCH,
    "MALLOC_ARENA_MAX": "1",  # else each thread reserves 64 MB of an address space that may be limited
}


@dataclass(frozen=True)
class Bounds:
    """What one command may take.

    Attributes:
        cpu_s: processor time of all its processes.
        awake_s: time by the clock without that in which it waited for a core; for what sleeps.
        wall_s: time by the clock, for what finds no core.
        memory_mb: resident memory of all its processes, looked at many times a second.
        process_mb: bound of the kernel on each process: its address space, or with `data` its private writable memory,
            for programs that reserve much more address space than they use.
        output_kb: of standard output, and of standard error.
        file_mb: of one file.
        processes: how many at once; 1 for none but itself. Threads count.
        threads: how many at once, when there are no processes.
        stack_mb: of its first thread.
        counted: whether no process can end without its time being counted. Where one can, since nobody waits for it, a
            run of many processes is never said to have starved.
    """

    cpu_s: float
    awake_s: float
    wall_s: float
    memory_mb: int
    process_mb: int
    output_kb: int
    data: bool = False
    file_mb: int = 64
    processes: int = 1
    threads: int = 64
    stack_mb: int = 8
    counted: bool = True

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Bounds:
        return cls(**given)


@dataclass(frozen=True)
class Walls:
    """What is around every command of a server.

    Attributes:
        readable: the paths that the root shows.
        landlock: whether that layer is put on.
    """

    readable: tuple[str, ...]
    landlock: bool


def start(argv: list[str], folder: str, bounds: Bounds, walls: Walls, writable: list[str]) -> NoReturn:
    """Become the command. Its standard descriptors are in place; the link, if any, is above them.

    Raises:
        OSError: a layer cannot be put on; then nothing is started.
        NotStarted: the command itself cannot be started, within its bounds.
    """
    os.setsid()
    os.chdir(folder)
    confine(bounds, walls, writable)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # an interpreter ignores them, and that would be handed on
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execve(argv[0], argv, ENVIRONMENT)
    except OSError as error:
        raise NotStarted(error.strerror or str(error)) from None
    raise AssertionError("unreachable")


class NotStarted(Exception):  # noqa: N818 - the name says what happened
    """`execve` refused."""


def confine(bounds: Bounds, walls: Walls, writable: list[str]) -> None:
    """Limits of the kernel, no capabilities, Landlock where it is on, the filter. Raises OSError."""
    limit(bounds)
    privileges.drop_all()
    if walls.landlock:
        landlock.restrict([*walls.readable, BUILD, "/proc"], rights=RIGHTS, writable=[*writable, os.devnull])
    seccomp.install(command_filter(processes=bounds.processes > 1))


def limit(bounds: Bounds) -> None:
    """The bounds that the kernel keeps, hard and soft alike."""
    lower(resource.RLIMIT_DATA if bounds.data else resource.RLIMIT_AS, bounds.process_mb << 20)
    lower(resource.RLIMIT_CPU, int(bounds.cpu_s) + 2)
    lower(resource.RLIMIT_FSIZE, bounds.file_mb << 20)
    lower(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS)
    lower(resource.RLIMIT_STACK, bounds.stack_mb << 20)
    lower(resource.RLIMIT_NPROC, max(bounds.processes, bounds.threads) + 8)  # the keepers and their server count too
    for nothing_of in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        lower(nothing_of, 0)
