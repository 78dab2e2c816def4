"""The same verdicts from a thread, an event loop, a forked and a spawned process."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from jurybox.judges import MathJudge, WorkerPool
from jurybox.judges.math import symbolic

pytestmark = pytest.mark.slow
COMPLETIONS = [
    r"\boxed{0.5}",
    r"\boxed{\frac{2}{3}}",
    r"\boxed{\sum_{n=0}^{\infty} \frac{1}{2^{n+2}}}",  # needs the worker
    r"\boxed{9^{9^{9^{9}}}}",
    "I do not know",
]
EXPECTED = [1.0, 0.0, 1.0, 0.0, 0.0]


def scores() -> list[float | None]:
    judge = MathJudge(timeout=20.0)
    return judge(completions=COMPLETIONS, solution=[r"\frac{1}{2}"] * len(COMPLETIONS))


def test_main_thread() -> None:
    assert scores() == EXPECTED


def test_worker_threads() -> None:
    with ThreadPoolExecutor(3) as pool:
        assert [future.result() for future in [pool.submit(scores) for _ in range(3)]] == [EXPECTED] * 3


def test_event_loop() -> None:
    async def twice() -> list[list[float | None]]:
        return await asyncio.gather(asyncio.to_thread(scores), asyncio.to_thread(scores))

    assert asyncio.run(twice()) == [EXPECTED] * 2


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_other_processes(method: str) -> None:
    scores()  # the parent's pool is at work when the child starts
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        assert pool.submit(scores).result(timeout=120) == EXPECTED


def test_the_first_symbolic_answer_of_a_worker_costs_no_more_than_the_next():
    """What sympy builds on first use is built before workers are forked, so no answer's deadline pays for it."""
    with WorkerPool(1, preload=symbolic.PRELOAD) as pool:
        asked = (symbolic.timed, r"\int x e^{x} dx", r"\sin x", (None, None), None)
        seconds = [pool.submit(*asked, timeout=30).result()[1] for _ in range(2)]
    assert seconds[0] < 10 * seconds[1] + 0.25
