"""A judge that asks about every criterion of a rubric."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Literal, get_args

from ..judge import Judge
from ..llm import LLMJudge, Template
from ..llm.costs import SUMMED, Costs, costs_of
from ..llm.reply import Complete, Decider, Reply
from ..llm.template import YES_NO
from ..llm.voting import Vote, elect
from ..options import one_of
from ..sample import Sample
from ..thinking import answer_start
from ..verdict import Verdict
from .criteria import Criterion, Rubric
from .grades import read_grades

Ask = Literal["together", "each"]
Grades = dict[str, Verdict]  # by the criterion's name; scores are merits


class RubricJudge(Judge):
    """Asks a language model about weighted criteria and adds up what it says.

    >>> from jurybox.judges.llm import Scripted
    >>> rubric = {"right": {"question": "Is it right?", "weight": 3, "required": True}, "short": "Is it short?"}
    >>> judge = RubricJudge(Scripted('{"right": "yes", "short": "no"}'), rubric)
    >>> verdict = judge.verdict("It is 4, as everybody knows.", "2+2=")
    >>> verdict.score, verdict.evidence["scores"]
    (0.75, {'right': 1.0, 'short': 0.0})

    The score is that of `Rubric`: the weighted mean, faults taken off, kept within [0, 1]. A required criterion that is
    not met makes it 0. A criterion whose label has the score None, or whose template shows what a row lacks, does not
    apply and goes with its weight; one that failed makes the row abstain, unless a required one decides. Asking,
    quoting, reading and failing are those of `LLMJudge`; what a completion spoils counts as the worst label.

    Reasons: "graded", "required: NAME", "unfinished thinking", or of a reply about all criteria that the completion has
    spoilt, as `LLMJudge` says it; abstaining with "NAME: REASON" of the first criterion that failed (asked together,
    with the reason alone), "no criterion applies" or "missing value". Evidence: `scores` and `labels` by criterion,
    `said`, and what it cost. Logged: the mean score of every criterion under its name.

    Args:
        complete: as in `LLMJudge`.
        rubric: a `Rubric`, a path of one (see `Rubric.load`), or plain data (see `Rubric.of`).
        ask: "together", one request for a row, or "each", one for each criterion: dearer, and no criterion colours
            another. A model that decides by probabilities (`LocalModel`) is asked for each.
        template: text with the holes `{{completion}}` and, asked together, `{{criteria}}` and `{{form}}` (of the
            reply), else `{{criterion}}` and `{{labels}}`.
        asking: options of `LLMJudge`: votes, cache, model, on_error, constants, rename, thinking, limit, timeout,
            deadline, retries, backoff, budget.
    """

    reads = "text"

    def __init__(
        self,
        complete: Complete | Decider,
        rubric: Rubric | str | os.PathLike[str] | Mapping[str, Any] | Sequence[Any],
        *,
        ask: Ask = "together",
        template: str | Path | Template | None = None,
        name: str = "",
        threshold: float = 1.0,
        thinking: bool = False,
        **asking: Any,
    ) -> None:
        one_of("ask", ask, get_args(Ask))
        if ask == "together" and isinstance(complete, Decider):
            raise ValueError('a model that decides by probabilities says one label at a time: give ask="each"')
        self.rubric = Rubric.load(rubric) if isinstance(rubric, (str, os.PathLike)) else Rubric.of(rubric)
        self.name = name or self.rubric.name
        self.threshold = threshold
        self.thinking = thinking
        options = {"thinking": thinking, **asking}
        file = "criteria" if ask == "together" else "criterion"
        loaded = Template.load(template) if template is not None else _shipped(file)
        self.together = _Together(complete, loaded, self.rubric, self.name, options) if ask == "together" else None
        self.each = [] if self.together is not None else [_asked(complete, loaded, one, options) for one in self.rubric]
        self.columns = tuple(dict.fromkeys(column for judge in self.judges for column in judge.columns))

    @property
    def beside_model(self) -> bool:  # type: ignore[override]
        """As its model may."""
        return all(judge.beside_model for judge in self.judges)

    @property
    def judges(self) -> list[LLMJudge]:
        """Those who do the asking: one, or one for each criterion."""
        return self.each or [self.together]  # type: ignore[list-item]

    def key(self, sample: Sample) -> Hashable:
        """What makes two rows the same to this judge: what its templates show of them."""
        return tuple(judge.key(sample) for judge in self.judges)

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        verdicts: list[Verdict | None] = [self._unfinished(sample) for sample in samples]
        rows = [row for row, verdict in enumerate(verdicts) if verdict is None]
        open_ = [samples[row] for row in rows]
        graded = self._all_at_once(open_) if self.together is not None else self._one_by_one(open_)
        for row, verdict in zip(rows, graded, strict=True):
            verdicts[row] = self._finished(verdict, verdict.seconds)
        return [verdict for verdict in verdicts if verdict is not None]

    def _unfinished(self, sample: Sample) -> Verdict | None:
        if self.thinking or answer_start(sample.text) is not None:
            return None
        return Verdict(0.0, reason="unfinished thinking")

    def _all_at_once(self, samples: Sequence[Sample]) -> list[Verdict]:
        assert self.together is not None
        said = self.together.judge_samples(samples, self.columns)
        return [self._added(self._taken_apart(one), one) if "labels" in one.evidence else one for one in said]

    def _taken_apart(self, verdict: Verdict) -> Grades:
        labels = verdict.evidence["labels"]
        return {one.name: _graded(one, labels[one.name]) for one in self.rubric}

    def _one_by_one(self, samples: Sequence[Sample]) -> list[Verdict]:
        said = [judge.judge_samples(samples, self.columns) for judge in self.each]
        names = [criterion.name for criterion in self.rubric]
        rows = [dict(zip(names, verdicts, strict=True)) for verdicts in zip(*said, strict=True)]
        return [self._added(grades, _costing(list(grades.values()))) for grades in rows]

    def _added(self, grades: Grades, asked: Verdict) -> Verdict:
        """One verdict from those on the criteria; `asked` has what the asking came to."""
        merits = {name: verdict.score for name, verdict in grades.items()}
        scores = {one.name: None if (m := merits[one.name]) is None else one.merit(m) for one in self.rubric}
        kept = ("said", "failed", "spoilt_by", "share", *SUMMED)
        shown = {name: value for name, value in asked.evidence.items() if name in kept}
        evidence = {"scores": scores, "labels": {name: v.reason for name, v in grades.items()}, **shown}
        seconds = asked.seconds
        for one in self.rubric:
            if one.required and (merit := merits[one.name]) is not None and merit < one.threshold:
                evidence.pop("failed", None)  # whatever else failed, this decides
                return Verdict(0.0, reason=f"required: {one.name}", evidence=evidence, seconds=seconds)
        for name, verdict in grades.items():
            if verdict.score is None and verdict.status != "skipped":
                return Verdict(None, verdict.status, f"{name}: {verdict.reason}", evidence, seconds)
        total = self.rubric.score(scores)
        if total is None:
            return Verdict(None, "skipped", "no criterion applies", evidence, seconds)
        return Verdict(total, reason="graded", evidence=evidence, seconds=seconds)

    # What it costs and what is logged.

    @property
    def costs(self) -> Costs:
        """What the judge did so far, as in `LLMJudge`; with `ask="each"` a failure is one of a criterion."""
        return Costs(sum((judge.costs for judge in self.judges), Counter[str]()))

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """What a trainer logs: also requests, tokens and failures, and every criterion's mean score."""
        metrics = super().metrics(verdicts) | {name: float(count) for name, count in costs_of(verdicts).items()}
        for criterion in self.rubric:
            scores = [verdict.evidence.get("scores", {}).get(criterion.name) for verdict in verdicts]
            if known := [score for score in scores if score is not None]:
                metrics[f"criteria/{criterion.name}"] = sum(known) / len(known)
        return metrics

    def close(self) -> None:
        """Close the model's connections."""
        for judge in self.judges:
            judge.close()


