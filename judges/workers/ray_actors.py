"""A Ray cluster as an executor: actors that keep their judges warm, and are replaced when they die."""

from __future__ import annotations

import contextlib
import importlib
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, TypeVar

from .pool import WorkerDied

Result = TypeVar("Result")


class _Caller:
    """What an actor is: it calls what it is sent, and so its process keeps what that has warmed up."""

    def call(self, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        return function(*args, **kwargs)


class _Task:
    def __init__(self, call: tuple[Any, ...]) -> None:
        self.call = call
        self.future: Future[Any] = Future()
        self.lost = 0  # actors that died of it, or beside it


class RayExecutor(Executor):
    """Calls functions in actors of a Ray cluster: `judge.on(RayExecutor(actors=64))`. Needs the extra `cluster`.

    A task whose actor dies (a machine that goes, a process that is killed) is given to another one, at most `attempts`
    times; then its future raises `WorkerDied`. What a task returned is taken once. Ray is started on this machine when
    it has not been.

    Args:
        actors: how many processes, over all machines.
        attempts: how often a task is begun.
        options: of each actor, such as `num_cpus=0.5` or `resources={"judges": 1}`.

    Raises:
        ImportError: ray is not installed.
        ValueError: actors or attempts below 1.
    """

    def __init__(self, actors: int, *, attempts: int = 3, **options: Any) -> None:
        if actors < 1 or attempts < 1:
            raise ValueError(f"actors and attempts are at least 1, not {actors} and {attempts}")
        try:
            self._ray = importlib.import_module("ray")
        except ImportError as error:
            raise ImportError("RayExecutor needs ray: pip install 'jurybox[cluster]'") from error
        if not self._ray.is_initialized():
            self._ray.init(include_dashboard=False, log_to_driver=False)
        self.attempts = attempts
        self._actor_class = self._ray.remote(**{"num_cpus": 1, **options})(_Caller)
        self._lock = threading.RLock()
        self._waiting: deque[_Task] = deque()
        self._running = 0
        self._closed = False
        self._done = threading.Condition(self._lock)
        self._idle = [self._hired() for _ in range(actors)]
        self._came: queue.SimpleQueue[tuple[Any, _Task, Future[Any]] | None] = queue.SimpleQueue()
        threading.Thread(target=self._collect, name="jurybox-ray", daemon=True).start()

    def _hired(self) -> Any:
        return self._actor_class.remote()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Queue a call; its future is as that of any executor, and can be cancelled until an actor has it."""
        task = _Task((fn, args, kwargs))
        with self._lock:
            if self._closed:
                raise RuntimeError("this executor is closed")
            self._waiting.append(task)
            self._assign()
        return task.future

    def _assign(self) -> None:
        """Give waiting tasks to idle actors; called with the lock held."""
        while self._idle and self._waiting:
            task = self._waiting.popleft()
            if task.lost or task.future.set_running_or_notify_cancel():
                self._begin(self._idle.pop(), task)

    def _begin(self, actor: Any, task: _Task) -> None:
        function, args, kwargs = task.call
        self._running += 1
        try:
            asked = actor.call.remote(function, *args, **kwargs).future()
        except Exception as error:  # what cannot be pickled
            self._running -= 1
            self._idle.append(actor)
            task.future.set_exception(error)
            return
        # Ray calls back from a thread of its own, in which it must not be asked for anything.
        asked.add_done_callback(lambda done: self._came.put((actor, task, done)))

    def _collect(self) -> None:
        while (came := self._came.get()) is not None:
            self._finished(*came)

    def _finished(self, actor: Any, task: _Task, done: Future[Any]) -> None:
        error = done.exception()
        lost = isinstance(error, (self._ray.exceptions.RayActorError, self._ray.exceptions.OutOfMemoryError))
        with self._lock:
            self._running -= 1
            self._idle.append(self._replaced(actor) if lost else actor)
            task.lost += lost
            if lost and task.lost < self.attempts and not self._closed:
                self._waiting.appendleft(task)
            elif lost:
                task.future.set_exception(WorkerDied(f"{task.lost} actors died in the middle of this task: {error}"))
            elif error is not None:
                task.future.set_exception(getattr(error, "cause", None) or error)
            else:
                task.future.set_result(done.result())
            self._assign()
            self._done.notify_all()

    def _replaced(self, actor: Any) -> Any:
        with contextlib.suppress(Exception):  # it is dead already
            self._ray.kill(actor)
        return self._hired()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the actors; queued work is done first unless `cancel_futures`."""
        with self._lock:
            self._closed = True
            if cancel_futures:
                while self._waiting:
                    self._waiting.popleft().future.cancel()
            while wait and (self._waiting or self._running):
                self._done.wait()
            idle, self._idle = self._idle, []
        self._came.put(None)
        for actor in idle:
            self._ray.kill(actor)
