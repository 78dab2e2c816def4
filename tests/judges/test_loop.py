from __future__ import annotations

import asyncio
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from jurybox.judges.workers.loop import gather_on_loop


async def number(n):
    await asyncio.sleep(0.001 * (5 - n % 5))
    return n


def test_order_is_that_of_the_calls():
    assert gather_on_loop([partial(number, n) for n in range(20)], 8) == list(range(20))
    assert gather_on_loop([], 8) == []


def test_no_more_at_once_than_the_limit():
    running = most = 0

    async def work():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1

    gather_on_loop([work] * 20, 3)
    assert most == 3


def test_inside_a_running_event_loop():
    async def main():
        return gather_on_loop([partial(number, 7)], 1)

    assert asyncio.run(main()) == [7]


def test_many_threads_share_one_loop():
    async def where():
        return threading.current_thread().name

    with ThreadPoolExecutor(4) as pool:
        names = {name for [name] in pool.map(lambda _: gather_on_loop([where], 1), range(20))}
    assert len(names) == 1


def test_an_exception_reaches_the_caller():
    async def fail():
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        gather_on_loop([fail], 1)


def test_a_forked_child_has_a_loop_of_its_own():
    gather_on_loop([partial(number, 1)], 1)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if gather_on_loop([partial(number, 3)], 1) == [3] else 1)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0
            return
        time.sleep(0.02)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    pytest.fail("the forked child hung")
