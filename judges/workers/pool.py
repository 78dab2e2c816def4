"""A persistent pool of killable worker processes: what may hang or eat memory runs there.

Threads cannot be stopped and signals work in the main thread only, so a judge that times out with either freezes
its caller, or is fooled off the main thread. A process can always be killed. The pool is an ordinary
`concurrent.futures.Executor` whose `submit` takes a `timeout`, counted from the moment a worker starts on the task
(waiting in the queue is not work) in CPU time, so that an answer does not depend on how busy the machine is; a worker
that sleeps is late by the clock on the wall. It can be used from any thread, from an event loop
(`asyncio.wrap_future`), from a notebook, and from forked and spawned processes.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import pickle
import selectors
import socket
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import JuryboxError
from . import zygote
from .clock import usage
from .cores import usable_cores
from .nursery import Nursery

Result = TypeVar("Result")
MEMORY = 2 << 30  # bytes a worker may allocate beyond its start
WALL = 20  # timeouts by the wall clock that a worker may take on a machine that has no time for it
_GLANCE = 0.1  # seconds between two looks at a worker that seems to sleep


class DeadlineExceeded(JuryboxError, TimeoutError):  # noqa: N818 - the name says what happened
    """The task ran past its timeout and its worker was killed."""


class WorkerDied(JuryboxError, RuntimeError):  # noqa: N818
    """The worker ended in the middle of the task (crashed, or was killed from outside)."""


class NoWorker(WorkerDied):
    """None could be started on this machine, or it ended before it began: the task has no part in that."""


@dataclass(slots=True)
class _Task:
    call: bytes  # (module, qualified name, pickled arguments), framed
    timeout: float | None
    future: Future[Any] = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class _Worker:
    pid: int
    channel: socket.socket
    task: _Task | None = None
    deadline: float = float("inf")  # when it is looked at again
    started: float = 0.0
    cpu: float = 0.0  # used before this task
    seen_asleep: float = -1.0  # the CPU time at which it was last found sleeping


class WorkerPool(Executor):
    """Runs module-level functions in worker processes that can be killed.

    Args:
        workers: processes at most; None means one for each usable core.
        preload: modules a worker finds already imported.
        memory: bytes a worker may allocate; beyond, its task raises MemoryError (Linux).

    >>> import math
    >>> with WorkerPool(workers=1) as pool:
    ...     pool.submit(math.factorial, 5, timeout=10.0).result()
    120
    """

    def __init__(self, workers: int | None = None, *, preload: tuple[str, ...] = (), memory: int = MEMORY) -> None:
        if workers is not None and workers < 1:
            raise ValueError(f"a pool needs at least 1 worker, not {workers}")
        self.workers = workers or usable_cores()
        self.preload = preload
        self.memory = memory
        self._reset()
        _pools.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Task] = deque()
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None
        self._closing = False
        self._leaving = False
        self._owned: list[Any] = []  # sockets to close when a forked child drops its copy

    def submit(  # type: ignore[override]
        self, fn: Callable[..., Result], /, *args: Any, timeout: float | None = None, **kwargs: Any
    ) -> Future[Result]:
        """Queue a call of a module-level function.

        The future raises `DeadlineExceeded` when the call used `timeout` seconds of CPU time (of the wall clock, when
        it sleeps; twenty times as much of it in any case), `WorkerDied` when its process ended, `NoWorker` when none
        could be started, and else whatever the function raised.
        """
        call = zygote.frame((*location(fn), pickle.dumps((args, kwargs))))
        task = _Task(call, timeout)
        with self._lock:
            if self._closing:
                raise RuntimeError("this pool is closed")
            self._waiting.append(task)
            if self._thread is None:
                self._start()
            self._call_dispatcher(b"w")
        return task.future

    def warm(self) -> None:
        """Start the first worker now, so that the first task does not wait for imports."""
        self.submit(os.getpid)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the pool: queued work is finished first unless `cancel_futures`."""
        with self._lock:
            self._closing = True
            if cancel_futures:
                while self._waiting:
                    self._waiting.popleft().future.cancel()
            self._call_dispatcher(b"q")
            thread = self._thread
        if thread is not None and wait and thread is not threading.current_thread():
            thread.join()

    close = shutdown

    def _leave(self) -> None:
        """At the end of the program, when nobody waits for an answer any more: end also what is running."""
        self._leaving = True
        self.shutdown(cancel_futures=True)

    def _start(self) -> None:
        self._wake, wake = socket.socketpair()
        self._wake.setblocking(False)
        self._thread = threading.Thread(target=_Dispatcher(self, wake).run, name="jurybox-pool", daemon=True)
        self._thread.start()

    def _call_dispatcher(self, what: bytes) -> None:
        if self._wake is not None:
            with contextlib.suppress(BlockingIOError):  # its box is full: it has been called already
                self._wake.send(what)

    def _take(self) -> _Task | None:
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def _drop_after_fork(self) -> None:
        """In a forked child: the dispatcher thread and the workers belong to the parent."""
        for resource in self._owned:
            resource.close()
        if self._wake is not None:
            self._wake.close()
        self._reset()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.workers, self.preload, self.memory)


