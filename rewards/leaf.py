"""The leaves of a reward expression: a judge, or a reward function that was there before."""

from __future__ import annotations

import functools
import inspect
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from ..judges import Judge, Sample, Verdict
from ..judges.apart import apart
from ..judges.blame import nobody_answered
from ..judges.errors import Miscounted, WrongReturn
from ..judges.judge import exception
from ..judges.workers.loop import gather_on_loop
from .batch import Batch
from .reward import Reward
from .verdict import RewardVerdict

logger = logging.getLogger("jurybox")


@dataclass(frozen=True, repr=False)
class Part(Reward):
    """One judge."""

    judge: Judge

    @property
    def _default_name(self) -> str:  # type: ignore[override]
        return self.judge.name

    @property
    def bounds(self) -> tuple[float, float]:
        return 0.0, 1.0

    @property
    def beside_model(self) -> bool:
        return self.judge.beside_model

    def _written(self) -> str:
        return repr(self.judge)

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        return batch.judge(self.judge, rows)

    def require(self, given: Any) -> None:
        self.judge.require(given)

    def unusable(self, sample: Sample) -> list[str]:
        return self.judge.unusable(sample)

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        return self.judge.metrics(verdicts)

    def close(self) -> None:
        self.judge.close()

    @property
    def states(self) -> dict[str, Any]:
        return dict(getattr(self.judge, "states", {}))


@dataclass(frozen=True, repr=False)
class Function(Reward):
    """A TRL reward function, sync or async, as part of an expression.

    >>> def brevity(completions, **columns):
    ...     return [-float(len(text)) for text in completions]
    >>> (1.0 + 0.5 * Function(brevity)).verdict("abcd").score
    -1.0

    Its numbers may be any finite ones unless `low` and `high` bound them. NaN, infinity and numbers outside the bounds
    abstain with status "error". Completions with which the function raises have the number `low`, or without one the
    least of their batch, and it is asked about the others again without them; where it raises on all of a batch and
    has no least number, and where a connection failed, it abstains.
    """

    function: Callable[..., Any]
    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        if not callable(self.function):
            raise TypeError(f"Function wraps a TRL reward function, not {type(self.function).__name__}")

    @property
    def _default_name(self) -> str:  # type: ignore[override]
        return getattr(self.function, "__name__", type(self.function).__name__)

    @property
    def bounds(self) -> tuple[float, float]:
        return self.low, self.high

    @property
    def _is_async(self) -> bool:
        called = getattr(self.function, "__call__", None)  # noqa: B004 - an object with an async __call__
        return inspect.iscoroutinefunction(self.function) or inspect.iscoroutinefunction(called)

    @property
    def beside_model(self) -> bool:
        return bool(getattr(self.function, "beside_model", True))

    def _written(self) -> str:
        limits = "" if (self.low, self.high) == (-inf, inf) else f", {self.low:g}, {self.high:g}"
        return f"Function({self._default_name}{limits})"

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        samples = [batch.samples[row] for row in rows]
        said = apart(functools.partial(self._values, batch), samples) if samples else []
        verdicts = {place: self._lift(value) for place, value in enumerate(said) if not isinstance(value, Exception)}
        least = self.low
        if not math.isfinite(least):
            least = min((v.score for v in verdicts.values() if v.score is not None), default=-inf)
        for place, error in enumerate(said):
            if isinstance(error, Exception):
                known = math.isfinite(least) and not nobody_answered(error)
                verdicts[place] = _unbounded(exception(self.name, error), least if known else None)
        return [verdicts[place] for place in range(len(said))]

    def _values(self, batch: Batch, samples: Sequence[Sample]) -> Sequence[Any]:
        """What the function returns for these rows."""
        columns = {name: [sample[name] for sample in samples] for name in batch.columns}
        call = functools.partial(
            self.function,
            prompts=[sample.prompt for sample in samples],
            completions=[sample.completion for sample in samples],
            **({"completion_ids": None} | columns | dict(batch.trainer)),
        )
        values: Any = gather_on_loop([call], 1)[0] if self._is_async else call()
        if not hasattr(values, "__len__"):
            raise WrongReturn(
                f"{self.name} returned {type(values).__name__}; it returns a list, a number per completion"
            )
        if len(values) != len(samples):
            raise Miscounted(f"{self.name} returned {len(values)} rewards for {len(samples)} completions")
        return values  # type: ignore[no-any-return]

    def _lift(self, value: Any) -> Verdict:
        if value is None:
            return RewardVerdict(None, "skipped", "abstained")
        try:
            score = float(value)
        except (TypeError, ValueError):
            raise WrongReturn(f"{self.name} returned {type(value).__name__}; a reward is a number or None") from None
        if not math.isfinite(score):
            return RewardVerdict(None, "error", "not a finite number", {"judge": self.name, "returned": repr(score)})
        if not self.low <= score <= self.high:
            evidence = {"judge": self.name, "returned": repr(score), "bounds": [self.low, self.high]}
            logger.warning("%s returned %r, outside its bounds [%g, %g]", self.name, score, self.low, self.high)
            return RewardVerdict(None, "error", "outside its bounds", evidence)
        return RewardVerdict(score)


def as_reward(value: Any) -> Reward:
    """A node from a reward or a judge.

    Raises:
        TypeError: anything else; the message says how to make a judge or a reward of it.
    """
    if isinstance(value, Reward):
        return value
    if isinstance(value, Judge):
        return Part(value)
    if callable(value):
        name = getattr(value, "__name__", repr(value))
        raise TypeError(
            f"{name} is a plain function: decorate it with @judge if it scores one completion in [0, 1], or wrap it "
            "as jurybox.rewards.Function(f) if it is a TRL reward function"
        )
    raise TypeError(f"a reward is made of judges, rewards and numbers, not {type(value).__name__}")


def _unbounded(verdict: Verdict, score: float | None) -> Verdict:
    """An exception's verdict with a score that need not be in [0, 1]."""
    if score is None:
        return verdict
    return RewardVerdict(score, "scored", verdict.reason, verdict.evidence, passed=False)
