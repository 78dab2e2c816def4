"""How a run waits: it is a generator that yields what it waits for, so one thread, or none, can drive many.

A run never blocks. It yields `Wait(descriptors, deadline)` and is resumed with the descriptors that can be read; an
empty answer means that the deadline has passed. `drive` does that with `poll` for many runs at once, `drive_async`
on a running event loop for one.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import Collection, Generator, Iterator
from contextlib import suppress
from time import monotonic
from typing import NamedTuple, TypeAlias, TypeVar


class Wait(NamedTuple):
    """Descriptors to become readable, until a point of the monotonic clock."""

    descriptors: tuple[int, ...]
    deadline: float


Result = TypeVar("Result")
Run: TypeAlias = Generator[Wait, Collection[int], Result]


def drive(runs: Iterator[Run[None]], at_once: int) -> None:
    """Drive runs to their end, at most `at_once` at a time; a new one is started whenever one ends."""
    waiting: dict[Run[None], Wait] = {}
    exhausted = False
    try:
        while waiting or not exhausted:
            while not exhausted and len(waiting) < at_once:
                run = next(runs, None)
                if run is None:
                    exhausted = True
                else:
                    _resume(waiting, run, None)
            if waiting:
                for run, ready in _poll(waiting):
                    _resume(waiting, run, ready)
    finally:
        for run in waiting:
            run.close()


def _resume(waiting: dict[Run[None], Wait], run: Run[None], ready: Collection[int] | None) -> None:
    waiting.pop(run, None)
    with suppress(StopIteration):
        waiting[run] = next(run) if ready is None else run.send(ready)


def _poll(waiting: dict[Run[None], Wait]) -> list[tuple[Run[None], list[int]]]:
    """The runs that can go on, each with its readable descriptors."""
    poll = select.poll()
    for wait in waiting.values():
        for descriptor in wait.descriptors:
            poll.register(descriptor, select.POLLIN)
    first = min(wait.deadline for wait in waiting.values())
    readable = {descriptor for descriptor, _event in poll.poll(max(0.0, first - monotonic()) * 1000 + 0.5)}
    now = monotonic()
    going_on = []
    for run, wait in waiting.items():
        ready = [descriptor for descriptor in wait.descriptors if descriptor in readable]
        if ready or wait.deadline <= now:
            going_on.append((run, ready))
    return going_on


async def drive_async(run: Run[Result]) -> Result:
    """Drive one run on the running event loop; cancelling closes the run."""
    loop = asyncio.get_running_loop()
    try:
        wait = next(run)
        while True:
            wait = run.send(await _readable(loop, wait))
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
    finally:
        run.close()


async def _readable(loop: asyncio.AbstractEventLoop, wait: Wait) -> list[int]:
    woken: asyncio.Future[None] = loop.create_future()
    ready: list[int] = []

    def wake(descriptor: int | None = None) -> None:
        if descriptor is not None and descriptor not in ready:
            ready.append(descriptor)
        if not woken.done():
            woken.set_result(None)

    timer = loop.call_later(max(0.0, wait.deadline - monotonic()), wake)
    for descriptor in wait.descriptors:
        loop.add_reader(descriptor, wake, descriptor)
    try:
        await woken
    finally:
        timer.cancel()
        for descriptor in wait.descriptors:
            loop.remove_reader(descriptor)
    return ready
