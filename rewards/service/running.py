"""Running the application until somebody stops it."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable

import uvicorn

from ..reward import Reward
from .app import create_app
from .bench import Bench
from .limits import Limits

STOPPING_S = 30  # for requests that were begun
BACKLOG = 4096  # connections that wait to be accepted


def serve(
    make: Callable[[], Reward],
    limits: Limits | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    token: str = "",
    ready: Callable[[str], None] = print,
) -> None:
    """Serve until SIGTERM or SIGINT; then no request is taken any more, and those that were begun are answered.

    make: gives the reward. It is called once in each worker process, so it is a function that can be pickled.
    port: 0 takes a free one. ready: is told the address and the reward, once both are there.

    Raises:
        OSError: the address is taken. ValueError: the reward cannot be served. Else what `make` raises.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=BACKLOG) as listening:
        bench = Bench(make, limits or Limits())
        config = uvicorn.Config(
            create_app(bench, token=token),
            log_level="warning",
            timeout_graceful_shutdown=STOPPING_S,
        )
        shown = f"[{host}]" if ":" in host else host
        ready(f"http://{shown}:{listening.getsockname()[1]} serves {bench.description['reward']}")
        before = signal.signal(signal.SIGTERM, signal.SIG_IGN)  # uvicorn stops at it, then raises it again
        try:
            uvicorn.Server(config).run(sockets=[listening])
        finally:
            signal.signal(signal.SIGTERM, before)
            bench.close()
