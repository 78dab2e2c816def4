"""A language model as a judge."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..judge import Judge
from ..options import one_of
from ..preflight import skipped
from ..sample import Sample
from ..thinking import answer_start
from ..verdict import Verdict
from .asking import Patience
from .budget import Budget
from .cache import ReplyCache
from .costs import Costs, costs_of
from .fault import silent, suspect, too_long_by, without
from .label import checked, read_label
from .line import Unreadable
from .panel import Panel
from .policy import POLICIES, FailurePolicy, JudgeFailed
from .reply import Complete, Decider, Labels, Reply
from .template import YES_NO, Question, Template, column_text
from .voting import Vote, cost_of, elect, least

OWN_HOLES = ("completion", "prompt", "labels")


class LLMJudge(Judge):
    """Asks a language model about each completion and takes the one label it answers with.

    >>> from jurybox.judges.llm import LLMJudge, Scripted
    >>> polite = LLMJudge(Scripted("Nothing rude in it.\\nyes"), "Is this polite? {{completion}}\\nAnswer: {{labels}}.")
    >>> polite.verdict("Good morning!").score
    1.0

    Reasons: the label the model chose; "no majority", which scores as the worst label voted for. What the completion
    causes scores as the least label: "unfinished thinking" (its own), "too long" (for the model), and whatever goes
    wrong with its question while the model's reply about an empty completion can be read (see `fault`): "no label",
    "several labels", "unknown label", "unlikely labels", "cut off", "timeout", "request refused" (by a content filter,
    say), "bad response", "server error", "exception". Whatever else leaves no verdict abstains (see `on_error`), with
    the same reasons or "rate limited", "connection failed", "deadline", "budget spent". "missing value" abstains
    whatever `on_error` says: the row lacks what the template shows, and nothing was asked.

    The completion, the prompt and the columns are quoted between lines with a random code that does not occur in
    them, and declared to be data (see `fence`).

    Args:
        complete: `complete(messages) -> str`, sync or async; `OpenAICompatible`, `LocalModel` and `Scripted` are such.
        template: the name of a shipped one ("false_refusal", "factuality", "safety", "rubric"), a `Path`, or the text
            itself with holes `{{completion}}`, `{{prompt}}`, `{{labels}}` and names of columns (see `Template`).
        labels: what the model may answer and the score of each; None as a score abstains. By default the template's,
            else yes and no.
        votes: how often each question is asked; a label wins with more than half of them, whatever the others are.
        cache: a file (or `ReplyCache`) of replies. What was asked before, by any process, is not asked again.
        model: the name of the model, for a cache in front of a plain callable.
        on_error: "abstain", "zero" (score 0.0), or "raise" (`JudgeFailed`).
        constants: texts that fill holes as they are, e.g. `{"rubric": "…"}`; they are trusted.
        rename: hole to column, where the data set has another name for it: `{"solution": "answer"}`.
        thinking: whether the completion is shown with its thinking; by default only what follows it.
        floor: of a model that decides by the probabilities of the labels (`LocalModel`): the least sum of them all
            with which the likeliest counts. Below it the model would say something else altogether.
        limit, timeout, deadline, retries, backoff, budget: see `Patience` and `Budget`.

    Attributes:
        costs: what the judge did so far: "requests", "prompt_tokens", "completion_tokens", "cached", "failed" and
            "failed/REASON" (rows that abstained), "spoilt" and "spoilt/REASON" (rows whose completion left no verdict).
    """

    reads = "text"

    def __init__(
        self,
        complete: Complete | Decider,
        template: str | Path | Template,
        labels: Labels | None = None,
        *,
        votes: int = 1,
        cache: str | Path | ReplyCache | None = None,
        model: str = "",
        on_error: FailurePolicy = "abstain",
        constants: Mapping[str, str] | None = None,
        rename: Mapping[str, str] | None = None,
        thinking: bool = False,
        floor: float = 0.1,
        limit: int = 8,
        timeout: float = 30.0,
        deadline: float | None = 300.0,
        retries: int = 3,
        backoff: float = 0.5,
        budget: Budget | None = None,
        name: str = "",
        threshold: float = 1.0,
    ) -> None:
        one_of("on_error", on_error, POLICIES)
        if not 0.0 <= floor < 1.0:
            raise ValueError(f"floor is a probability below 1, not {floor!r}")
        patience = Patience(timeout, deadline, retries, backoff, limit, budget)
        self.panel = Panel(complete, patience, votes=votes, cache=cache, model=model)
        self.template = Template.load(template)
        self.labels = checked(labels or self.template.labels or YES_NO)
        self.floor = floor
        self.on_error = on_error
        self.constants = {**(constants or {}), "labels": _one_of(self.labels)}
        self.thinking = thinking
        self.name = name or self.template.name
        self.threshold = threshold
        self.costs = Costs()
        self._holes = self._columns_of_holes(rename or {})
        self.columns = tuple(self._holes.values())
        self._readable: set[str] = set()  # keys of the questions without their completion whose replies could be read

    @property
    def beside_model(self) -> bool:  # type: ignore[override]
        """A model on a server may be asked meanwhile; one in this process wants the same device."""
        return bool(getattr(self.complete, "beside_model", True))

    @property
    def complete(self) -> Complete | Decider:
        """The model."""
        return self.panel.complete

    @property
    def suspects(self) -> tuple[str, ...]:
        """The quotations whose authors gain when there is no verdict."""
        return ("completion",)

    def _columns_of_holes(self, rename: Mapping[str, str]) -> dict[str, str]:
        holes = [hole for hole in self.template.holes if hole not in (*OWN_HOLES, *self.constants)]
        strange = [hole for hole in (*rename, *self.constants) if hole not in (*self.template.holes, "labels")]
        if strange:
            has = ", ".join(self.template.holes)
            raise ValueError(f"the template has no hole {strange[0]!r} to fill; it has {has}")
        return {hole: rename.get(hole, hole) for hole in holes}

    # One batch.

    def judge_samples(self, samples: Sequence[Sample], given: Iterable[str] = ()) -> list[Verdict]:
        """The verdicts on rows that were made already; equal rows are judged once."""
        verdicts = super().judge_samples(samples, given)
        self.costs.add(costs_of(verdicts))
        return verdicts

    def key(self, sample: Sample) -> Hashable:
        """What makes two rows the same to this judge: what its template shows of them."""
        return (sample.prompt_text if "prompt" in self.template.holes else "", super().key(sample))

    def _judge_batch(self, samples: Sequence[Sample]) -> list[Verdict]:
        questions = [self._question(sample) for sample in samples]
        keys = [
            "" if isinstance(question, Verdict) else self.panel.key(question, self.labels) for question in questions
        ]
        asked = {key: q for key, q in zip(keys, questions, strict=True) if not isinstance(q, Verdict)}
        said = self._verdicts(asked)
        return [q if isinstance(q, Verdict) else said[key] for key, q in zip(keys, questions, strict=True)]

    def _unusable(self, sample: Sample) -> str:
        return skipped(said if isinstance(said := self._question(sample), Verdict) else None)

    def _question(self, sample: Sample) -> Question | Verdict:
        """What to ask about a row, or the verdict on a row about which nothing is asked."""
        start = 0 if self.thinking else answer_start(sample.text)
        if start is None:
            return Verdict(least(self.labels), reason="unfinished thinking")
        quotes = {"completion": sample.text[start:].strip()}
        if "prompt" in self.template.holes:
            quotes["prompt"] = sample.prompt_text
        for hole, column in self._holes.items():
            quotes[hole] = column_text(sample, column) or ""
        missing = [hole for hole, text in quotes.items() if not text and hole != "completion"]
        if missing:
            name = self._holes.get(missing[0], missing[0])
            return Verdict(None, "skipped", "missing value", {"missing": name})
        return Question(self.template, quotes, self.constants)

    def _read(self, reply: Reply) -> Any:
        label = read_label(reply, self.labels, cut_off=reply.cut_off)
        mass = sum(reply.probabilities.values())
        if reply.probabilities and mass < self.floor:
            raise Unreadable("unlikely labels", f"all labels together have the probability {mass:.3g}")
        return label

    def _elected(self, votes: Sequence[Vote]) -> Verdict:
        return elect(votes, self.labels)

    def _verdicts(self, questions: Mapping[str, Question]) -> dict[str, Verdict]:
        """The verdict on every question, by its key; each is asked as often as there are votes."""
        votes = self.panel.poll(questions, self._read, self.labels)
        verdicts = {key: self._elected(cast) for key, cast in votes.items()}
        failed = {key: questions[key] for key, verdict in verdicts.items() if verdict.status in ("error", "timeout")}
        spoilt = self._spoilt(failed, votes)
        return {key: self._settled(verdict, votes[key], spoilt.get(key, ())) for key, verdict in verdicts.items()}

    def _spoilt(
        self, questions: Mapping[str, Question], votes: Mapping[str, Sequence[Vote]]
    ) -> dict[str, tuple[str, ...]]:
        """Of the questions without a verdict: by which of the suspected quotations it was lost."""
        by = {key: too_long_by(question, votes[key], self.suspects) for key, question in questions.items()}
        suspected = [key for key in questions if not by[key] and suspect(votes[key])]
        for anew in (False, True):
            controls = {
                (key, name): without(questions[key], name)
                for key in suspected
                if silent(votes[key]) is anew
                for name in self.suspects
            }
            keys = {place: self.panel.key(control, self.labels) for place, control in controls.items()}
            answered = self._answered({keys[place]: control for place, control in controls.items()}, anew)
            for (key, name), control in keys.items():
                by[key] += (name,) if control in answered else ()
        return {key: names for key, names in by.items() if names}

    def _answered(self, controls: Mapping[str, Question], anew: bool) -> set[str]:
        """The keys of those questions without a completion whose reply can be read; `anew`: now, not once before."""
        known = set() if anew else self._readable & controls.keys()
        asked = {key: control for key, control in controls.items() if key not in known}
        replies = self.panel.poll(asked, self._read, self.labels, votes=1, anew=anew)
        self.costs.add(cost_of(vote for [vote] in replies.values()))
        read = {key for key, [vote] in replies.items() if vote.label is not None}
        self._readable |= read
        return known | read

    def _settled(self, verdict: Verdict, votes: Sequence[Vote], spoilt_by: tuple[str, ...]) -> Verdict:
        if spoilt_by:
            reason = "too long" if any(vote.outcome.too_long for vote in votes) else verdict.reason
            kept = {name: value for name, value in verdict.evidence.items() if name != "failed"}
            verdict = Verdict(least(self.labels), reason=reason, evidence={"spoilt_by": list(spoilt_by), **kept})
        elif verdict.status in ("error", "timeout"):
            if self.on_error == "raise":
                raise JudgeFailed(self.name, verdict)
            if self.on_error == "zero":
                verdict = verdict.replace(score=0.0)
        return self._finished(verdict, max(vote.outcome.seconds for vote in votes))

    # Outside the batch.

    def metrics(self, verdicts: Sequence[Verdict]) -> dict[str, float]:
        """What a trainer logs: also requests, tokens and failures of the batch."""
        return super().metrics(verdicts) | {name: float(value) for name, value in costs_of(verdicts).items()}

    def close(self) -> None:
        """Close the model's connections."""
        self.panel.close()

    def __getstate__(self) -> Mapping[str, Any]:
        return {**super().__getstate__(), "_readable": set()}


def _one_of(labels: Labels) -> str:
    *names, last = labels
    return f"{', '.join(names)} or {last}"
