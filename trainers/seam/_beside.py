"""Judging beside the model: rewards are computed in a thread while log-probabilities go through the model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# One thread for the life of the process: worker processes of judges end with the thread that started them.
_thread = ThreadPoolExecutor(1, thread_name_prefix="jurybox-beside")


class Beside:
    """The rewards of one generation, begun when its completions exist and asked for when advantages need them.

    Only rewards that say so (`beside_model`) go ahead; the others wait for TRL to call them, as ever.
    """

    def __init__(self, rewards: Sequence[Any], columns: Mapping[str, Any]) -> None:
        self.futures: list[Future[Any] | None] = [
            _thread.submit(reward, **columns) if getattr(reward, "beside_model", False) else None for reward in rewards
        ]
        self.completions = columns["completions"]

    def stand_ins(self, rewards: Sequence[Any]) -> list[Any]:
        """What TRL calls in their places: functions that hand over what the thread has found, or raise its error."""
        return [
            reward if future is None else self._collector(future)
            for reward, future in zip(rewards, self.futures, strict=True)
        ]

    def _collector(self, future: Future[Any]) -> Callable[..., Any]:
        def collect(completions: Any, **_: Any) -> Any:
            assert completions is self.completions, "TRL asks about other completions than it generated"
            return future.result()

        return collect

    def wait(self) -> None:
        """Until the thread is done, whatever it found."""
        for future in self.futures:
            if future is not None:
                future.exception()


@contextmanager
def finished(current: Callable[[], Beside | None]) -> Iterator[None]:
    """Leave no thread behind when the model breaks in the meantime."""
    try:
        yield
    finally:
        if (beside := current()) is not None:
            beside.wait()
