"""A judge on its way to other processes: it is unpacked once in each, however many batches follow."""

from __future__ import annotations

import functools
import pickle
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .sample import Sample
from .tracebacks import one_traceback
from .verdict import Verdict

if TYPE_CHECKING:
    from .judge import Judge

KEPT = 16  # judges that a worker process keeps, each with what it has warmed up: worker processes, caches, connections


class Sent:
    """A judge as an executor's tasks take it: as it is to threads, packed once a batch to processes."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge

    @functools.cached_property
    def packed(self) -> bytes:
        """The judge, pickled."""
        return pickle.dumps(self.judge)

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (self.packed,)


@functools.lru_cache(maxsize=KEPT)
def _received(packed: bytes) -> Sent:
    """The same judge for the same bytes, so that what it has warmed up is used again."""
    return Sent(pickle.loads(packed))


def judge_chunk(sent: Sent, samples: Sequence[Sample]) -> list[Verdict]:
    """The verdicts on some rows; what an executor's task does."""
    with one_traceback():
        return sent.judge._judge_apart(samples)
