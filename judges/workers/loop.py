"""Running coroutines to their end from any thread, also from one whose own event loop is running."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process id: a forked child starts its own


def gather_on_loop(calls: Sequence[Callable[[], Awaitable[Any]]], limit: int) -> list[Any]:
    """The results of the coroutines that `calls` make, in order, at most `limit` running at once."""

    async def gather() -> list[Any]:
        slots = asyncio.Semaphore(limit)

        async def bounded(call: Callable[[], Awaitable[Any]]) -> Any:
            async with slots:
                return await call()

        return await asyncio.gather(*(bounded(call) for call in calls))

    return asyncio.run_coroutine_threadsafe(gather(), _loop()).result()


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="jurybox-loop", daemon=True).start()
        return loop


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork_in_child)