class _Together(LLMJudge):
    """Asks about all criteria at once; its verdicts carry the labels."""

    def __init__(
        self, complete: Any, template: Template, rubric: Rubric, name: str, options: Mapping[str, Any]
    ) -> None:
        self.rubric = rubric
        constants = {**(options.get("constants") or {}), "criteria": _listed(rubric), "form": _form(rubric)}
        kept = {key: value for key, value in constants.items() if key in template.holes}
        if "criteria" not in kept:
            raise ValueError("a template that asks about all criteria together has the hole {{criteria}}")
        super().__init__(complete, template, YES_NO, name=name, **{**options, "constants": kept})

    def _read(self, reply: Reply) -> Any:
        return read_grades(reply, self.rubric)

    def _elected(self, votes: Sequence[Vote]) -> Verdict:
        """For every criterion the label of the majority of the replies that could be read; of these there must be
        more than half."""
        readable = [vote for vote in votes if vote.label is not None]
        if 2 * len(readable) <= len(votes):
            return elect([vote for vote in votes if vote.label is None], self.labels)
        by_criterion = zip(self.rubric, zip(*(vote.label for vote in readable), strict=True), strict=True)
        labels = {one.name: _majority(one, said) for one, said in by_criterion}
        counted = elect([Vote(vote.outcome, "yes") for vote in readable], self.labels)
        return counted.replace(reason="graded", evidence={"labels": labels, **counted.evidence})


def _asked(complete: Any, template: Template, one: Criterion, options: Mapping[str, Any]) -> LLMJudge:
    if "criterion" not in template.holes:
        raise ValueError("a template that asks about one criterion has the hole {{criterion}}")
    constants = {**(options.get("constants") or {}), "criterion": one.question}
    return LLMJudge(complete, template, one.merits, name=one.name, **{**options, "constants": constants})


def _majority(criterion: Criterion, said: Sequence[str]) -> str:
    """The label that more than half say, else the worst that anybody says."""
    label, count = Counter(said).most_common(1)[0]
    merits = criterion.merits
    if 2 * count > len(said):
        return label
    return min(said, key=lambda one: 2.0 if (merit := merits[one]) is None else merit)


def _graded(criterion: Criterion, label: str) -> Verdict:
    merit = criterion.merits[label]
    return Verdict(merit, "skipped" if merit is None else "scored", label)


def _costing(verdicts: Iterable[Verdict]) -> Verdict:
    """What several askings about one row came to."""
    verdicts = list(verdicts)
    costs: Counter[str] = Counter()
    for verdict in verdicts:
        costs.update({name: verdict.evidence[name] for name in SUMMED if name in verdict.evidence})
    evidence: dict[str, Any] = dict(costs)
    for name in ("failed", "spoilt_by"):
        evidence |= next(({name: verdict.evidence[name]} for verdict in verdicts if name in verdict.evidence), {})
    return Verdict(0.0, evidence=evidence, seconds=sum(verdict.seconds for verdict in verdicts))


def _listed(rubric: Rubric) -> str:
    return "\n".join(f"{one.name}: {one.question}\n({', '.join(one.labels)})" for one in rubric)


def _form(rubric: Rubric) -> str:
    return json.dumps({one.name: "|".join(one.labels) for one in rubric}, ensure_ascii=False)


def _shipped(name: str) -> Template:
    return Template.parse((resources.files(__package__) / "templates" / f"{name}.txt").read_text("utf-8"), name)
