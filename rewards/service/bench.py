"""The worker processes of a service: requests in, answers out, and what hangs or dies costs its own rows only."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from ...judges import DeadlineExceeded, Verdict, WorkerDied, WorkerPool
from ...judges.workers.pool import NoWorker
from ..reward import Reward
from ..rows import Row
from ..verdict import RewardVerdict
from . import work
from .forms import Call, parsed, written
from .limits import UNLIMITED, Limits
from .work import Answer

UNAVAILABLE = 503
logger = logging.getLogger("jurybox")


class Bench:
    """Judges requests in processes that can be killed.

    make: gives the reward; a function that can be pickled. Each worker calls it once.

    Attributes:
        description: what clients have to know of the reward.
        killed: workers that were late or died so far.

    Raises:
        whatever `make` raises; ValueError when the reward cannot be served.
    """

    def __init__(self, make: Callable[[], Reward], limits: Limits) -> None:
        self.limits = limits
        self.killed = 0
        self._maker = pickle.dumps(make)
        self._pool = WorkerPool(limits.workers, memory=UNLIMITED, preload=(work.__name__,))
        self._isolating = ThreadPoolExecutor(limits.workers, thread_name_prefix="jurybox-late")
        try:
            begun = [self._submit(work.describe, timeout=None) for _ in range(limits.workers)]
            described = [future.result() for future in begun]
        except BaseException:
            self.close()
            raise
        self.description: dict[str, Any] = described[0][0]
        self._building_s: float = max(seconds for _, seconds in described)

    def _submit(self, task: Callable[..., Any], *args: Any, timeout: float | None) -> Future[Any]:
        return self._pool.submit(task, self._maker, self.limits.workers, *args, timeout=timeout)

    def _deadline(self, rows_s: float) -> float:
        return rows_s + self._building_s  # a worker that replaces a killed one builds the reward first

    def answer(self, form: str, body: bytes) -> Future[Answer]:
        """The answer to a request, when it is there; cancelled before a worker has begun, it never is."""
        deadline = self._deadline(self.limits.REQUEST * self.limits.row_s)
        asked = self._submit(work.answer, form, body, timeout=deadline)
        answered: Future[Answer] = Future()

        def done(asked: Future[Any]) -> None:
            if asked.cancelled() or not answered.set_running_or_notify_cancel():
                return
            error = asked.exception()
            if error is None:
                answered.set_result(asked.result())
            elif isinstance(error, (DeadlineExceeded, WorkerDied)) and not isinstance(error, NoWorker):
                self._isolating.submit(self._isolated, form, body, answered)
            else:
                answered.set_result(work.refusal(UNAVAILABLE, f"no worker could be had: {error}"))

        asked.add_done_callback(done)
        answered.add_done_callback(lambda given_up: asked.cancel() if given_up.cancelled() else None)
        return answered

    def unusable(self, body: bytes) -> Future[Answer]:
        """Why rows cannot be judged."""
        return self._submit(work.unusable, body, timeout=self._deadline(self.limits.REQUEST * self.limits.row_s))

    def _isolated(self, form: str, body: bytes, answered: Future[Answer]) -> None:
        """The answer to a request that was late or broke its worker."""
        self.killed += 1
        try:
            call = parsed(form, body)
            verdicts = self._one_by_one(call)
            answered.set_result(Answer(200, written(form, call, verdicts), work.counted(verdicts)))
        except Exception as error:
            answered.set_result(work.refused(error))

    def _one_by_one(self, call: Call) -> list[Verdict]:
        """The verdicts on rows of which some are late: each alone, the others again together where it matters."""
        alone = [self._verdicts([row], call.step, self.limits.row_s) for row in call.rows]
        found = [self._late(future) for future in alone]
        verdicts = [
            future.result()[0] if verdict is None else verdict for verdict, future in zip(found, alone, strict=True)
        ]
        others = [place for place, late in enumerate(found) if late is None]
        if self.description["together"] and others:
            rows = [call.rows[place] for place in others]
            again = self._verdicts(rows, call.step, self.limits.REQUEST * self.limits.row_s)
            late = self._late(again, together=True)
            said = again.result() if late is None else [late] * len(others)
            for place, verdict in zip(others, said, strict=True):
                verdicts[place] = verdict
        return verdicts

    def _verdicts(self, rows: Sequence[Row], step: int, seconds: float) -> Future[list[Verdict]]:
        return self._submit(work.verdicts_of, rows, step, timeout=self._deadline(seconds))

    def _late(self, future: Future[list[Verdict]], together: bool = False) -> Verdict | None:
        """What is said of rows whose worker was killed or died; None when there are verdicts.

        One row that does it alone has the least number; of rows that do it together none can be blamed.
        """
        error = future.exception()
        if error is None:
            return None
        if isinstance(error, NoWorker) or not isinstance(error, (DeadlineExceeded, WorkerDied)):
            raise error
        self.killed += 1
        late = isinstance(error, DeadlineExceeded)
        reason, evidence = ("timeout", {}) if late else ("worker failed", {"error": str(error)})
        logger.warning("%s: %s", self.description["name"], error)
        least = None if together else self.description["bounds"][0]
        if least is None:
            return RewardVerdict(None, "timeout" if late else "error", reason, evidence)
        return RewardVerdict(least, "timeout" if late else "scored", reason, evidence, passed=False)

    def close(self) -> None:
        """End the workers, after what they have begun."""
        self._isolating.shutdown(cancel_futures=True)
        self._pool.shutdown()
