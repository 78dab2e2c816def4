"""The program that forks worker processes: started once by `pool.py`, imports what the work needs, then waits.

It is run by path, as a program of its own, never imported: it is not a fork of the caller, so it inherits neither
the caller's threads and locks nor its memory, and a caller with a large model pays nothing for a worker. A worker
is a fork of *this* process, ready in a few milliseconds, which makes killing a hung one cheap. No signal handler is
used anywhere: time is kept by the caller, who asks for the worker to be killed.

Commands on the control socket are 9 bytes: a letter and a process id. `F` (with one descriptor attached) forks a
worker that serves that descriptor and answers with its process id; `K` kills a worker. End of file ends everything.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import pickle
import select
import signal
import socket
import struct
import sys
from typing import Any

HEADER = struct.Struct("!Q")
COMMAND = struct.Struct("!cq")
PR_SET_PDEATHSIG = 1


def main(descriptor: int) -> None:
    control = socket.socket(fileno=descriptor)
    settings = receive(control)
    sys.path[:] = settings["path"]
    for name in settings["preload"]:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a worker's collector leaves the shared pages alone
    control.sendall(COMMAND.pack(b"R", os.getpid()))
    children: set[int] = set()
    try:
        serve(control, children, settings["memory"])
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def serve(control: socket.socket, children: set[int], memory: int) -> None:
    """Fork and kill on command; reap what ended by itself, at least every second."""
    while True:
        if not select.select([control], [], [], 1.0)[0]:
            reap(children)
            continue
        data, descriptors, _, _ = socket.recv_fds(control, COMMAND.size, 1)
        if not data:
            return
        command, pid = COMMAND.unpack(data)
        if command == b"F":
            child = fork_worker(control, descriptors[0], memory)
            children.add(child)
            control.sendall(COMMAND.pack(b"F", child))
        elif pid in children:  # still ours and not yet reaped, so the number cannot mean another process
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            children.discard(pid)
        reap(children)


def reap(children: set[int]) -> None:
    for pid in list(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)


def fork_worker(control: socket.socket, descriptor: int, memory: int) -> int:
    pid = os.fork()
    if pid:
        os.close(descriptor)
        return pid
    status = 1
    try:
        control.close()
        limit(memory)
        work(socket.socket(fileno=descriptor))
        status = 0
    finally:
        os._exit(status)


def limit(memory: int) -> None:
    """Bound the worker's memory and end it together with this process."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with open("/proc/self/statm") as statm:
            used = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def work(channel: socket.socket) -> None:
    """Run one task after the other until the caller hangs up."""
    while True:
        try:
            task = receive(channel)
        except EOFError:
            return
        channel.sendall(run(task))


def run(task: tuple[str, str, bytes]) -> bytes:
    """Call the function named by module and qualified name; the outcome, framed."""
    try:
        module, qualname, arguments = task
        function: Any = importlib.import_module(module)
        for part in qualname.split("."):
            function = getattr(function, part)
        args, kwargs = pickle.loads(arguments)
        return frame((True, function(*args, **kwargs)))
    except BaseException as error:  # MemoryError, RecursionError and SystemExit are answers too
        try:
            return frame((False, error))
        except Exception:  # an error that cannot be pickled is told in words
            return frame((False, RuntimeError(f"{type(error).__name__}: {error}")))


def frame(value: Any) -> bytes:
    body = pickle.dumps(value)
    return HEADER.pack(len(body)) + body


def receive(channel: socket.socket) -> Any:
    """One framed pickle. Raises EOFError when the other side has gone."""
    (length,) = HEADER.unpack(exactly(channel, HEADER.size))
    return pickle.loads(exactly(channel, length))


def exactly(channel: socket.socket, count: int) -> bytes:
    chunks = bytearray()
    while len(chunks) < count:
        chunk = channel.recv(min(count - len(chunks), 1 << 20))
        if not chunk:
            raise EOFError
        chunks += chunk
    return bytes(chunks)


if __name__ == "__main__":
    main(int(sys.argv[1]))
