"""The base of every node of a reward expression, and the three ways to call one."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Self

from ..judges import Sample, Verdict
from ..judges.composable import Composable
from ..judges.metrics import batch_metrics
from ..judges.names import numbered
from ..judges.preflight import preflight
from ..judges.sample import protocol_columns, samples_of
from ..judges.silence import Silence
from ..judges.verdict import Status
from .batch import Batch
from .explanation import Explanation, one_line, tree
from .state import State, union
from .verdict import RewardVerdict

if TYPE_CHECKING:
    from .transform import Clip, Scale, Schedule

_WORSE: tuple[Status, ...] = ("skipped", "timeout", "error")
ATOM, UNARY, PRODUCT, SUM, AND, OR = range(6)  # how tightly Python binds, tightest first


@dataclass(frozen=True, repr=False)
class Reward(Composable, ABC):
    """A number for every completion, written as an expression over judges.

    Immutable, picklable, prints as it was written. Like a judge it is asked for one verdict, for many, or by a TRL
    trainer; unlike a judge's, its numbers are not confined to [0, 1].

    Attributes:
        label: the name given with `named`, or "".
        shown: whether the trainer's table of completions gets an evidence column for each part.
        max_silent_batches: see `tolerate_silence`.
    """

    label: str = field(default="", kw_only=True)
    shown: bool = field(default=False, kw_only=True)
    max_silent_batches: int | None = field(default=8, kw_only=True, compare=False)

    precedence = ATOM
    remembers = False  # whether being asked twice about a row would be remembered twice

    def __post_init__(self) -> None:
        union(part.states for part in self.parts)  # their names must differ

    # What a node is made of.

    @property
    def parts(self) -> tuple[Reward, ...]:
        """The nodes directly below this one."""
        return ()

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest number this node can give."""
        return -inf, inf

    @property
    def beside_model(self) -> bool:
        """Whether a trainer may ask in a thread while its model computes: as far as no part forbids it."""
        return all(part.beside_model for part in self.parts)

    @property
    def name(self) -> str:
        """The name in logs and explanations."""
        return self.label or self._default_name

    _default_name = "reward"

    @property
    def __name__(self) -> str:
        return self.name  # what TRL logs a reward function under

    @abstractmethod
    def _written(self) -> str:
        """The expression as Python, without `named`."""

    def __repr__(self) -> str:
        return self._inside(self, OR)

    @staticmethod
    def _inside(part: Reward, precedence: int) -> str:
        """A part as written inside an operator that binds so tightly: in parentheses where Python needs them."""
        binds = ATOM if part.label else precedence
        text = f"({part._written()})" if part.precedence > binds else part._written()
        return f"{text}.named({part.label!r})" if part.label else text

    def walk(self) -> Iterator[Reward]:
        """This node and all below it, in the order they were written."""
        yield self
        for part in self.parts:
            yield from part.walk()

    # What a node says.

    def evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        """The verdicts on some rows of a batch; a leaf or a named node that is written twice is asked once."""
        if self.parts and not self.label and not self.remembers:
            return self._evaluate(batch, rows)
        known = batch.records.setdefault(self, {})
        missing = [row for row in rows if row not in known] if known else rows
        known.update(zip(missing, self._evaluate(batch, missing), strict=True))
        return [known[row] for row in rows]

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        columns = [part.evaluate(batch, rows) for part in self.parts]
        return [self._combine(parts, batch) for parts in zip(*columns, strict=True)]

    def factor(self, step: int) -> float:
        """The weight this node brings with it at a step of training: 1 unless it is scheduled."""
        return 1.0

    def most(self, step: int) -> float:
        """What this node counts at a step where it is subtracted and its judge broke off: the most it can give."""
        return self.bounds[1]

    def _combine(self, parts: tuple[Verdict, ...], batch: Batch) -> RewardVerdict:
        """One row's verdict from those of the parts; nodes that ask only some of their parts define `_evaluate`."""
        raise NotImplementedError(f"{type(self).__name__} must define _combine or _evaluate")

    def _say(
        self,
        score: float | None,
        passed: bool | None,
        parts: tuple[Verdict | None, ...],
        reason: str = "",
    ) -> RewardVerdict:
        """The verdict of this node; an abstention takes the worst status of the parts that abstain.

        So a node above knows a part that failed from one that does not apply. Finite parts may overflow together:
        such a row abstains with status "error" and does not end the training.
        """
        status: Status = "scored"
        if score is not None and not isfinite(score):
            score, status, reason, passed = None, "error", "not a finite number", None
        elif score is None:
            status = max(
                (part.status for part in parts if part is not None and part.abstains),
                key=_WORSE.index,
                default="skipped",
            )
        return RewardVerdict(score, status, reason, {}, 0.0, passed, self.part_names, parts, self.part_weights)

    @property
    def part_names(self) -> tuple[str, ...]:
        """The names of the parts, in order."""
        return tuple(part.name for part in self.parts)

    @property
    def part_weights(self) -> tuple[float, ...]:
        """What the parts are multiplied by, in a sum; else empty."""
        return ()

    # Three ways to ask.

    def verdict(self, completion: Any, prompt: Any = None, *, trainer_state: Any = None, **columns: Any) -> Verdict:
        """The verdict on one completion; `columns` are this row's values."""
        prompts = None if prompt is None else [prompt]
        lists = {name: [value] for name, value in columns.items()}
        return self.verdicts([completion], prompts, trainer_state=trainer_state, **lists)[0]

    def verdicts(
        self,
        completions: Sequence[Any],
        prompts: Sequence[Any] | None = None,
        *,
        trainer_state: Any = None,
        **columns: Any,
    ) -> list[Verdict]:
        """The verdicts on many completions, in order; `columns` are lists of the same length."""
        return self._run(completions, prompts, columns, {"trainer_state": trainer_state})[1]

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
        """TRL's reward-function protocol: one number per completion, None where the reward abstains."""
        if completions is None:
            raise TypeError(f"{self.name} judges completions: call it with completions=[...]")
        columns = protocol_columns(columns, completion_ids)
        trainer = {"trainer_state": trainer_state, "log_metric": log_metric, "log_extra": log_extra}
        batch, verdicts = self._run(completions, prompts, columns, trainer, observing=True)
        self._watch(batch, stepless=trainer_state is None)
        if log_metric is not None:
            self._log(batch, log_metric)
        if log_extra is not None and self.shown:
            self._show(verdicts, log_extra)
        for state in self.states.values():
            if not state.deferred:
                state.commit([state.pending()])
        return [verdict.score for verdict in verdicts]

    def _run(
        self,
        completions: Sequence[Any],
        prompts: Any,
        columns: dict[str, Any],
        trainer: dict[str, Any],
        observing: bool = False,
    ) -> tuple[Batch, list[Verdict]]:
        self.require(columns)
        passed = {name: value for name, value in trainer.items() if value is not None}
        step = int(getattr(trainer["trainer_state"], "global_step", 0) or 0)
        batch = Batch(samples_of(completions, prompts, columns), tuple(columns), step, observing, passed)
        return batch, self.evaluate(batch, range(len(batch.samples)))

    def require(self, given: Any) -> None:
        """Raise MissingColumn when some judge's column is not among the given ones, before any work is done."""
        for part in self.parts:
            part.require(given)

    def preflight(self, dataset: Iterable[Mapping[str, Any]], rows: int | None = None) -> int:
        """Before a training: see that every row (or the first so many) can be judged; how many were looked at.

        Raises:
            MissingColumn: a row lacks a column that some judge reads.
            PreflightError: a gold answer, tests, rules or the like cannot be used; it says which rows and why.
        """
        return preflight(self, dataset, rows)

    def unusable(self, sample: Sample) -> list[str]:
        """Why parts cannot judge this row, whatever the completion is, each with its name."""
        return [why for part in self.parts for why in part.unusable(sample)]

    def explain(self, completion: Any, prompt: Any = None, **columns: Any) -> Explanation:
        """The tree of verdicts behind one number, as text that prints itself."""
        verdict = self.verdict(completion, prompt, **columns)
        return Explanation(tree(verdict, self.name, repr(self)), verdict)

    # What a trainer logs and saves.

    def _log(self, batch: Batch, log_metric: Callable[[str, float], None]) -> None:
        labels = self.unique_names()
        for node, said in batch.records.items():
            if node in labels:
                for metric, value in node.metrics(list(said.values())).items():
                    log_metric(f"{labels[node]}/{metric}", value)

    def _watch(self, batch: Batch, stepless: bool) -> None:
        """Make loud what would change the training without a word: parts that only abstain, schedules without steps."""
        watch = self.__dict__.setdefault("_silence", Silence())
        expected = {below for node in self.walk() for part in node.handing_on for below in part.walk()}
        for node, name in self.unique_names().items():
            said = batch.records.get(node, {})
            if node not in expected:
                samples = [batch.samples[row] for row in said]
                watch.hear(name, list(said.values()), samples, self.max_silent_batches)
        if stepless and "a schedule" not in watch.told and any(node.follows_steps for node in self.walk()):
            watch.told.add("a schedule")
            warnings.warn(
                f"{self!r} follows the optimizer step, but the trainer hands over no trainer_state (the asynchronous "
                "ones do not): its schedules stand at step 0",
                UserWarning,
                stacklevel=3,
            )

    @property
    def handing_on(self) -> tuple[Reward, ...]:
        """The parts whose abstention is meant, because another part then decides."""
        return ()

    follows_steps = False  # whether its number depends on the step of training

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """What a trainer logs about this node's verdicts of a batch, under its name."""
        return batch_metrics(verdicts)

    def unique_names(self) -> dict[Reward, str]:
        """A name for every named part and every judge of the expression; equal names are numbered."""
        nodes = list(dict.fromkeys(node for node in self.walk() if node.label or not node.parts))
        return dict(zip(nodes, numbered(node.name for node in nodes), strict=True))

    def _show(self, verdicts: Sequence[Verdict], log_extra: Callable[[str, list[Any]], None]) -> None:
        names = numbered(self.part_names or (self.name,), taken=(self.name,))  # the table has its number by its name
        for place, name in enumerate(names):
            column = [v.parts[place] if isinstance(v, RewardVerdict) and v.parts else v for v in verdicts]
            log_extra(name, ["" if part is None else one_line(part) for part in column])

    @property
    def states(self) -> dict[str, State]:
        """What this reward remembers from batch to batch, by name."""
        return union(part.states for part in self.parts)

    def state_dict(self) -> dict[str, Any]:
        """Everything this reward remembers, as plain data for a checkpoint."""
        return {name: state.state_dict() for name, state in self.states.items()}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take up what `state_dict` saved.

        Raises:
            KeyError: the saved names are not this reward's; both sides are listed.
        """
        states = self.states
        if saved.keys() != states.keys():
            raise KeyError(f"the checkpoint holds the states {sorted(saved)}, this reward has {sorted(states)}")
        for name, state in states.items():
            state.load_state_dict(saved[name])

    def defer_commits(self) -> None:
        """Leave it to the trainer to commit what states observed (it gathers over processes first)."""
        for state in self.states.values():
            state.deferred = True

    def close(self) -> None:
        """Give back what the judges hold."""
        for part in self.parts:
            part.close()

    # Writing expressions.

    if TYPE_CHECKING:  # the operators are those of `Composable`, whose package cannot name these types

        def as_reward(self) -> Reward: ...
        def __add__(self, other: Any) -> Reward: ...
        def __radd__(self, other: Any) -> Reward: ...
        def __sub__(self, other: Any) -> Reward: ...
        def __rsub__(self, other: Any) -> Reward: ...
        def __mul__(self, other: Any) -> Reward: ...
        def __rmul__(self, other: Any) -> Reward: ...
        def __truediv__(self, other: float) -> Reward: ...
        def __neg__(self) -> Reward: ...
        def __and__(self, other: Any) -> Reward: ...
        def __or__(self, other: Any) -> Reward: ...
        def __invert__(self) -> Reward: ...
        def gate(self, *judges: Any, otherwise: float = 0.0) -> Reward: ...
        def clip(self, low: float, high: float) -> Clip: ...
        def scale(self, low: float, high: float | None = None) -> Scale: ...
        def schedule(self, weight: Callable[[int], float]) -> Schedule: ...
        def standardize(self, name: str) -> Reward: ...

    def named(self, name: str) -> Self:
        """This node under a name of its own: it is then logged, and shown by that name."""
        if not name or not isinstance(name, str):
            raise ValueError(f"a name is a non-empty string, not {name!r}")
        return self._changed(label=name)

    def show_evidence(self, shown: bool = True) -> Self:
        """This reward, writing a column of evidence for each part into the trainer's table of completions."""
        return self._changed(shown=shown)

    def tolerate_silence(self, max_silent_batches: int | None) -> Self:
        """This reward, raising `SilentJudge` only after so many batches in a row on which some part only abstained.

        Called by a trainer, a reward warns once about such a part and raises after 8 batches; None is never.
        """
        if max_silent_batches is not None and max_silent_batches < 1:
            raise ValueError(f"max_silent_batches is at least 1, or None for never, not {max_silent_batches!r}")
        return self._changed(max_silent_batches=max_silent_batches)

    def _changed(self, **changes: Any) -> Self:
        copied = copy.copy(self)
        copied.__dict__.pop("_silence", None)
        for name, value in changes.items():
            object.__setattr__(copied, name, value)
        return copied
