"""From the fork to the first instruction of a program: descriptors, session, limits, filter; the task; its kind.

A child is forked and sealed while the program before it still runs. Until its task comes it holds nothing but a
channel, and nobody but the caller can reach it: the filter of the program that runs beside it sees to that.
"""

from __future__ import annotations

import ast
import fcntl
import gc
import importlib
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from . import calls, candidate, checker, kernel, program, sql, stdio, tester
from .wire import CHANNEL, LENGTH, LINK, REQUEST, Channel, Request, frame, receive_descriptors

if TYPE_CHECKING:
    from .server import Server

ABOVE_ALL = 64  # a descriptor number above every one that a child keeps
MAX_DESCRIPTORS, MAX_PROCESSES = 64, 128
SERVER_SPARE_BYTES = 32 << 20  # what forking, threads and late imports take before the program takes anything
KINDS: dict[str, Callable[[Channel, dict[str, Any]], int]] = {
    "stdio": stdio.run,
    "call": calls.run,
    "candidate": candidate.run,
    "tester": tester.run,
    "checker": checker.run,
    "sql": sql.run,
}

NEEDS = {"sql": "import sqlite3"}  # what a kind of child imports late


def live(server: Server, channel: int) -> NoReturn:
    """The whole life of a child; never returns. It is made ready before it is needed, and then waits for its task."""
    status = 70  # the box itself failed
    try:
        arrange_descriptors(server.null, channel)
        os.setsid()
        bound(server.namespaced)
        if not server.no_open:
            server.seal()
        gc.enable()
        rehearse()
        status = work(server, Channel(CHANNEL))
    except BrokenPipeError:  # the caller has heard enough
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc(limit=-5).encode(errors="replace"))
    finally:
        os._exit(status)


def rehearse() -> None:
    """Do in small what every task takes, so that the pages of memory it writes to are this child's own beforehand."""
    source = json.loads(frame("pass")[LENGTH.size :])
    program.open_streams()
    program.reset(0)
    program.load(program.compile_program(source), program.fresh_main())


def work(server: Server, channel: Channel) -> int:
    """Wait for the task and do it; the exit status."""
    task = start(channel, server.base_bytes)
    if task is None:
        return 0
    if server.no_open:
        for source in (task.get("prefix", ""), task.get("code", ""), NEEDS.get(task["kind"], "")):
            import_named_modules(source)
        server.seal()
    return KINDS[task["kind"]](channel, task)


def start(channel: Channel, base_bytes: int) -> dict[str, Any] | None:
    """Take over the task, its descriptors and its limits, which count from here; None when no task will come."""
    data, descriptors = receive_descriptors(channel.socket, REQUEST.size)
    if not data:
        return None
    payload, stdin, stdout, errors, *link = descriptors
    task = read_payload(payload)
    for descriptor, place in [(stdin, 0), (stdout, 1), (errors, 2), *((each, LINK) for each in link)]:
        os.dup2(descriptor, place)
        os.close(descriptor)
    limit(Request.unpack(data), base_bytes)
    return task


def read_payload(descriptor: int) -> dict[str, Any]:
    """The task, which the child reads itself: the server never sees it."""
    size = os.fstat(descriptor).st_size
    task = json.loads(os.pread(descriptor, size, 0))
    os.close(descriptor)
    assert isinstance(task, dict)
    return task


def arrange_descriptors(null: int, channel: int) -> None:
    """0, 1 and 2 to nothing, 3 the channel, and nothing else."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, ABOVE_ALL) for descriptor in (null, null, null, channel)]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=True)
    os.closerange(len(high), 1 << 20)


def bound(namespaced: bool) -> None:
    """The bounds that are the same for every program, and the tie to the server's life."""
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    lower(resource.RLIMIT_NOFILE, MAX_DESCRIPTORS)
    for nothing_of in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        lower(nothing_of, 0)
    if namespaced:  # elsewhere it counts the user's other processes too, and means nothing
        lower(resource.RLIMIT_NPROC, MAX_PROCESSES)


def limit(request: Request, base_bytes: int) -> None:
    """The bounds of one program. Of its CPU seconds it has lost the millisecond of being made ready."""
    lower(resource.RLIMIT_AS, base_bytes + SERVER_SPARE_BYTES + (request.memory_mb << 20))
    lower(resource.RLIMIT_CPU, request.cpu_s)
    lower(resource.RLIMIT_FSIZE, request.output_kb << 10)


def lower(which: int, bound: int) -> None:
    """Set a bound that the kernel keeps, hard and soft alike, so that it can only shrink."""
    hard = resource.getrlimit(which)[1]
    bound = bound if hard == resource.RLIM_INFINITY else min(bound, hard)
    resource.setrlimit(which, (bound, bound))


def import_named_modules(code: str) -> None:
    """Import what the source names, while files can still be opened; only modules, never the program."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for name in names:
            try:
                importlib.import_module(name)
            except Exception:  # the program will meet the same error
                sys.modules.pop(name, None)