def _rebuild(workers: int, preload: tuple[str, ...], memory: int) -> WorkerPool:
    return WorkerPool(workers, preload=preload, memory=memory)


def location(function: Callable[..., Any]) -> tuple[str, str]:
    """Module and qualified name of a function that a worker process can import.

    Raises:
        ValueError: the function is nested, a lambda, or typed into a script or a notebook.
    """
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not module or module == "__main__" or "<" in qualname:
        raise ValueError(
            f"{qualname or function!r} cannot be found by a worker process: move it to the top level of a module "
            "that can be imported"
        )
    return module, qualname


class _Dispatcher:
    """The thread behind a pool: hands tasks to idle workers, collects answers, kills what is late."""

    def __init__(self, pool: WorkerPool, wake: socket.socket) -> None:
        self.pool = pool
        self.wake = wake
        self.workers: list[_Worker] = []
        self.nursery: Nursery | None = None
        self.selector = selectors.DefaultSelector()
        self.selector.register(wake, selectors.EVENT_READ, None)
        pool._owned += [wake, self.selector]

    def run(self) -> None:
        while True:
            self.assign()
            if self.pool._closing and (self.pool._leaving or not any(worker.task for worker in self.workers)):
                break
            for key, _ in self.selector.select(self.patience()):
                if key.data is None:
                    self.wake.recv(4096)
                else:
                    self.collect(key.data)
            self.kill_late()
        self.close()

    def close(self) -> None:
        for worker in list(self.workers):
            self.dismiss(worker, WorkerDied("the program ended before the task did"))
        self.drop_nursery()
        self.selector.close()
        with self.pool._lock:
            self.wake.close()
            if self.pool._wake is not None:
                self.pool._wake.close()
            self.pool._wake = None
            self.pool._owned.clear()

    def patience(self) -> float | None:
        """Seconds until the next deadline."""
        nearest = min((worker.deadline for worker in self.workers), default=float("inf"))
        return None if nearest == float("inf") else max(0.0, nearest - time.monotonic())

    def assign(self) -> None:
        while any(w.task is None for w in self.workers) or len(self.workers) < self.pool.workers:
            task = self.pool._take()
            if task is None:
                return
            if not task.future.set_running_or_notify_cancel():
                continue
            idle = next((w for w in self.workers if w.task is None), None)
            try:
                if idle is not None and self.begin(idle, task):
                    continue
                if not self.begin(self.hire(), task):  # an idle one may have been killed meanwhile, a new one not
                    raise NoWorker("the worker process ended before its task")
            except Exception as error:  # no process to be had: the task fails, the pool lives
                task.future.set_exception(NoWorker(f"no worker process could be started: {error}"))

    def hire(self) -> _Worker:
        worker = self.fork()
        self.workers.append(worker)
        self.pool._owned.append(worker.channel)
        self.selector.register(worker.channel, selectors.EVENT_READ, worker)
        return worker

    def fork(self) -> _Worker:
        if self.nursery is not None:
            try:
                return _Worker(*self.nursery.fork())
            except (OSError, EOFError):  # the zygote was killed, and its workers with it: start another
                self.drop_nursery()
        self.nursery = Nursery(self.pool.preload, self.pool.memory)
        self.pool._owned.append(self.nursery.control)
        return _Worker(*self.nursery.fork())

    def drop_nursery(self) -> None:
        if self.nursery is not None:
            self.pool._owned.remove(self.nursery.control)
            self.nursery.close()
            self.nursery = None

    def begin(self, worker: _Worker, task: _Task) -> bool:
        """Hand a task to a worker; False when the worker is gone, which is no fault of the task."""
        used = usage(worker.pid)
        worker.cpu, worker.seen_asleep = (used.cpu if used else 0.0), -1.0
        try:
            worker.channel.sendall(task.call)
        except OSError as error:
            self.dismiss(worker, error)
            return False
        worker.task = task
        worker.started = time.monotonic()
        worker.deadline = float("inf") if task.timeout is None else worker.started + task.timeout
        return True

    def collect(self, worker: _Worker) -> None:
        try:
            succeeded, value = zygote.receive(worker.channel)
        except (OSError, EOFError):
            self.dismiss(worker, WorkerDied("the worker process ended in the middle of its task"))
            return
        except Exception as error:  # an answer that cannot be unpickled here
            succeeded, value = False, error
        task, worker.task, worker.deadline = worker.task, None, float("inf")
        if task is None:
            return
        if succeeded:
            task.future.set_result(value)
        else:
            task.future.set_exception(value)

    def kill_late(self) -> None:
        now = time.monotonic()
        for worker in [w for w in self.workers if w.deadline <= now]:
            assert worker.task is not None
            assert worker.task.timeout is not None
            left = _seconds_left(worker, worker.task.timeout, now)
            if left > 0:
                worker.deadline = now + left
            else:
                self.dismiss(worker, DeadlineExceeded(f"stopped after {worker.task.timeout:g} s"))

    def dismiss(self, worker: _Worker, error: Exception) -> None:
        self.workers.remove(worker)
        self.selector.unregister(worker.channel)
        self.pool._owned.remove(worker.channel)
        worker.channel.close()
        if self.nursery is not None:
            self.nursery.kill(worker.pid)
        if worker.task is not None:
            worker.task.future.set_exception(error)


def _seconds_left(worker: _Worker, timeout: float, now: float) -> float:
    """Until a worker whose time is up by the wall clock should be looked at again; none when it is late indeed."""
    used = usage(worker.pid)
    if used is None or now - worker.started >= WALL * timeout:
        return 0.0
    left = timeout - (used.cpu - worker.cpu)
    if used.runnable or left <= 0:
        return left
    if used.cpu == worker.seen_asleep:
        return 0.0
    worker.seen_asleep = used.cpu
    return min(left, _GLANCE)


_pools: weakref.WeakSet[WorkerPool] = weakref.WeakSet()
_shared: dict[tuple[str, ...], WorkerPool] = {}


def shared_pool(preload: tuple[str, ...] = ()) -> WorkerPool:
    """The pool this process shares between its judges, one for each set of preloaded modules."""
    pool = _shared.get(preload)
    if pool is None or pool._closing:
        pool = _shared.setdefault(preload, WorkerPool(preload=preload))
        if pool._closing:
            pool = _shared[preload] = WorkerPool(preload=preload)
    return pool


def _after_fork_in_child() -> None:
    for pool in list(_pools):
        pool._drop_after_fork()


def _at_exit() -> None:
    for pool in list(_pools):
        pool._leave()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
