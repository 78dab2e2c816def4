"""`@judge`: a judge from a plain function."""

from __future__ import annotations

import asyncio
import copy
import functools
import importlib
import inspect
import itertools
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future
from time import perf_counter
from typing import Any, overload

from .apart import apart
from .errors import Miscounted
from .judge import Judge
from .lifting import lift
from .options import one_of
from .sample import Sample
from .verdict import Verdict
from .workers.loop import gather_on_loop
from .workers.pool import DeadlineExceeded, WorkerPool, location, shared_pool

GIVEN = ("text", "messages", "turns", "tool_calls", "completion")  # what a function may get of a completion
KINDS = ("row", "batch", "group")
SPECIAL = ("prompt", "prompts", "completion", "completions")


class FunctionJudge(Judge):
    """A judge that asks a function; made by the `@judge` decorator, which describes the options.

    Reasons: whatever the function's own verdicts say; of score 0 "exception" (it raised) and "timeout" (it ran past
    the deadline); abstaining with "abstained" (it returned None), "not a finite number" (NaN or infinity), "outside
    [0, 1]", and "exception" where a connection failed.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        kind: str = "row",
        *,
        name: str | None = None,
        threshold: float = 1.0,
        timeout: float | None = None,
        limit: int = 8,
        repeatable: bool = True,
        reads: str = "text",
    ) -> None:
        if reads not in GIVEN:
            raise ValueError(f"reads is one of {', '.join(GIVEN)}, not {reads!r}: what the function gets first")
        if not callable(function):
            raise TypeError(f"@judge decorates a function, not {type(function).__name__}")
        one_of("kind", kind, KINDS)
        if timeout is not None and timeout <= 0:
            raise ValueError(f"timeout is a positive number of seconds, not {timeout!r}")
        if not 0.0 < threshold <= 1.0:
            raise ValueError(f"threshold must be in (0, 1], not {threshold!r}")
        self.function = function
        self.kind = kind
        self.name = str(name or getattr(function, "__name__", type(function).__name__))
        self.threshold = threshold
        self.timeout = timeout
        self.limit = limit
        self.reads = reads
        self.repeatable = repeatable and kind == "row"
        self.is_async = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
            getattr(function, "__call__", None)  # noqa: B004 - an object with an async __call__
        )
        if timeout is not None and not self.is_async and kind != "row":
            raise ValueError(f"a {kind} function cannot have a timeout: only single rows can be killed")
        if timeout is not None and not self.is_async:
            location(function)  # raises here, not in the worker, when the function cannot be imported there
        self._read_signature()
        for attribute in ("__module__", "__qualname__", "__doc__"):
            setattr(self, attribute, getattr(function, attribute, None))

    def _read_signature(self) -> None:
        parameters = list(inspect.signature(self.function).parameters.values())
        if not parameters:
            raise TypeError(f"the first parameter of judge {self.name} is the completion's text, but it takes none")
        first, *rest = parameters
        if first.kind in (first.VAR_KEYWORD, first.KEYWORD_ONLY) or first.name in ("prompt", "prompts"):
            raise TypeError(f"the first parameter of judge {self.name} is the completion's text, not {first}")
        for p in rest:
            if p.default is p.empty and (p.kind is p.POSITIONAL_ONLY or p.name in ("completion", "completions")):
                raise TypeError(f"judge {self.name} gets its columns by name, so it cannot fill the parameter {p}")
        self._takes_all = any(p.kind is p.VAR_KEYWORD for p in rest)
        named = [p for p in rest if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY) and p.name not in SPECIAL]
        self._prompt = next((p.name for p in rest if p.name in ("prompt", "prompts")), None)
        self.columns = tuple(p.name for p in named if p.default is p.empty)
        self.optional = tuple(p.name for p in named if p.default is not p.empty)

    def __repr__(self) -> str:
        return self.name

    def key(self, sample: Sample) -> Hashable:
        if not (self._takes_all or self._prompt):
            return super().key(sample)
        columns = sample.columns if self._takes_all else (*self.columns, *self.optional)
        return (sample.prompt_text, sample.key(columns, (str(self.reads),)))

    def _judge_batch(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        if self.kind == "batch":
            return self._ask_together(samples)
        if self.kind == "group":
            return [verdict for group in _groups(samples) for verdict in self._ask_together(group)]
        if self.is_async:
            return self._ask_async(samples)
        if self.timeout is not None:
            return self._ask_workers(samples)
        return [self._ask(sample) for sample in samples]

    def _chunks(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        if self.kind == "row":
            return super()._chunks(samples)
        return [samples] if self.kind == "batch" else _groups(samples)

    def _ask(self, sample: Sample) -> Verdict:
        start = perf_counter()
        try:
            value = self.function(self._given(sample), **self._arguments(sample))
        except Exception as error:
            return self._finished(self.failed(error), perf_counter() - start)
        return self._finished(lift(value, self.name, sample.row), perf_counter() - start)

    def _ask_async(self, samples: Sequence[Sample]) -> list[Verdict]:
        async def one(sample: Sample) -> Verdict:
            start = perf_counter()
            try:
                async with asyncio.timeout(self.timeout):
                    value = await self.function(self._given(sample), **self._arguments(sample))
            except TimeoutError:  # a completion may be what keeps a server busy
                return Verdict(0.0, "timeout", "timeout", {"judge": self.name}, perf_counter() - start)
            except Exception as error:
                return self._finished(self.failed(error), perf_counter() - start)
            return self._finished(lift(value, self.name, sample.row), perf_counter() - start)

        return gather_on_loop([functools.partial(one, sample) for sample in samples], self.limit)

    def _ask_workers(self, samples: Sequence[Sample]) -> list[Verdict]:
        pool = self._pool()
        futures = [
            pool.submit(
                _call_by_name, self.function.__module__, self.function.__qualname__, self._given(s), self._arguments(s),
                timeout=self.timeout,
            )
            for s in samples
        ]  # fmt: skip
        return [self._outcome(future, sample.row) for future, sample in zip(futures, samples, strict=True)]

    def _outcome(self, future: Future[tuple[Any, float]], row: int) -> Verdict:
        try:
            value, seconds = future.result()
        except DeadlineExceeded:
            return Verdict(0.0, "timeout", "timeout", {"judge": self.name}, self.timeout or 0.0)
        except Exception as error:
            return self.failed(error)
        return self._finished(lift(value, self.name, row), seconds)

    def _pool(self) -> WorkerPool:
        return shared_pool((self.function.__module__,))

    def _ask_together(self, samples: Sequence[Sample]) -> list[Verdict]:
        if not samples:
            return []
        start = perf_counter()
        values = apart(self._values, samples)
        seconds = (perf_counter() - start) / len(samples)
        verdicts = [
            self.failed(value) if isinstance(value, Exception) else lift(value, self.name, sample.row)
            for value, sample in zip(values, samples, strict=True)
        ]
        return [self._finished(verdict, seconds) for verdict in verdicts]

    def _values(self, samples: Sequence[Sample]) -> list[Any]:
        """What the function returns for rows that it gets together."""
        arguments = [self._arguments(sample) for sample in samples]
        columns = {name: [row[name] for row in arguments] for name in arguments[0]}
        call = functools.partial(self.function, [self._given(sample) for sample in samples], **columns)
        values = list(gather_on_loop([call], 1)[0] if self.is_async else call())
        if len(values) != len(samples):
            raise Miscounted(f"judge {self.name} returned {len(values)} values for {len(samples)} completions")
        return values

    def _given(self, sample: Sample) -> Any:
        return getattr(sample, str(self.reads))

    def _arguments(self, sample: Sample) -> dict[str, Any]:
        if self._takes_all:
            arguments = sample.columns
        else:
            arguments = {name: sample[name] for name in self.columns}
            arguments |= {name: sample.get(name) for name in self.optional if name in sample._table}
        if self._prompt is not None:
            arguments[self._prompt] = sample.prompt_text
        return arguments

    def __reduce_ex__(self, protocol: Any) -> str | tuple[Any, ...]:
        """A decorated function is found again by its name, as a function is; a copy of it by what it is a copy of."""
        qualname = getattr(self.function, "__qualname__", "")  # a partial and an object with __call__ have none
        named = _find(self.function.__module__, qualname) if qualname else None
        if named is self:
            return str(self.function.__qualname__)
        if isinstance(named, FunctionJudge) and named.function is self.function:
            changed = {k: v for k, v in self.__getstate__().items() if k not in ("function", "_written_args")}
            return _copy_of, (named, changed)
        return super().__reduce_ex__(protocol)


def _groups(samples: Sequence[Sample]) -> list[Sequence[Sample]]:
    """The completions of each prompt, which TRL keeps side by side."""
    return [list(group) for _, group in itertools.groupby(samples, key=lambda sample: sample.prompt)]


def _copy_of(original: FunctionJudge, changed: dict[str, Any]) -> FunctionJudge:
    copied = copy.copy(original)
    copied.__dict__.update(changed)
    return copied


def _find(module: str, qualname: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found


def _call_by_name(module: str, qualname: str, given: Any, arguments: dict[str, Any]) -> tuple[Any, float]:
    """In a worker: find the function (its name may now mean the judge around it), call it, and take the time."""
    function = _find(module, qualname)
    function = getattr(function, "function", function)
    start = perf_counter()
    return function(given, **arguments), perf_counter() - start


@overload
def judge(function: Callable[..., Any], /) -> FunctionJudge: ...
@overload
def judge(
    *,
    name: str | None = ...,
    batch: bool = ...,
    group: bool = ...,
    threshold: float = ...,
    timeout: float | None = ...,
    limit: int = ...,
    repeatable: bool = ...,
    reads: str = ...,
) -> Callable[[Callable[..., Any]], FunctionJudge]: ...
def judge(
    function: Callable[..., Any] | None = None, /, *, batch: bool = False, group: bool = False, **options: Any
) -> Any:
    """Make a judge of a function `f(completion, **columns)`.

    The function gets the completion's text and, by the names of its parameters, the data set columns it asks for
    (with a default: optional; `**columns`: all of them; `prompt`: the prompt's text). It may be `async def`.
    It returns a bool, a number in [0, 1], None to abstain, a `(number, evidence)` pair, or a `Verdict`.

    >>> @judge
    ... def mentions(completion, keyword):
    ...     return keyword in completion
    >>> mentions.verdict("the cat sat", keyword="cat")
    Verdict(1.0)
    >>> mentions.verdicts(["a cat", "a dog"], keyword=["cat", "cat"])
    [Verdict(1.0), Verdict(0.0)]

    Options:
        name: in logs; by default the function's.
        batch: the function gets lists (texts and columns) and returns a list. Rows with which it raises score 0, and
            it is asked about the others without them.
        group: like `batch`, once for each prompt's completions; side by side in the batch, as TRL keeps them.
        threshold: the score from which a verdict has passed.
        timeout: seconds for one row. A sync function then runs in a worker process that is killed at its
            deadline, so it must be importable from a module; an async one is cancelled. Either way the score is 0.0
            with the status "timeout", for a completion may have caused it.
        limit: rows of an async function in flight at once.
        repeatable: False for a function that may answer differently each time.
        reads: what the function gets as its first argument: "text", "messages", "turns" or "tool_calls" (see `Sample`),
            or "completion", as it was handed over: messages, an array, an episode.
    """
    if batch and group:
        raise ValueError("a judge works on batches or on groups, not both")
    kind = "batch" if batch else "group" if group else "row"
    if function is not None:
        return FunctionJudge(function, kind, **options)
    return lambda decorated: FunctionJudge(decorated, kind, **options)
