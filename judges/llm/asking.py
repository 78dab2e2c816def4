"""Asking a model many questions: some at a time, again where that helps, and never past a deadline."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..blame import nobody_answered
from ..verdict import Status
from ..workers.loop import gather_on_loop
from .budget import Budget
from .failure import BudgetSpent, may_pass, reason_of, retry_after, too_long
from .reply import Complete, Decider, Labels, Messages, Reply
from .template import Question

logger = logging.getLogger("jurybox")
_NEARLY = 0.95  # of its time, which a request has had that ended with its batch
LONGEST_PAUSE = 30.0  # seconds between two attempts, unless the server asks for more


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply, or why there is none.

    Attributes:
        reason, status, error: of the failure; the error in the words of whoever raised it.
        requests: how often the model was asked for it.
        seconds: from the first attempt to the end of the last.
        too_long: where the question was too long for the model: its tokens and those the model reads, 0 if not known.
        suspect: whether what was asked may be the cause, and not a server that is down, full or paid for.
    """

    reply: Reply | None = None
    reason: str = ""
    status: Status = "error"
    error: str = ""
    requests: int = 0
    seconds: float = 0.0
    too_long: tuple[int, int] | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long and how often is tried.

    Attributes:
        timeout: seconds for one request.
        deadline: seconds for a whole batch; None means no end.
        retries: further attempts after a rate limit, a server error or a failed connection.
        backoff: the longest pause before the second attempt; it doubles with every further one, and the pause is
            drawn at random below it, so that clients that failed together do not come back together.
        limit: requests in flight at once.
        budget: what may be asked and spent, see `Budget`; waiting for it counts as time of the batch.

    Raises:
        ValueError: a number that is not positive.
    """

    timeout: float = 30.0
    deadline: float | None = 300.0
    retries: int = 3
    backoff: float = 0.5
    limit: int = 8
    budget: Budget | None = None

    def __post_init__(self) -> None:
        for name in ("timeout", "deadline", "limit"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} must be greater than 0, not {value!r}")
        for name in ("retries", "backoff"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} must be at least 0, not {getattr(self, name)!r}")

    def end(self) -> float:
        """When a batch that begins now must be over, on the monotonic clock."""
        return float("inf") if self.deadline is None else time.monotonic() + self.deadline

    @property
    def whole(self) -> float:
        """The seconds that a request has which need not wait for others."""
        return self.timeout if self.deadline is None else min(self.timeout, self.deadline)

    def pause(self, error: BaseException, attempt: int) -> float:
        """Seconds to wait after an attempt (the first is number 0)."""
        asked = retry_after(error)
        if asked is not None:
            return asked
        return random.uniform(0.0, min(self.backoff * 2.0**attempt, LONGEST_PAUSE))


def ask_all(complete: Complete, questions: Sequence[Question], patience: Patience) -> list[Outcome]:
    """The outcome of every question, in order. `complete` may be sync (it runs in threads) or async."""
    end = patience.end()
    calls = [functools.partial(_ask, complete, question, patience, end) for question in questions]
    return gather_on_loop(calls, patience.limit)


def decide_all(
    model: Decider, questions: Sequence[Question], labels: Labels, patience: Patience
) -> list[Outcome]:  # fmt: skip
    """The same for a model in this process, which takes some questions at once and cannot be interrupted."""
    end = patience.end()
    outcomes: list[Outcome] = []
    for first in range(0, len(questions), model.batch_size):
        outcomes += _decide(model, questions[first : first + model.batch_size], labels, end)
    return outcomes


def _decide(model: Decider, questions: Sequence[Question], labels: Labels, end: float) -> list[Outcome]:
    start = time.monotonic()
    if start > end:
        return [_too_late(0, 0.0)] * len(questions)
    try:
        replies = model.decide([question.messages() for question in questions], labels)
    except Exception as error:
        failed = _failed(error, 1, time.monotonic() - start)
    else:
        seconds = (time.monotonic() - start) / len(questions)
        return [Outcome(reply, requests=1, seconds=seconds) for reply in replies]
    if len(questions) == 1:
        return [failed]
    # One row may be too long, or fill the memory: the others need not suffer for it.
    return [outcome for question in questions for outcome in _decide(model, [question], labels, end)]


async def _ask(complete: Complete, question: Question, patience: Patience, end: float) -> Outcome:
    start = time.monotonic()
    requests = 0
    while time.monotonic() < end:
        budget, sent = patience.budget, float("inf")
        try:
            messages = question.messages()
            if budget is not None:
                async with asyncio.timeout_at(end):
                    await budget.admit(messages)
            requests += 1
            sent, reply = time.monotonic(), None
            try:
                async with asyncio.timeout_at(min(sent + patience.timeout, end)):
                    reply = await _call(complete, messages)
            finally:
                if budget is not None:
                    budget.charge(messages, reply)
        except Exception as error:
            pause = patience.pause(error, max(requests - 1, 0))
            now = time.monotonic()
            if now >= end and now - sent < _NEARLY * patience.whole:
                break
            if not may_pass(reason_of(error)) or requests > patience.retries or now + pause > end:
                return _failed(error, requests, now - start)
            await asyncio.sleep(pause)
        else:
            return Outcome(reply, requests=requests, seconds=time.monotonic() - start)
    return _too_late(requests, time.monotonic() - start)


async def _call(complete: Complete, messages: Messages) -> Reply:
    is_async = any(map(inspect.iscoroutinefunction, (complete, getattr(complete, "__call__", None))))  # noqa: B004
    text = complete(messages) if is_async else await _in_thread(functools.partial(complete, messages))
    if inspect.isawaitable(text):
        text = await text
    if not isinstance(text, str):
        raise TypeError(f"complete(messages) returns the model's text, not {type(text).__name__}")
    return text if isinstance(text, Reply) else Reply(text)


async def _in_thread(call: Callable[[], Any]) -> Any:
    """The result of a blocking call. Its thread is a daemon, so one that hangs does not keep the program alive."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Any] = loop.create_future()

    def settle(result: Any, error: BaseException | None) -> None:
        if future.cancelled():  # its deadline has passed
            return
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)

    def run() -> None:
        result, failure = None, None
        try:
            result = call()
        except Exception as error:
            failure = error
        loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name="jurybox-ask", daemon=True).start()
    return await future


def _failed(error: BaseException, requests: int, seconds: float) -> Outcome:
    reason = reason_of(error)
    if reason == "exception":  # nobody expects it, so the log says where
        logger.warning("a model could not be asked: %s: %s", type(error).__name__, error, exc_info=error)
    status: Status = "timeout" if reason == "timeout" else "error"
    said = f"{type(error).__name__}: {error}"[:300]
    suspect = not (nobody_answered(error) or isinstance(error, BudgetSpent))
    return Outcome(None, reason, status, said, requests, seconds, too_long(error), suspect)


def _too_late(requests: int, seconds: float) -> Outcome:
    return Outcome(None, "deadline", "timeout", "the deadline of the batch passed", requests, seconds)
