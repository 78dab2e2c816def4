"""Batches on somebody's executor: what becomes of rows whose worker is lost."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import TYPE_CHECKING

from .sample import Sample
from .sent import Sent, judge_chunk
from .verdict import Verdict

if TYPE_CHECKING:
    from .judge import Judge

logger = logging.getLogger("jurybox")

# What executors say of a worker that is gone: processes, our own pools, Dask, Ray. By name, to import none of them.
_LOST = frozenset({
    "BrokenExecutor", "WorkerDied", "KilledWorker", "RayActorError", "WorkerCrashedError", "NodeDiedError",
    "OutOfMemoryError",
})  # fmt: skip


def judge_elsewhere(judge: Judge, executor: Executor, chunks: Sequence[Sequence[Sample]]) -> list[Verdict]:
    """The verdicts on chunks of rows, in order, each judged by one task of an executor.

    A chunk whose worker was lost is sent again in halves, where the executor has workers left: a row that loses its
    worker alone scores 0, for that may be its doing. An executor that is broken altogether has judged nothing more, and
    the rest abstains.

    Raises:
        Told: what the judge has to tell the programmer. Else what the executor raises of a judge that cannot be sent.
    """
    sent = Sent(judge)
    futures = [_submitted(executor, sent, chunk) for chunk in chunks]
    asked = zip(futures, chunks, strict=True)
    return [verdict for future, chunk in asked for verdict in _said(executor, sent, future, chunk)]


def _submitted(executor: Executor, sent: Sent, chunk: Sequence[Sample]) -> Future[list[Verdict]]:
    try:
        return executor.submit(judge_chunk, sent, chunk)
    except BrokenExecutor as error:
        broken: Future[list[Verdict]] = Future()
        broken.set_exception(error)
        return broken


def _said(executor: Executor, sent: Sent, future: Future[list[Verdict]], chunk: Sequence[Sample]) -> list[Verdict]:
    try:
        return future.result()
    except Exception as error:
        if not is_lost(error):
            raise
        judge = sent.judge
        logger.warning("judge %s lost a worker: %s: %s", judge.name, type(error).__name__, error)
        evidence = {"judge": judge.name, "error": f"{type(error).__name__}: {error}"[:300]}
        if isinstance(error, BrokenExecutor):
            return [Verdict(None, "error", "worker failed", evidence)] * len(chunk)
        if len(chunk) == 1:
            return [Verdict(0.0, "scored", "worker failed", evidence)]
        if getattr(judge, "kind", "row") != "row":  # rows that are judged together: none can be blamed
            return [Verdict(None, "error", "worker failed", evidence)] * len(chunk)
        middle = len(chunk) // 2
        again = [(_submitted(executor, sent, part), part) for part in (chunk[:middle], chunk[middle:])]
        return [verdict for future, part in again for verdict in _said(executor, sent, future, part)]


def is_lost(error: BaseException) -> bool:
    """Whether an exception means that a worker is gone, and not what a task raised."""
    return not _LOST.isdisjoint(kind.__name__ for kind in type(error).__mro__)
