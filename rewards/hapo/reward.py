"""HAPO's reward: right, and shorter than ever before.

    r = right + w · r_len(n, h) + r_rep

n is the response's length, h the history of its problem before this batch (`length_history`), r_len and r_rep are in
`length_reward`. It is one node, because r_len must know whether the answer is right.

"HAPO: Training Language Models to Reason Concisely via History-Aware Policy Optimization", arXiv 2505.11225.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields
from statistics import fmean
from typing import Any, Literal, get_args

from ...judges import Sample, Verdict
from ...judges.metrics import batch_metrics
from ...judges.sample import MissingColumn, missing_column
from ..batch import Batch
from ..leaf import as_reward
from ..reward import Reward
from ..state import State, union
from .length_history import LengthHistory, Mode, problem_of
from .length_reward import (
    Kind,
    check_length_settings,
    check_repetition_settings,
    length_reward,
    repetition_penalty,
)

Unit = Literal["tokens", "words", "characters"]


@dataclass(frozen=True, repr=False)
class HAPO(Reward):
    """A judge of correctness with a length reward that tightens with every shorter right answer.

    >>> from jurybox.judges import ExactJudge
    >>> reward = HAPO(ExactJudge(), unit="words")
    >>> batch = {"solution": ["4"] * 2, "problem_id": ["2+2"] * 2}
    >>> reward(completions=["<think>2 and 2 is 4, yes 4</think> 4", "5"], **batch)       # first visit: right or not
    [1.0, 0.0]
    >>> [round(number, 3) for number in reward(completions=["<think>2+2=4</think> 4", "5"], **batch)]
    [1.924, 0.0]
    >>> reward.history.table()
    [{'problem_id': '2+2', 'tried': 4, 'solved': 2, 'shortest': 2, 'mean': 5.0}]

    An answer is right when the part has *passed*; where it abstains, so does this, and the history learns nothing.
    The history is a state: read as it was before the batch, written after it, untouched by evaluation, tests and
    explanations. Composes with everything; give it a name to have its numbers logged.

    Reasons: "no history" (the problem has not been solved before), "shorter", "as long", "longer" (than h), and
    "PART abstains".

    Args:
        correct: the judge of correctness, or any reward that says passed or not.
        w: weight of the length reward. From 1/0.7 on a long right answer may earn less than a wrong one: it warns.
        c: the least length reward of a right answer.
        kind: "cosine", or the paper's ablation "linear", which leaves lengths up to (1 + `tolerance`)·h alone.
        mode: h is the "min" of the lengths of right answers, or in the paper's other ablation their "mean".
        repetition_penalty, ngram_size: r_rep, off by default.
        id_column: the column with each row's stable problem id.
        unit: "tokens" of the column completion_ids, which trainers hand over, without `history.special_ids`;
            "words" and "characters" count the text, for use without a tokenizer.
        history: what is remembered, to give it a name of its own, or to start from another run's.

    Raises:
        ValueError: a setting outside its range; when it is called, an id that is neither whole number nor string.
    """

    correct: Any
    w: float = 1.0
    c: float = -0.7
    kind: Kind = "cosine"
    mode: Mode = "min"
    tolerance: float = 0.1
    repetition_penalty: float = 0.0
    ngram_size: int = 3
    id_column: str = "problem_id"
    unit: Unit = "tokens"
    history: LengthHistory = field(default_factory=LengthHistory)

    remembers = True
    _default_name = "hapo"

    def __post_init__(self) -> None:
        object.__setattr__(self, "correct", as_reward(self.correct))
        check_length_settings(self.kind, self.w, self.c, self.tolerance)
        check_repetition_settings(self.ngram_size, self.repetition_penalty)
        for name, choices in (("mode", Mode), ("unit", Unit)):
            if (given := getattr(self, name)) not in get_args(choices):
                raise ValueError(f"{name} must be {' or '.join(map(repr, get_args(choices)))}, not {given!r}")
        if 1.0 + self.w * self.c <= 0.0:
            warnings.warn(
                f"with w={self.w:g} and c={self.c:g} a long right answer earns no more than a wrong one: "
                "take a smaller w, or a c nearer to 0",
                stacklevel=3,
            )
        union([self.states])

    @property
    def parts(self) -> tuple[Reward, ...]:
        return (self.correct,)

    @property
    def states(self) -> dict[str, State]:
        return union([self.correct.states, {self.history.name: self.history}])

    @property
    def bounds(self) -> tuple[float, float]:
        return min(-self.w, 1.0 + self.w * self.c) + self.repetition_penalty, 1.0 + self.w

    def _written(self) -> str:
        options = [item for item in fields(HAPO) if item.name not in ("correct", "history", "label", "shown")]
        given = {item.name: getattr(self, item.name) for item in options if getattr(self, item.name) != item.default}
        if repr(self.history) != repr(LengthHistory()):
            given["history"] = self.history
        return f"HAPO({', '.join([repr(self.correct), *(f'{name}={value!r}' for name, value in given.items())])})"

    def require(self, given: Any) -> None:
        if self.id_column not in given:
            raise missing_column(self.name, self.id_column, given)
        if self.unit == "tokens" and "completion_ids" not in given:
            raise MissingColumn(
                f"{self.name} counts the tokens of the column 'completion_ids', which the batch does not have: give "
                "it, or count something else, HAPO(..., unit='words')"
            )
        super().require(given)

    def _evaluate(self, batch: Batch, rows: Sequence[int]) -> list[Verdict]:
        said = self.correct.evaluate(batch, rows)
        return [self._judged(batch.samples[row], part, batch) for row, part in zip(rows, said, strict=True)]

    def _judged(self, sample: Sample, part: Verdict, batch: Batch) -> Verdict:
        if part.passed is None:
            return self._say(None, None, (part,), f"{self.correct.name} abstains")
        tokens = self._tokens(sample)
        problem, n = problem_of(sample[self.id_column]), len(tokens)
        h = self.history.h(problem, self.mode)
        r_len = length_reward(n, h, part.passed, self.kind, w=self.w, c=self.c, tolerance=self.tolerance)
        r_rep = repetition_penalty(tokens, self.ngram_size, self.repetition_penalty)
        if batch.observing:
            self.history.observe((problem, n if part.passed else None))
        said = self._say(part.passed + r_len + r_rep, part.passed, (part,), _compared(n, h))
        evidence = {"n": n, "h": h, "length_reward": round(r_len, 4)}
        return said.replace(evidence=evidence | ({"repetition": round(r_rep, 4)} if self.repetition_penalty else {}))

    def _tokens(self, sample: Sample) -> Sequence[Hashable]:
        match self.unit:
            case "tokens":
                return [token for token in sample["completion_ids"] if token not in self.history.special_ids]
            case "words":
                return sample.text.split()
            case "characters":
                return sample.text

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """Beside the usual: mean n, the share of rows with a history (`known`), and their mean h and length_reward."""
        told = [verdict.evidence for verdict in verdicts if not verdict.abstains]
        if not told:
            return batch_metrics(verdicts)
        compared = [evidence for evidence in told if evidence["h"] is not None]
        ours = {"n": fmean(evidence["n"] for evidence in told), "known": len(compared) / len(told)}
        for name in ("h", "length_reward") if compared else ():
            ours[name] = fmean(evidence[name] for evidence in compared)
        return batch_metrics(verdicts) | ours


def _compared(n: int, h: float | None) -> str:
    if h is None:
        return "no history"
    return "shorter" if n < h else "longer" if n > h else "as long"
