"""The pool inside one process: deadlines, isolation, replacement, errors."""

from __future__ import annotations

import asyncio
import math
import operator
import os
import pickle
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from jurybox.judges import DeadlineExceeded, WorkerDied, WorkerPool, shared_pool
from tests import judged

LINUX = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors and processes in /proc")


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, preload=("tests.judged",)) as pool:
        pool.submit(os.getpid).result()
        yield pool


def children() -> list[tuple[str, str]]:
    """State and name of this process's children."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, fields = stat.read_text().partition(" (")[2].rpartition(") ")
        except OSError:
            continue
        state, parent, *_ = fields.split()
        if int(parent) == os.getpid():
            found.append((state, name))
    return found


def test_is_an_ordinary_executor(pool):
    assert isinstance(pool, Executor)
    assert list(pool.map(math.factorial, range(6))) == [1, 1, 2, 6, 24, 120]
    assert pool.submit(int, "ff", base=16).result() == 255
    assert pool.submit(operator.add, [1], [2]).result() == [1, 2]


def test_work_runs_in_other_processes(pool):
    assert pool.submit(os.getpid).result() != os.getpid()


def test_a_deadline_kills_and_the_pool_goes_on(pool):
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded, match=r"stopped after 0\.2 s"):
        pool.submit(judged.nap, 60, timeout=0.2).result()
    assert time.monotonic() - start < 5
    assert pool.submit(math.sqrt, 4, timeout=5).result() == 2.0
    assert issubclass(DeadlineExceeded, TimeoutError)


def test_waiting_in_the_queue_is_not_work():
    """Ten tasks of 0.25 s on one worker end 2.5 seconds later, each with a deadline of 2.2 s."""
    with WorkerPool(1) as pool:
        futures = [pool.submit(judged.nap, 0.25, timeout=2.2) for _ in range(10)]
        assert [future.result() for future in futures] == [0.25] * 10


@LINUX
def test_waiting_for_a_busy_core_is_not_work():
    """Four tasks of 0.5 s on one core take two seconds together, each with a deadline of 1.2 s."""
    core = min(os.sched_getaffinity(0))
    with WorkerPool(4) as pool:
        futures = [pool.submit(judged.burn, 0.5, core, timeout=1.2) for _ in range(4)]
        assert [future.result() for future in futures] == [0.5] * 4


def test_a_deadline_stops_what_works(pool):
    start = time.monotonic()
    with pytest.raises(DeadlineExceeded):
        pool.submit(judged.burn, 60, timeout=0.2).result()
    assert time.monotonic() - start < 10


def test_a_hung_task_delays_no_other(pool):
    hung = pool.submit(judged.nap, 60, timeout=1.5)
    quick = [pool.submit(math.sqrt, n) for n in range(100)]
    wait(quick)
    assert not hung.done()
    assert [future.result() for future in quick] == [math.sqrt(n) for n in range(100)]
    with pytest.raises(DeadlineExceeded):
        hung.result()


def test_the_calling_thread_is_never_held_up(pool):
    start = time.monotonic()
    future = pool.submit(judged.nap, 60, timeout=3.0)
    assert time.monotonic() - start < 2.0
    assert isinstance(future.exception(), DeadlineExceeded)


def test_a_worker_that_dies_takes_only_its_task(pool):
    with pytest.raises(WorkerDied, match="in the middle of its task"):
        pool.submit(judged.crash, 3).result()
    assert pool.submit(math.sqrt, 9).result() == 3.0


def test_memory_is_bounded():
    with WorkerPool(1, memory=256 << 20) as pool:
        assert pool.submit(judged.allocate, 1 << 20).result() == 1 << 20
        with pytest.raises(MemoryError):
            pool.submit(judged.allocate, 512 << 20).result()
        assert pool.submit(judged.allocate, 1 << 20).result() == 1 << 20


def test_errors_come_back_as_they_were(pool):
    with pytest.raises(LookupError, match="missing"):
        pool.submit(judged.complain, "missing").result()
    with pytest.raises(RecursionError):
        pool.submit(judged.recurse, 0).result()


def test_what_cannot_be_pickled_is_told_in_words(pool):
    with pytest.raises((RuntimeError, AttributeError, pickle.PicklingError), match="unpicklable"):
        pool.submit(judged.unpicklable).result()
    with pytest.raises(TypeError):  # the error arrives, but nobody can rebuild it
        pool.submit(judged.be_stubborn).result()
    assert pool.submit(math.sqrt, 4).result() == 2.0


def test_large_arguments_and_results(pool):
    blob = os.urandom(4_000_000)
    assert pool.submit(bytes, blob, timeout=30).result() == blob


@pytest.mark.parametrize("function", [lambda: None, threading.Lock().acquire, type("C", (), {})])
def test_a_function_that_workers_cannot_find_is_refused_at_once(pool, function):
    if getattr(function, "__module__", None) == __name__ and "<" not in function.__qualname__:
        function.__module__ = "__main__"
    with pytest.raises(ValueError, match="move it to the top level of a module that can be imported"):
        pool.submit(function)


def test_many_threads_may_submit(pool):
    with ThreadPoolExecutor(8) as threads:
        roots = list(threads.map(lambda n: pool.submit(math.sqrt, n, timeout=20).result(), range(200)))
    assert roots == [math.sqrt(n) for n in range(200)]


def test_from_an_event_loop(pool):
    async def main():
        started = time.monotonic()
        beats = 0
        hung = asyncio.wrap_future(pool.submit(judged.nap, 60, timeout=0.4))
        while not hung.done():
            await asyncio.sleep(0.01)
            beats += 1
        assert isinstance(hung.exception(), DeadlineExceeded)
        return beats, time.monotonic() - started

    beats, seconds = asyncio.run(main())
    assert beats > 5  # the loop kept turning
    assert seconds < 5


def test_queued_work_can_be_cancelled():
    with WorkerPool(1) as pool:
        busy = pool.submit(judged.nap, 0.3)
        queued = pool.submit(judged.nap, 60)
        assert queued.cancel()
        assert busy.result() == 0.3
        with pytest.raises(CancelledError):
            queued.result()


def test_shutdown_finishes_what_is_queued_and_refuses_more():
    pool = WorkerPool(1)
    futures = [pool.submit(judged.nap, 0.05) for _ in range(3)]
    pool.shutdown()
    assert [future.result() for future in futures] == [0.05] * 3
    with pytest.raises(RuntimeError, match="this pool is closed"):
        pool.submit(os.getpid)
    pool.shutdown()
    WorkerPool(1).shutdown()  # one that never began


def test_a_preload_that_fails_is_named(capfd):
    with WorkerPool(1, preload=("no_such_module",)) as pool, pytest.raises(WorkerDied, match="imported no_such_module"):
        pool.submit(os.getpid).result()
    assert "No module named 'no_such_module'" in capfd.readouterr().err


def test_construction():
    with pytest.raises(ValueError, match="at least 1 worker, not 0"):
        WorkerPool(0)
    again = pickle.loads(pickle.dumps(WorkerPool(3, preload=("math",), memory=1 << 30)))
    assert (again.workers, again.preload, again.memory) == (3, ("math",), 1 << 30)


def test_one_shared_pool_for_each_preload():
    assert shared_pool() is shared_pool()
    assert shared_pool(("json",)) is shared_pool(("json",))
    assert shared_pool() is not shared_pool(("json",))
    first = shared_pool(("json",))
    first.shutdown()
    assert shared_pool(("json",)) is not first
    assert shared_pool(("json",)).submit(math.sqrt, 4).result() == 2.0


@LINUX
def test_kills_leave_no_descriptor_and_no_zombie(pool):
    descriptors, zombies = len(os.listdir("/proc/self/fd")), [state for state, _ in children()].count("Z")
    futures = [pool.submit(judged.nap, 60, timeout=0.01) for _ in range(40)]
    assert all(isinstance(future.exception(), DeadlineExceeded) for future in futures)
    assert pool.submit(math.sqrt, 4).result() == 2.0
    assert len(os.listdir("/proc/self/fd")) <= descriptors + 2  # the two workers
    assert [state for state, _ in children()].count("Z") <= zombies  # other tests may have left some


@LINUX
def test_a_closed_pool_leaves_nothing():
    before, running = len(os.listdir("/proc/self/fd")), len(children())
    for _ in range(5):
        with WorkerPool(1) as pool:
            pool.submit(os.getpid).result()
    assert len(os.listdir("/proc/self/fd")) == before
    assert len(children()) == running
