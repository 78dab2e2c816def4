"""Pieces of work side by side, each in a process of its own with one thread, and what they tell while they run."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

from .experiment import Listen

T = TypeVar("T")
Hear = Callable[[int, int, Mapping[str, float]], None]
"""Hears of work number i that a step is done, and what to show about it."""


def side_by_side(
    work: Sequence[Callable[[Listen], T]], *, workers: int, hear: Hear | None = None
) -> Iterator[tuple[int, T]]:
    """Yield (number, result) of each piece as it ends; `hear` is told of their steps, in this process.

    work: functions that can be pickled (of a module, or partials of one), each called with a `listen`. An exception in
    one is raised here, and those not begun yet are dropped.
    """
    context = multiprocessing.get_context("spawn")  # a forked torch may hang
    with context.Manager() as manager, ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        told = manager.Queue()
        running: dict[Future[T], int] = {
            pool.submit(_run, number, piece, told): number for number, piece in enumerate(work)
        }
        try:
            while running:
                ended, _ = wait(running, timeout=0.2, return_when="FIRST_COMPLETED")
                while hear is not None and not told.empty():
                    hear(*told.get())
                for future in ended:
                    yield running.pop(future), future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _run(number: int, piece: Callable[[Listen], T], told: Any) -> T:
    def listen(step: int, shown: Mapping[str, float]) -> None:
        told.put((number, step, dict(shown)))

    return piece(listen)


def _one_thread() -> None:
    """So small a policy is no faster with more threads, and much slower when they compete."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    from .playground.quiet import quieten

    torch.set_num_threads(1)
    quieten()
