"""Methods side by side, each in a process of its own, and what they tell while they run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from ...experiment import Listen
from ...side_by_side import side_by_side
from .methods import MethodRun, train_method
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
) -> Iterator[MethodRun]:
    """Yield each run as it ends; `hear` is told of each step of each job, in this process."""
    work = [partial(_run, job, worlds[job.seed], proxies[job.seed]) for job in jobs]
    told = None if hear is None else lambda number, step, logs: hear(jobs[number], step, logs)
    for _, run in side_by_side(work, workers=workers, hear=told):
        yield run


def _run(job: Job, world: World, proxy: Proxy, listen: Listen) -> MethodRun:
    return train_method(job.method, world, proxy, seed=job.seed, steps=job.steps, every=job.every, listen=listen)
