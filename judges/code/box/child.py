"""From the fork to the first instruction of a program: descriptors, session, limits, filter, and then its kind."""

from __future__ import annotations

import ast
import fcntl
import gc
import importlib
import json
import os
import resource
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from . import calls, candidate, stdio, tester
from .wire import CHANNEL, Channel, Request

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
}


def live(server: Server, request: Request, descriptors: list[int]) -> NoReturn:
    """The whole life of a child; never returns."""
    status = 70  # the box itself failed
    try:
        channel, payload, errors, *link = descriptors
        task = read_payload(payload)
        arrange_descriptors(server.null, channel, errors, link)
        os.setsid()
        server.bound(request)
        if server.no_open:
            import_named_modules(task.get("code", ""))
        server.seal()
        gc.enable()
        status = KINDS[task["kind"]](Channel(CHANNEL), task)
    except BrokenPipeError:  # the caller has heard enough
        status = 0
    except BaseException:
        os.write(2, traceback.format_exc(limit=-5).encode(errors="replace"))
    finally:
        os._exit(status)


def read_payload(descriptor: int) -> dict[str, Any]:
    """The task, which the child reads itself: the server never sees it."""
    size = os.fstat(descriptor).st_size
    task = json.loads(os.pread(descriptor, size, 0))
    os.close(descriptor)
    assert isinstance(task, dict)
    return task


def arrange_descriptors(null: int, channel: int, errors: int, link: list[int]) -> None:
    """0 and 1 to nothing, 2 to the error file, 3 the channel, perhaps 4 the link, and nothing else."""
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD, ABOVE_ALL) for descriptor in (null, null, errors, channel, *link)]
    for place, descriptor in enumerate(high):
        os.dup2(descriptor, place, inheritable=True)
    os.closerange(len(high), 1 << 20)


def limit(request: Request, base_bytes: int, namespaced: bool) -> None:
    """Bounds that the kernel keeps, hard and soft alike, so that they can only shrink."""
    memory = base_bytes + SERVER_SPARE_BYTES + (request.memory_mb << 20)
    bounds = [
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, request.cpu_s),
        (resource.RLIMIT_FSIZE, request.output_kb << 10),
        (resource.RLIMIT_NOFILE, MAX_DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MEMLOCK, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ]
    if namespaced:  # elsewhere it counts the user's other processes too, and means nothing
        bounds.append((resource.RLIMIT_NPROC, MAX_PROCESSES))
    for which, bound in bounds:
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
