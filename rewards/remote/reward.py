"""The node of a reward expression that asks a service."""

from __future__ import annotations

import json
import threading
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from math import inf
from typing import Any

from ...judges import Sample, Verdict
from ...judges.errors import Told
from ...judges.metrics import batch_metrics
from ...judges.sample import missing_column
from ..batch import Batch
from ..reward import Reward
from ..verdict import RewardVerdict, read_verdict
from .client import Client, NoAnswer, RefusedByService, TooLarge


@dataclass(frozen=True, repr=False)
class Remote(Reward):
    """A reward that a service judges (`jurybox serve`, see docs/serve.md); it is composed, logged and explained as any.

    >>> Remote("http://judges:8000")
    Remote('http://judges:8000')

    Columns, bounds and what makes a row unusable are asked of the service. A service that does not answer, at no
    attempt, abstains with status "error" and reason "no answer"; what it refuses (a missing column, a wrong token)
    raises. Rows are sent `batch` at a time over `concurrency` connections, all in one request where the service's
    reward compares rows. A completion that is too large for the service has the reward's least number; where the rest
    of a row is, it abstains with "row too large".

    Attributes:
        base_url: the address, such as "http://judges:8000".
        batch: rows of a request.
        concurrency: requests at once.
        attempts, pause_s: how often a request is made that gets no answer, and the pause before the second attempt.
        timeout_s: for an answer; longer than the service's own limits.
        token_env: the environment variable with the bearer token, if the service wants one.

    Raises:
        ValueError: an address that is not one, or a number that is not positive.
    """

    base_url: str
    batch: int = 64
    concurrency: int = 8
    attempts: int = 4
    pause_s: float = 0.5
    timeout_s: float = 1800.0
    token_env: str = "JURYBOX_TOKEN"

    _default_name = "remote"

    def __post_init__(self) -> None:
        if not isinstance(self.base_url, str) or not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url is an address like 'http://localhost:8000', not {self.base_url!r}")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))
        for name in ("batch", "concurrency", "attempts", "timeout_s"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be more than 0, not {getattr(self, name)!r}")
        self._connect()

    def _connect(self) -> None:
        client = Client(self.base_url, self.attempts, self.pause_s, self.timeout_s, self.token_env)
        self.__dict__.update(_client=client, _known=None, _asking=threading.Lock())

    def _written(self) -> str:
        return f"Remote({self.base_url!r})"

    # What the service says of itself.

    @property
    def description(self) -> dict[str, Any]:
        """What the service says about its reward; empty as long as it does not answer.

        Raises:
            RefusedByService: the token is wrong, or there is something else at the address.
        """
        with self.__dict__["_asking"]:
            known: dict[str, Any] | None = self.__dict__["_known"]
            if known is None:
                try:
                    known = self._client.ask("reward", attempts=1)
                except NoAnswer:
                    return {}
                if not isinstance(known, dict) or "columns" not in known:
                    raise RefusedByService(f"{self.base_url} is no service of jurybox: it describes no reward")
                self.__dict__["_known"] = known
            return known

    @property
    def _client(self) -> Client:
        client: Client = self.__dict__["_client"]
        return client

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the service's reward reads, as far as it has been asked."""
        return tuple(self.description.get("columns", ()))

    @property
    def bounds(self) -> tuple[float, float]:
        low, high = self.description.get("bounds", (None, None))
        return -inf if low is None else float(low), inf if high is None else float(high)

    def require(self, given: Any) -> None:
        there = set(given)
        for column in self.columns:
            if column not in there:
                raise missing_column(f"{self.name} ({self.base_url})", column, there)

    def unusable(self, sample: Sample) -> list[str]:
        row = {name: value for name, value in sample.columns.items() if self._sends(name)}
        try:
            found = self._client.ask("preflight", _encoded([{**row, "prompt": sample.prompt}]), attempts=1)
            return [f"{self.name}: {why}" for why in found["unusable"][0]]
        except NoAnswer as error:
            warnings.warn(f"{self.name} cannot look at the rows before it judges them: {error}", stacklevel=2)
            return []

    def _sends(self, column: str) -> bool:
        """Whether the service has a use for a column."""
        about = self.description
        named = {*about.get("columns", ()), *about.get("optional", ())}
        return column in named or (bool(about.get("every_column", True)) and column != "completion_ids")

    # What it says of completions.

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        if not rows:
            return []
        names = [name for name in batch.columns if self._sends(name)]
        sent = [_row(batch.samples[row], names) for row in rows]
        size = len(sent) if self.description.get("together") else self.batch
        chunks = [sent[start : start + size] for start in range(0, len(sent), size)]
        with ThreadPoolExecutor(min(self.concurrency, len(chunks)), thread_name_prefix="jurybox-remote") as threads:
            said = threads.map(lambda chunk: self._asked(chunk, batch.step), chunks)
            verdicts = [verdict for part in said for verdict in part]
        least = self.bounds[0]
        if least == -inf:
            scores = [verdict.score for verdict in verdicts if verdict is not None and verdict.score is not None]
            least = min(scores, default=-inf)
        return [_too_large(least) if verdict is None else verdict for verdict in verdicts]

    def _asked(self, rows: Sequence[dict[str, Any]], step: int) -> list[Verdict | None]:
        """The verdicts on rows; None for a completion that is too large."""
        body = _encoded(rows, step)
        try:
            said = self._client.ask("score", body)["verdicts"]
            verdicts = [read_verdict(verdict) for verdict in said]
            if len(verdicts) != len(rows):
                raise NoAnswer(f"{len(verdicts)} verdicts for {len(rows)} rows")
            return list(verdicts)
        except TooLarge as error:
            if len(rows) > 1:
                middle = len(rows) // 2
                return [*self._asked(rows[:middle], step), *self._asked(rows[middle:], step)]
            if 2 * len(json.dumps(rows[0]["completion"])) > len(body):
                return [None]
            return [RewardVerdict(None, "error", "row too large", {"server": self.base_url, "error": str(error)})]
        except Told:
            raise
        except (NoAnswer, KeyError, TypeError, ValueError, AttributeError) as error:
            evidence = {"server": self.base_url, "error": f"{type(error).__name__}: {error}"[:300]}
            return [RewardVerdict(None, "error", "no answer", evidence)] * len(rows)

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """Of the whole, and of the parts that the service's reward is made of."""
        found = batch_metrics(verdicts)
        for place, label in enumerate(next((verdict.labels for verdict in verdicts if verdict.parts), ())):
            parts = [part for verdict in verdicts if verdict.parts and (part := verdict.parts[place]) is not None]
            found |= {f"{label}/{name}": value for name, value in batch_metrics(parts).items()}
        return found

    def close(self) -> None:
        self._client.close()

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._connect()


def _too_large(least: float) -> Verdict:
    """What is said of a completion that no request can carry: the least, for it is the completion's doing."""
    if least == -inf:
        return RewardVerdict(None, "error", "too long for the service")
    return RewardVerdict(least, "scored", "too long for the service", passed=False)


def _row(sample: Sample, names: Sequence[str]) -> dict[str, Any]:
    return {**{name: sample[name] for name in names}, "prompt": sample.prompt, "completion": sample.completion}


def _encoded(rows: Sequence[dict[str, Any]], step: int = 0) -> bytes:
    """The JSON of a request.

    Raises:
        RefusedByService: a value that JSON cannot hold; the message names its column.
    """
    try:
        return json.dumps({"rows": rows, "step": step}, default=_plain).encode()
    except (TypeError, ValueError, RecursionError):
        for row in rows:
            for name, value in row.items():
                try:
                    json.dumps(value, default=_plain)
                except (TypeError, ValueError, RecursionError) as error:
                    raise RefusedByService(f"{name} cannot be sent to a service as JSON: {error}") from error
        raise


def _plain(value: Any) -> Any:
    """Arrays and their numbers as lists and numbers."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} has no form in JSON")
