"""Several judges as one constraint: satisfied when every judge that applies to a row is.

    y = ⋀ₕ Jₕ(s, a),   Jₕ ∈ {1 satisfied, 0 violated, unknown}

in three-valued logic: one 0 decides, whatever is unknown; else one unknown makes the whole unknown; else 1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias, get_args

from .applicability import Condition, checked, columns_of, holds_for
from .errors import Told
from .judge import Judge, exception
from .names import numbered
from .options import one_of
from .preflight import HANDED_OVER
from .sample import Sample
from .verdict import Status, Verdict

Unknown = Literal["abstain", "violated"]
Asked: TypeAlias = dict[str, Verdict]  # by the judge's name, those that apply to one row

FAILED = -1  # how a failed judgement may be written where None cannot


class MixtureOfJudges(Judge):
    """Scores 1 when all judges that apply to a row have passed, 0 when one has not.

    >>> from jurybox.judges import MathJudge
    >>> from jurybox.judges.instructions import NoCommas
    >>> mixture = MixtureOfJudges([MathJudge(), NoCommas()], applies={"math": {"task": {"math", "physics"}}})
    >>> mixture.verdict("Hello!", task="chat")
    Verdict(1.0, 'satisfied', satisfied=['no_commas'], not_applicable=['math'])
    >>> verdict = mixture.verdict("Well, it is 5.", task="math", solution="4")
    >>> verdict.score, verdict.evidence["violated_by"], list(verdict.evidence["violated"])
    (0.0, 'math', ['math', 'no_commas'])

    As a constraint on another reward: `helpfulness.gate(mixture, otherwise=0.0)`.

    A judge is asked only for the rows it applies to, so its columns may be None elsewhere, and missing altogether from
    a batch without such rows. A row to which none applies is satisfied. All that apply are asked, also behind a
    violation, so that the evidence is complete: `violated_by` (the first), `violated`, `abstained` (why),
    `satisfied` and `not_applicable`. The verdicts themselves are the mixture's `parts`, under `labels`.

    Reasons: "satisfied", "violated", "no judge applies"; "unknown" when a judge abstains or failed and none is
    violated. That abstains with the status of the first such judge, or scores 0 with `unknown="violated"`. A condition
    that raises is such a failure: it is logged, and told in the evidence. A judge that raises on a completion is
    violated.

    Args:
        judges: judges, or `judge.named("…")`; each is satisfied when its verdict has passed, so thresholds apply.
        applies: by a judge's position or name (equal names are numbered: "length", "length_2"), the condition under
            which it applies: a mapping from column to a value, or a set or list of values, all of which must agree; or
            a predicate over the row's columns (a function of a module, if the mixture is to be pickled). A judge with
            an attribute `applies_to` brings a condition of its own, which this one replaces. Without a condition a
            judge applies to every row.
        unknown: "abstain" or "violated".
    """

    repeatable = False  # its judges look for equal rows themselves: they know what makes rows equal

    @property
    def beside_model(self) -> bool:  # type: ignore[override]
        """As far as none of its judges forbids it."""
        return all(judge.beside_model for judge in self.judges)

    def __init__(
        self,
        judges: Sequence[Any],
        applies: Mapping[int | str, Condition] | None = None,
        *,
        unknown: Unknown = "abstain",
    ) -> None:
        if isinstance(judges, Judge) or not isinstance(judges, Sequence):
            raise TypeError(f"a mixture takes a list of judges, not {judges!r:.80}")
        pairs = [_named(judge) for judge in judges]
        one_of("unknown", unknown, get_args(Unknown))
        self.judges = tuple(judge for _, judge in pairs)
        self.unknown = unknown
        self.names = numbered([name for name, _ in pairs])
        self.conditions = [checked(getattr(judge, "applies_to", None), judge.name) for judge in self.judges]
        for key, condition in (applies or {}).items():
            self.conditions[self._position(key)] = checked(condition, f"applies[{key!r}]")
        self.columns = self._always_read()
        self.optional = tuple(dict.fromkeys(c for judge in self.judges for c in (*judge.columns, *judge.optional)))

    def _always_read(self) -> tuple[str, ...]:
        """The columns of the conditions, and those of the judges without one."""
        pairs = zip(self.judges, self.conditions, strict=True)
        read = [judge.columns if condition is None else columns_of(condition) for judge, condition in pairs]
        return tuple(dict.fromkeys(column for columns in read for column in columns))

    def _position(self, key: int | str) -> int:
        if isinstance(key, int) and 0 <= key < len(self.judges):
            return key
        if isinstance(key, str) and key in self.names:
            return self.names.index(key)
        raise ValueError(f"applies names the judge {key!r}, but there are {dict(enumerate(self.names))}")

    # Whom it asks.

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        if not samples:
            return []
        given = samples[0].columns.keys()
        asked: list[Asked] = [{} for _ in samples]
        applicable = [self._applicable(place, samples, asked) for place in range(len(self.judges))]
        for judge, rows in zip(self.judges, applicable, strict=True):
            if rows:
                judge.require(given)  # before any judge has worked
        for judge, name, rows in zip(self.judges, self.names, applicable, strict=True):
            verdicts = judge.judge_samples([samples[row] for row in rows], given) if rows else []
            for row, verdict in zip(rows, verdicts, strict=True):
                asked[row][name] = verdict
        return [self._combined(verdicts) for verdicts in asked]

    def unusable(self, sample: Sample) -> list[str]:
        """Why the judges that apply to this row cannot judge it."""
        given = {*sample.columns, *HANDED_OVER}
        found = []
        for judge, name, condition in zip(self.judges, self.names, self.conditions, strict=True):
            if holds_for(condition, sample, name):
                judge.require(given)
                found += judge.unusable(sample)
        return found

    def _applicable(self, place: int, samples: Sequence[Sample], asked: Sequence[Asked]) -> list[int]:
        """The rows a judge is to be asked for; where its condition breaks, that it did is what the judge says."""
        name, rows = self.names[place], []
        for row, sample in enumerate(samples):
            try:
                if holds_for(self.conditions[place], sample, name):
                    rows.append(row)
            except Told:
                raise
            except Exception as error:
                asked[row][name] = exception(name, error)
        return rows

    def _chunks(self, samples: Sequence[Sample]) -> list[Sequence[Sample]]:
        return super()._chunks(samples) if self.kind == "row" else [samples]

    @property
    def kind(self) -> str:
        """Whether rows may be judged one by one ("row"), or some judge compares those of a "group" or a "batch"."""
        kinds = {str(getattr(judge, "kind", "row")) for judge in self.judges}
        return next((kind for kind in ("group", "batch") if kind in kinds), "row")

    # What it says.

    def _combined(self, answers: Asked) -> Verdict:
        asked = {name: answers[name] for name in self.names if name in answers}  # in the order of the mixture
        violated = [name for name, verdict in asked.items() if verdict.passed is False]
        unknown = [name for name, verdict in asked.items() if verdict.passed is None]
        satisfied = conjunction([verdict.passed for verdict in asked.values()])
        score: float | None = None if satisfied is None else float(satisfied)
        reason = "violated" if violated else "unknown" if unknown else "satisfied" if asked else "no judge applies"
        status: Status = "scored"
        if score is None and self.unknown == "violated":
            score = 0.0
        elif score is None:
            status = asked[unknown[0]].status
        return Verdict(
            score,
            status,
            reason,
            self._evidence(asked, violated, unknown),
            sum(verdict.seconds for verdict in asked.values()),
            labels=tuple(self.names),
            parts=tuple(asked.get(name) for name in self.names),
        )

    def _evidence(self, asked: Asked, violated: Sequence[str], unknown: Sequence[str]) -> dict[str, Any]:
        satisfied = [name for name in asked if name not in violated and name not in unknown]
        evidence = {
            "violated_by": violated[0] if violated else None,
            "violated": {name: _why(asked[name]) for name in violated},
            "abstained": {name: _why(asked[name]) for name in unknown},
            "satisfied": satisfied,
            "not_applicable": [name for name in self.names if name not in asked],
        }
        return {key: value for key, value in evidence.items() if value}

    # Its judges.

    @property
    def states(self) -> dict[str, Any]:
        """What its judges remember from batch to batch, by name."""
        return {name: state for judge in self.judges for name, state in getattr(judge, "states", {}).items()}

    def close(self) -> None:
        """Give back what its judges hold."""
        for judge in self.judges:
            judge.close()


def combine(judgements: Sequence[Sequence[float | None]], applies: Sequence[bool] | None = None) -> list[int | None]:
    """The three-valued AND of every row of judgements `(N, M)`.

    >>> combine([[1, 1], [1, 0], [None, 0], [1, None]]), combine([[0, 1]], applies=[False, True])
    ([1, 0, 0, None], [1])

    Args:
        judgements: 1 satisfied, 0 violated, None or -1 unknown; a row for each completion, a column for each judge.
        applies: `(M,)`, which judges count, for all rows; None is all.

    Raises:
        ValueError: a judgement that is none of these, or lists of different lengths.
    """
    width = len(judgements[0]) if len(judgements) else None
    if applies is not None and width is not None and len(applies) != width:
        raise ValueError(f"applies has {len(applies)} entries for the {width} judges of judgements")
    satisfied: list[int | None] = []
    for place, row in enumerate(judgements):
        if len(row) != width:
            raise ValueError(f"judgements has {len(row)} entries in row {place}, but {width} in row 0")
        for value in row:
            if value is not None and value not in (0, 1, FAILED):
                raise ValueError(f"judgements holds {value!r} in row {place}; it may hold 0, 1, None and {FAILED}")
        satisfied.append(conjunction(row if applies is None else [v for v, a in zip(row, applies, strict=True) if a]))
    return satisfied


def conjunction(values: Sequence[float | None]) -> int | None:
    """The three-valued AND: 0 beats unknown (None or -1) beats 1; of nothing it is 1."""
    if 0 in values:
        return 0
    return None if None in values or FAILED in values else 1


def _why(verdict: Verdict) -> dict[str, Any]:
    said = {"reason": verdict.reason, **verdict.evidence}
    return said if verdict.status == "scored" else {"status": verdict.status, **said}


def _named(given: Any) -> tuple[str, Judge]:
    """A judge and its name, which `judge.named("…")` may have given it."""
    judge = given if isinstance(given, Judge) else getattr(given, "judge", None)  # `named` makes a part of a reward
    if not isinstance(judge, Judge):
        raise TypeError(f"a mixture is made of judges, not {given!r:.80}; a plain function needs @judge")
    return str(given.name), judge
