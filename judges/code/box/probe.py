"""Probing by doing: a child under all layers tries what no program may do, and tells what it could do."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from . import child

if TYPE_CHECKING:
    from .server import Server


def run(server: Server, caller: int, witness: str) -> list[str]:
    """The forbidden things that a child of this server can do; empty when the box is closed.

    Args:
        server: puts the last limits and the last filter on the child.
        caller: process id of the judge's process.
        witness: a file outside the box that its user can read.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            child.bound(server.namespaced)
            server.seal()
            os.write(writer, " ".join(successes(caller, witness)).encode())
        finally:
            os._exit(0)
    os.close(writer)
    escapes = os.read(reader, 1 << 12).decode().split()
    os.close(reader)
    os.waitpid(pid, 0)
    return escapes


def successes(caller: int, witness: str, allowed: Collection[str] = ()) -> list[str]:
    """Which of the attempts work for this process; those that are allowed are not tried."""
    return [name for name, attempt in attempts(caller, witness) if name not in allowed and works(attempt)]


def works(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def attempts(caller: int, witness: str) -> list[tuple[str, Callable[[], object]]]:
    """Name and deed. Each raises OSError where it is refused."""
    return [
        ("process", make_process),
        ("signal", lambda: os.kill(caller, 0)),
        ("socket", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()),
        ("read", lambda: os.close(os.open(witness, os.O_RDONLY))),
        ("memory", lambda: os.close(os.open(f"/proc/{caller}/environ", os.O_RDONLY))),
        ("write", lambda: os.close(os.open(witness, os.O_WRONLY))),
        ("program", lambda: os.execv("/bin/true", ["true"])),
    ]


def make_process() -> None:
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
