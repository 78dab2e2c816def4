"""What asking a model may cost: a pace for the server's sake, a cap for the purse's."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from typing import Any

from ..written import Written
from .failure import BudgetSpent
from .reply import Messages, Reply

logger = logging.getLogger("jurybox")
MINUTE = 60.0
CHARACTERS = 4  # of a token, roughly: how a request is counted until its reply says


class Budget(Written):
    """Limits for requests and tokens, shared by all judges that are given the same object.

    >>> budget = Budget(requests_per_minute=60, max_cost=5.0, prompt_price=0.15, completion_price=0.60)
    >>> budget.requests, budget.cost
    (0, 0.0)

    A pace is waited for, within the deadline of the batch. A cap ends the asking: from then on every row that would
    need a request abstains with "budget spent", and the log says so once, as an error. Replies from a cache cost
    nothing. A request is counted with an estimate of its tokens until its reply says how many they were; one that fails
    is counted too, with none. So a cap on requests is exact, and one on tokens or cost can be passed by the replies to
    requests in flight. Each process counts for itself.

    Args:
        requests_per_minute, tokens_per_minute: over any minute; None is no limit. One request may be longer than a
            minute's tokens: it waits for an empty minute.
        max_requests, max_tokens, max_cost: over the lifetime of the object.
        prompt_price, completion_price: of a million tokens, in the currency of `max_cost`.

    Attributes:
        requests, tokens, cost: so far.

    Raises:
        ValueError: a limit that is not positive, or a `max_cost` without prices.
    """

    def __init__(
        self,
        *,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        max_requests: int | None = None,
        max_tokens: int | None = None,
        max_cost: float | None = None,
        prompt_price: float = 0.0,
        completion_price: float = 0.0,
    ) -> None:
        limits: dict[str, float | None] = {"requests_per_minute": requests_per_minute}
        limits |= {"tokens_per_minute": tokens_per_minute, "max_requests": max_requests, "max_tokens": max_tokens}
        limits["max_cost"] = max_cost
        for name, limit in limits.items():
            if limit is not None and not limit > 0:
                raise ValueError(f"{name} must be greater than 0, or None for no limit, not {limit!r}")
        if not (prompt_price >= 0 and completion_price >= 0):
            raise ValueError(f"prices are at least 0, not {prompt_price!r} and {completion_price!r}")
        if max_cost is not None and not prompt_price + completion_price > 0:
            raise ValueError("max_cost needs prompt_price and completion_price: what a million tokens cost")
        self.requests_per_minute, self.tokens_per_minute = requests_per_minute, tokens_per_minute
        self.max_requests, self.max_tokens, self.max_cost = max_requests, max_tokens, max_cost
        self.prompt_price, self.completion_price = prompt_price, completion_price
        self.requests = 0
        self.tokens = 0
        self.cost = 0.0
        self._expected = 0  # tokens of requests whose replies are still to come
        self._recent: deque[list[float]] = deque()  # [when, tokens] of every request of the last minute
        self._told = False
        self._lock = threading.Lock()

    async def admit(self, messages: Messages) -> None:
        """Wait until these messages may be sent.

        Raises:
            BudgetSpent: a cap is reached.
        """
        while (pause := self._taken(_estimate(messages))) > 0.0:
            await asyncio.sleep(pause)

    def charge(self, messages: Messages, reply: Reply | None) -> None:
        """Count what an admitted request has cost; one without a reply nothing."""
        estimate, prompt, completion = _estimate(messages), 0, 0
        if reply is not None:
            prompt = reply.prompt_tokens or estimate
            completion = reply.completion_tokens or len(reply) // CHARACTERS + 1
        with self._lock:
            self._expected = max(self._expected - estimate, 0)
            self.tokens += prompt + completion
            self.cost += self._price(prompt, completion)
            if self._recent:
                self._recent[-1][1] += prompt + completion - estimate

    def _price(self, prompt: int, completion: int = 0) -> float:
        return (prompt * self.prompt_price + completion * self.completion_price) / 1e6

    def _taken(self, estimate: int) -> float:
        """Take a place for a request; or the seconds to wait for one."""
        with self._lock:
            self._refuse_beyond_caps(estimate)
            now = time.monotonic()
            while self._recent and self._recent[0][0] <= now - MINUTE:
                self._recent.popleft()
            pause = self._recent[0][0] + MINUTE - now if self._recent and self._is_full(estimate) else 0.0
            if pause <= 0.0:
                self._recent.append([now, float(estimate)])
                self.requests += 1
                self._expected += estimate
            return pause

    def _is_full(self, estimate: int) -> bool:
        requests, tokens = len(self._recent), sum(tokens for _, tokens in self._recent)
        return (self.requests_per_minute is not None and requests >= self.requests_per_minute) or (
            self.tokens_per_minute is not None and tokens + estimate > self.tokens_per_minute
        )

    def _refuse_beyond_caps(self, estimate: int) -> None:
        expected = self._expected + estimate
        spent = {
            "max_requests": (self.requests + 1, self.max_requests),
            "max_tokens": (self.tokens + expected, self.max_tokens),
            "max_cost": (self.cost + self._price(expected), self.max_cost),
        }
        for name, (wanted, cap) in spent.items():
            if cap is not None and wanted > cap:
                said = f"{name}={cap:g} is spent: {self.requests} requests, {self.tokens} tokens, cost {self.cost:.4g}"
                if not self._told:
                    logger.error("a judge's budget: %s; what is not in a cache abstains from now on", said)
                self._told = True
                raise BudgetSpent(said)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())


def _estimate(messages: Messages) -> int:
    return sum(len(message["content"]) for message in messages) // CHARACTERS + 1
