"""Questions put to a model, each as often as there are votes, and never twice what a cache remembers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..written import Written
from .asking import Outcome, Patience, ask_all, decide_all
from .cache import ReplyCache, cache_key
from .reply import Complete, Decider, Labels, Reply
from .template import Question
from .voting import Vote

Read = Callable[[Reply], Any]


class Panel(Written):
    """A model with what is needed to ask it.

    Args:
        complete, votes, cache, model: as in `LLMJudge`.

    Raises:
        TypeError: `complete` is no function.
        ValueError: votes that a deterministic model would repeat, a cache without the name of a model, a budget for a
            model in this process.
    """

    def __init__(
        self,
        complete: Complete | Decider,
        patience: Patience,
        *,
        votes: int = 1,
        cache: str | Path | ReplyCache | None = None,
        model: str = "",
    ) -> None:
        if not callable(complete) and not isinstance(complete, Decider):
            raise TypeError(f"complete is a function of messages, not {type(complete).__name__}")
        if votes < 1 or (votes > 1 and _deterministic(complete)):
            raise ValueError(
                f"votes={votes} needs a number of at least 1, and above 1 a model that samples: set its temperature"
            )
        if patience.budget is not None and isinstance(complete, Decider):
            raise ValueError("a budget is for a model on a server, and this one is in this process")
        self.complete = complete
        self.patience = patience
        self.votes = votes
        self.cache = ReplyCache(cache) if isinstance(cache, (str, Path)) else cache
        self.identity = _identity(complete, model, needed=cache is not None)

    def key(self, question: Question, labels: Labels) -> str:
        """What makes two questions the same to this model."""
        return cache_key(self.identity, list(labels.items()), question.content)

    def poll(
        self,
        questions: Mapping[str, Question],
        read: Read,
        labels: Labels,
        votes: int | None = None,
        *,
        anew: bool = False,
    ) -> dict[str, list[Vote]]:
        """The votes on every question, by its key.

        labels: for a model that decides by their probabilities.
        anew: ask, whatever the cache holds.
        """
        ballots = {key: [f"{key}-{vote}" for vote in range(votes or self.votes)] for key in questions}
        tickets = [] if anew else [ticket for tickets in ballots.values() for ticket in tickets]
        cast = self._remembered(tickets, read)
        missing = {
            ticket: question
            for key, question in questions.items()
            for ticket in ballots[key]
            if ticket not in cast
        }  # fmt: skip
        outcomes = dict(zip(missing, self._ask(list(missing.values()), labels), strict=True))
        new = {ticket: Vote.read(outcome, read) for ticket, outcome in outcomes.items()}
        self._remember(new)
        cast |= new
        return {key: [cast[ticket] for ticket in tickets] for key, tickets in ballots.items()}

    def _ask(self, questions: Sequence[Question], labels: Labels) -> list[Outcome]:
        if not questions:
            return []
        if isinstance(self.complete, Decider):
            return decide_all(self.complete, questions, labels, self.patience)
        return ask_all(self.complete, questions, self.patience)

    def _remembered(self, tickets: Sequence[str], read: Read) -> dict[str, Vote]:
        if self.cache is None:
            return {}
        self.cache.refresh()
        replies = {ticket: self.cache.get(ticket) for ticket in tickets}
        votes = {t: Vote.read(Outcome(reply), read) for t, reply in replies.items() if reply is not None}
        return {ticket: vote for ticket, vote in votes.items() if vote.label is not None}

    def _remember(self, votes: Mapping[str, Vote]) -> None:
        """Keep what could be read; what failed is asked again next time."""
        if self.cache is not None:
            replies = {ticket: vote.outcome.reply for ticket, vote in votes.items() if vote.label is not None}
            self.cache.add({ticket: reply for ticket, reply in replies.items() if reply is not None})

    def close(self) -> None:
        """Close the model's connections."""
        close = getattr(self.complete, "close", None)
        if close is not None:
            close()


def _deterministic(complete: Any) -> bool:
    return isinstance(complete, Decider) or bool(getattr(complete, "deterministic", False))


def _identity(complete: Any, model: str, *, needed: bool) -> dict[str, Any]:
    identity = {**getattr(complete, "identity", {}), **({"model": model} if model else {})}
    if needed and not identity.get("model"):
        raise ValueError("a cache must know which model replied: give LLMJudge(..., model='its name')")
    return identity
