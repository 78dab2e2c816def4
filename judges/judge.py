"""The base of every judge: rows in, verdicts out, whatever a model wrote."""

from __future__ import annotations

import copy
import importlib
import traceback
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self

from .apart import apart
from .blame import nobody_answered
from .composable import Composable
from .elsewhere import judge_elsewhere
from .errors import Miscounted, Told, WrongReturn
from .metrics import batch_metrics
from .preflight import preflight
from .sample import Sample, missing_column, protocol_columns, reads_of, samples_of
from .silence import Silence
from .tracebacks import one_traceback, report
from .verdict import Verdict, shorten
from .written import Written


class Judge(Written, Composable):
    """Reads completions and returns verdicts. Subclasses say what one completion is worth in `_judge`.

    >>> class Polite(Judge):
    ...     def _judge(self, sample):
    ...         return Verdict(float("please" in sample.text), reason="said please")
    >>> Polite().verdict("yes, please").passed
    True

    What is promised: a completion never makes a judge raise, nor abstain; an exception on one row becomes a verdict
    of score 0 with the reason "exception" and leaves the other rows alone. Only where a connection failed, which no
    completion can bring about, the verdict abstains with status "error" (see `blame`). A `_judge_batch` that raises is
    asked again without the rows that make it raise. What the programmer got wrong raises at once: a missing column,
    columns of different lengths, a completion that is no text.

    Class attributes that a subclass may set, or give as properties:
        name: in logs and explanations; by default the class name in snake case without "Judge".
        columns: data set columns that must be there.
        optional: columns that are read when they are there.
        reads: what is read of the completion and the prompt: "text", "messages", "turns", "tool_calls", "completion"
            (as it was handed over, which need not be text at all), "prompt" or "prompt_text"; one or a tuple of them.
            Rows that are equal in these and in the columns are judged once. By default everything.
        threshold: the score from which a verdict has passed.
        repeatable: whether equal rows of a batch are judged once; False for a judge that rolls dice.
        uses_all_cores: whether batches already run in processes of the judge's own, so that more would only cost.
        beside_model: whether it may run in a thread while a model of the training computes; False for a judge that
            needs the same device, or must not run in another thread.
        max_silent_batches: called by a trainer, the judge raises SilentJudge when it has abstained on every row of so
            many batches in a row; None for never. The first such batch is warned about.
        executor: where batches are judged, see `on`. It stays with the process that set it: pickling leaves it out.
    """

    name: str = ""
    columns: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    reads: str | tuple[str, ...] = ("completion", "prompt")
    threshold: float = 1.0
    repeatable: bool = True
    uses_all_cores: bool = False
    beside_model: bool = True
    max_silent_batches: int | None = 8
    executor: Executor | None = None
    chunk: int = 32

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" not in cls.__dict__:
            cls.name = _snake_case(cls.__qualname__.rpartition(".")[2])
        if isinstance(reads := cls.__dict__.get("reads", ()), (str, tuple)):  # not a property
            reads_of(reads, cls.__qualname__)

    # What a judge says.

    def _judge(self, sample: Sample) -> Verdict:
        """The verdict on one row."""
        raise NotImplementedError(f"{type(self).__name__} must define _judge or _judge_batch")

    def _judge_batch(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        """The verdicts on many rows, in order; by default one row after the other."""
        return [self._isolated(sample) for sample in samples]

    # Three ways to ask it.

    def verdict(self, completion: Any, prompt: Any = None, **columns: Any) -> Verdict:
        """The verdict on one completion; `columns` are this row's values."""
        prompts = None if prompt is None else [prompt]
        return self.verdicts([completion], prompts, **{name: [value] for name, value in columns.items()})[0]

    def verdicts(
        self, completions: Sequence[Any], prompts: Sequence[Any] | None = None, **columns: Any
    ) -> list[Verdict]:
        """The verdicts on many completions, in order; `columns` are lists of the same length."""
        return self.judge_samples(samples_of(completions, prompts, columns), columns)

    def __call__(
        self,
        prompts: Sequence[Any] | None = None,
        completions: Sequence[Any] | None = None,
        completion_ids: Sequence[Any] | None = None,
        *,
        log_metric: Callable[[str, float], None] | None = None,
        log_extra: Callable[[str, list[Any]], None] | None = None,
        trainer_state: Any = None,
        **columns: Any,
    ) -> list[float | None]:
        """TRL's reward-function protocol: one score per completion, None where the judge abstains."""
        if completions is None:
            raise TypeError(f"{self.name} judges completions: call it with completions=[...]")
        columns = protocol_columns(columns, completion_ids)
        samples = samples_of(completions, prompts, columns)
        verdicts = self.judge_samples(samples, columns)
        if log_metric is not None:
            for metric, value in self.metrics(verdicts).items():
                log_metric(f"{self.name}/{metric}", value)
        silence = self.__dict__.setdefault("_silence", Silence())
        silence.hear(self.name, verdicts, samples, self.max_silent_batches)
        return [verdict.score for verdict in verdicts]

    # The batch.

    def judge_samples(self, samples: Sequence[Sample], given: Iterable[str] = ()) -> list[Verdict]:
        """The verdicts on rows that were made already; equal rows are judged once."""
        self.require(given)
        self._require_readable(samples)
        if not self.repeatable or len(samples) < 2:
            return list(self._dispatch(samples))
        first: dict[Hashable, int] = {}
        places = [first.setdefault(self.key(sample), len(first)) for sample in samples]
        if len(first) == len(samples):
            return list(self._dispatch(samples))
        distinct: list[Sample] = []
        for place, sample in zip(places, samples, strict=True):
            if place == len(distinct):
                distinct.append(sample)
        verdicts = self._dispatch(distinct)
        return [verdicts[place] for place in places]

    def require(self, given: Iterable[str]) -> None:
        """Raise MissingColumn when a column that this judge reads is not among the `given` ones."""
        there = set(given)
        missing = [column for column in self.columns if column not in there]
        if missing:
            raise missing_column(self.name, missing[0], there)

    def preflight(self, dataset: Iterable[Mapping[str, Any]], rows: int | None = None) -> int:
        """Before a training: see that every row (or the first so many) can be judged; how many were looked at.

        Raises:
            MissingColumn: a row lacks a column that this judge reads.
            PreflightError: a gold answer, tests, rules or the like cannot be used; it says which rows and why.
        """
        return preflight(self, dataset, rows)

    def unusable(self, sample: Sample) -> list[str]:
        """Why this row cannot be judged, whatever the completion is: nothing, or one reason with the judge's name."""
        why = self._unusable(sample)
        return [f"{self.name}: {why}"] if why else []

    def _unusable(self, sample: Sample) -> str:
        """Why the row's columns are of no use; the sample's completion is empty. By default nothing is known."""
        return ""

    def _require_readable(self, samples: Iterable[Sample]) -> None:
        """Raise NotText when a completion has not what this judge reads; one that reads it as it is takes any."""
        reads = reads_of(self.reads, self.name)
        for what in ("text", "messages"):
            if what in reads or (what == "messages" and not {"turns", "tool_calls"}.isdisjoint(reads)):
                for sample in samples:
                    getattr(sample, what)

    def key(self, sample: Sample) -> Hashable:
        """What makes two rows the same to this judge: what it reads of them, and the columns."""
        return sample.key((*self.columns, *self.optional), reads_of(self.reads, self.name))

    def _dispatch(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        with one_traceback():
            return self._dispatched(samples)

    def _dispatched(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        if self.executor is None or not samples:
            return self._judge_apart(samples)
        return judge_elsewhere(self, self.executor, self._chunks(samples))

    def _judge_apart(self, samples: Sequence[Sample]) -> list[Verdict]:
        """The verdicts on a batch; where it breaks, on those rows that break it."""
        said = apart(self._counted, samples)
        return [self.failed(verdict) if isinstance(verdict, Exception) else verdict for verdict in said]

    def _counted(self, samples: Sequence[Sample]) -> Sequence[Verdict]:
        verdicts = self._judge_batch(samples)
        if len(verdicts) != len(samples):
            raise Miscounted(f"{self.name} returned {len(verdicts)} verdicts for {len(samples)} completions")
        return verdicts

    def _chunks(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        """What goes to an executor as one task each; rows that must be judged together stay together."""
        return [samples[i : i + self.chunk] for i in range(0, len(samples), self.chunk)]

    def _isolated(self, sample: Sample) -> Verdict:
        start = perf_counter()
        try:
            verdict = self._judge(sample)
        except Told:
            raise
        except Exception as error:
            verdict = self.failed(error)
        if not isinstance(verdict, Verdict):
            raise WrongReturn(
                f"{type(self).__name__}._judge returned {type(verdict).__name__} for row {sample.row}; "
                "it returns a Verdict"
            )
        return self._finished(verdict, perf_counter() - start)

    def _finished(self, verdict: Verdict, seconds: float) -> Verdict:
        passed = verdict.passed
        if self.threshold != 1.0 and verdict.score is not None:
            passed = verdict.score >= self.threshold
        if verdict.seconds and passed == verdict.passed:
            return verdict
        return Verdict(
            verdict.score,
            verdict.status,
            verdict.reason,
            verdict.evidence,
            verdict.seconds or seconds,
            passed,
        )

    def failed(self, error: BaseException) -> Verdict:
        """The verdict for a row on which the judge itself broke: score 0; it abstains when nobody answered."""
        return exception(self.name, error, None if nobody_answered(error) else 0.0)

    # Lifetime.

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """What a trainer logs about a batch, under this judge's name."""
        return batch_metrics(verdicts)

    def on(self, executor: Executor, chunk: int = 32) -> Self:
        """A copy whose batches are judged by `executor`, `chunk` rows a task.

        Any `concurrent.futures.Executor` will do: a process pool, or a cluster's (`dask.distributed`'s
        `client.get_executor()`). The judge travels pickled, and its module must be importable over there; a process
        unpacks it once and keeps it.
        """
        if not hasattr(executor, "submit"):
            raise TypeError(f"on() takes a concurrent.futures.Executor, not {type(executor).__name__}")
        if chunk < 1:
            raise ValueError(f"a chunk has at least 1 row, not {chunk}")
        judge = copy.copy(self)
        judge.executor, judge.chunk = executor, chunk
        return judge

    def trusted(self, calibration: str = "calibration.json", *, min_kappa: float = 0.6, below: str = "warn") -> Judge:
        """This judge, if it agreed with people often enough when `jurybox calibrate` measured it; see `trust.Trusted`.

        Raises:
            NotCalibrated: nobody has measured it; the message says how.
        """
        trust = importlib.import_module(f"{__package__}.trust")  # which is a judge itself
        kappa = trust.kappa_of(self, Path(calibration))
        return trust.Trusted(self, kappa, min_kappa=min_kappa, below=below)  # type: ignore[no-any-return]

    @property
    def __name__(self) -> str:
        return self.name  # what TRL logs a reward function under

    def close(self) -> None:
        """Give back what the judge holds (processes, connections); nothing by default."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getstate__(self) -> Mapping[str, Any]:
        state = {name: value for name, value in self.__dict__.items() if name != "executor"}
        state["_written_kwargs"] = {name: value for name, value in self._written_kwargs.items() if name != "executor"}
        return state


def exception(judge: str, error: BaseException, score: float | None = None) -> Verdict:
    """The verdict for a row on which a judge broke; the log says where.

    score: None abstains; the judge's least score where the completion may have caused it, which must not pay.
    """
    frame = traceback.extract_tb(error.__traceback__)[-1:]
    where = f"{frame[0].name}:{frame[0].lineno}" if frame else ""
    said = f"{type(error).__name__}: {_message(error)}"
    report(judge, shorten(said, 200), error)
    evidence = {"judge": judge, "error": said[:300], "where": where}
    return Verdict(score, "error" if score is None else "scored", "exception", evidence)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # an error may fail to tell what it is
        return ""


def _snake_case(name: str) -> str:
    name = name.removesuffix("Judge") or name
    return "".join(
        f"_{c.lower()}" if c.isupper() and i and (name[i - 1].islower() or name[i + 1 : i + 2].islower()) else c.lower()
        for i, c in enumerate(name)
    )
