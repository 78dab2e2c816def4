"""A language model as a judge."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..judge import Judge
from ..sample import Sample
from ..thinking import answer_start
from ..verdict import Verdict
from .asking import Outcome, Patience, ask_all, decide_all
from .cache import ReplyCache, cache_key
from .costs import Costs, costs_of
from .label import checked
from .policy import POLICIES, FailurePolicy, JudgeFailed
from .reply import Complete, Decider, Labels
from .template import YES_NO, Question, Template, column_text
from .voting import Vote, elect

OWN_HOLES = ("completion", "prompt", "labels")


class LLMJudge(Judge):
    """Asks a language model about each completion and takes the one label it answers with.

    >>> from jurybox.judges.llm import LLMJudge, Scripted
    >>> polite = LLMJudge(Scripted("Nothing rude in it.\\nyes"), "Is this polite? {{completion}}\\nAnswer: {{labels}}.")
    >>> polite.verdict("Good morning!").score
    1.0

    Reasons: the label the model chose; abstaining (see `on_error`) with "no label", "several labels", "unknown label",
    "cut off" (its reply cannot be read), "rate limited", "server error", "connection failed", "request refused",
    "bad response", "timeout", "deadline" or "exception" (it did not reply). Whatever `on_error` says, "no majority"
    abstains, and so does "missing value" (the row lacks what the template shows: nothing was asked); "unfinished
    thinking", the completion's own, scores 0.0.

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
        limit, timeout, deadline, retries, backoff: see `Patience`.

    Attributes:
        costs: what the judge did so far: "requests", "prompt_tokens", "completion_tokens", "cached", "failed", and
            "failed/REASON".
    """

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
        limit: int = 8,
        timeout: float = 30.0,
        deadline: float | None = 300.0,
        retries: int = 3,
        backoff: float = 0.5,
        name: str = "",
        threshold: float = 1.0,
    ) -> None:
        if not callable(complete) and not isinstance(complete, Decider):
            raise TypeError(f"complete is a function of messages, not {type(complete).__name__}")
        if on_error not in POLICIES:
            raise ValueError(f"on_error must be one of {', '.join(POLICIES)}, not {on_error!r}")
        if votes < 1 or (votes > 1 and _deterministic(complete)):
            raise ValueError(
                f"votes={votes} needs a number of at least 1, and above 1 a model that samples: set its temperature"
            )
        self.complete = complete
        self.template = Template.load(template)
        self.labels = checked(labels or self.template.labels or YES_NO)
        self.votes = votes
        self.cache = ReplyCache(cache) if isinstance(cache, (str, Path)) else cache
        self.identity = _identity(complete, model, needed=cache is not None)
        self.on_error = on_error
        self.constants = {**(constants or {}), "labels": _one_of(self.labels)}
        self.thinking = thinking
        self.patience = Patience(timeout, deadline, retries, backoff, limit)
        self.name = name or self.template.name
        self.threshold = threshold
        self.costs = Costs()
        self._holes = self._columns_of_holes(rename or {})
        self.columns = tuple(self._holes.values())

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
        keys = ["" if isinstance(question, Verdict) else self._cache_key(question) for question in questions]
        asked = {key: q for key, q in zip(keys, questions, strict=True) if not isinstance(q, Verdict)}
        said = self._verdicts(asked)
        return [q if isinstance(q, Verdict) else said[key] for key, q in zip(keys, questions, strict=True)]

    def _question(self, sample: Sample) -> Question | Verdict:
        """What to ask about a row, or the verdict on a row about which nothing is asked."""
        start = 0 if self.thinking else answer_start(sample.text)
        if start is None:
            return Verdict(0.0, reason="unfinished thinking")
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

    def _cache_key(self, question: Question) -> str:
        return cache_key(self.identity, list(self.labels.items()), question.content)

    def _verdicts(self, questions: Mapping[str, Question]) -> dict[str, Verdict]:
        """The verdict on every question, by its key; each is asked as often as there are votes."""
        ballots = {key: [f"{key}-{vote}" for vote in range(self.votes)] for key in questions}
        votes = self._remembered([ticket for tickets in ballots.values() for ticket in tickets])
        missing = {
            ticket: question
            for key, question in questions.items()
            for ticket in ballots[key]
            if ticket not in votes
        }  # fmt: skip
        outcomes = dict(zip(missing, self._ask(list(missing.values())), strict=True))
        new = {ticket: Vote.read(outcome, self.labels) for ticket, outcome in outcomes.items()}
        self._remember(new)
        votes |= new
        return {key: self._settled([votes[ticket] for ticket in tickets]) for key, tickets in ballots.items()}

    def _ask(self, questions: Sequence[Question]) -> list[Outcome]:
        if not questions:
            return []
        if isinstance(self.complete, Decider):
            return decide_all(self.complete, questions, self.labels, self.patience)
        return ask_all(self.complete, questions, self.patience)

    def _remembered(self, tickets: Sequence[str]) -> dict[str, Vote]:
        if self.cache is None:
            return {}
        self.cache.refresh()
        replies = {ticket: self.cache.get(ticket) for ticket in tickets}
        votes = {t: Vote.read(Outcome(reply), self.labels) for t, reply in replies.items() if reply is not None}
        return {ticket: vote for ticket, vote in votes.items() if vote.label is not None}

    def _remember(self, votes: Mapping[str, Vote]) -> None:
        """Keep what could be read; what failed is asked again next time."""
        if self.cache is not None:
            replies = {ticket: vote.outcome.reply for ticket, vote in votes.items() if vote.label is not None}
            self.cache.add({ticket: reply for ticket, reply in replies.items() if reply is not None})

    def _settled(self, votes: Sequence[Vote]) -> Verdict:
        verdict = elect(votes, self.labels)
        if verdict.status in ("error", "timeout"):
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
        close = getattr(self.complete, "close", None)
        if close is not None:
            close()


def _one_of(labels: Labels) -> str:
    *names, last = labels
    return f"{', '.join(names)} or {last}"


def _deterministic(complete: Any) -> bool:
    return isinstance(complete, Decider) or bool(getattr(complete, "deterministic", False))


def _identity(complete: Any, model: str, *, needed: bool) -> dict[str, Any]:
    identity = {**getattr(complete, "identity", {}), **({"model": model} if model else {})}
    if needed and not identity.get("model"):
        raise ValueError("a cache must know which model replied: give LLMJudge(..., model='its name')")
    return identity
