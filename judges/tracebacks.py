"""One traceback a batch: a judge that breaks on every row would else fill the log with the same lines."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

logger = logging.getLogger("jurybox")

Broken = dict[str, list[tuple[str, BaseException]]]  # by the judge's name, in the order of the rows
_batch: ContextVar[Broken | None] = ContextVar("broken", default=None)


def report(judge: str, said: str, error: BaseException) -> None:
    """Log that a judge raised: at once, or at the end of the batch with the others of the same judge."""
    broken = _batch.get()
    if broken is None:
        logger.warning("judge %s raised %s", judge, said, exc_info=error)
    else:
        broken.setdefault(judge, []).append((said, error))


@contextmanager
def one_traceback() -> Iterator[None]:
    """Within the block, what a judge raises is gathered; at its end the first is logged, and how many there were."""
    broken: Broken = {}
    token = _batch.set(broken)
    try:
        yield
    finally:
        _batch.reset(token)
        for judge, raised in broken.items():
            said, error = raised[0]
            more = f" (and on {len(raised) - 1} more rows of the batch)" if len(raised) > 1 else ""
            logger.warning("judge %s raised %s%s", judge, said, more, exc_info=error)
