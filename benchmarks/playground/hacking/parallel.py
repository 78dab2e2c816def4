"""Runs side by side, each in a process of its own with one thread, and what they tell while they run."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from .methods import Run, train_method
from .reward_model import Proxy
from .world import World

Hear = Callable[["Job", int, Mapping[str, float]], None]


@dataclass(frozen=True)
class Job:
    """One method with one seed; `every` so many steps, and at both ends, there is a checkup."""

    method: str
    seed: int
    steps: int
    every: int


def run_jobs(
    jobs: Sequence[Job],
    worlds: Mapping[int, World],
    proxies: Mapping[int, Proxy],
    *,
    workers: int,
    hear: Hear | None = None,
) -> Iterator[Run]:
    """Yield each run as it ends; `hear` is told of each step of each job, in this process."""
    context = multiprocessing.get_context("spawn")  # a forked torch may hang
    with context.Manager() as manager, ProcessPoolExecutor(workers, context, initializer=_one_thread) as pool:
        told = manager.Queue()
        running: set[Future[Run]] = {
            pool.submit(_run, place, job, worlds[job.seed], proxies[job.seed], told) for place, job in enumerate(jobs)
        }
        while running:
            ended, running = wait(running, timeout=0.2, return_when="FIRST_COMPLETED")
            while hear is not None and not told.empty():
                place, step, logs = told.get()
                hear(jobs[place], step, logs)
            for future in ended:
                yield future.result()


def _run(place: int, job: Job, world: World, proxy: Proxy, told: Any) -> Run:
    def listen(step: int, logs: Mapping[str, float]) -> None:
        told.put((place, step, dict(logs)))

    return train_method(job.method, world, proxy, seed=job.seed, steps=job.steps, every=job.every, listen=listen)


def _one_thread() -> None:
    """So small a policy is no faster with more threads, and much slower when they compete."""
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    import torch

    from ..quiet import quieten

    torch.set_num_threads(1)
    quieten()
