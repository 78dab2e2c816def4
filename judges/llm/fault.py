"""Whose fault it is that a question got no verdict: the completion's, which scores the least, or somebody else's.

A completion that could make its judge abstain would be left out of training, which is worth more than a bad score. So
where a reply cannot be read, or none came (a content filter refused the question, the model was not done in time, a
client choked on a character), the same question is asked once more with an empty text in place of the completion: if
that reply can be read, the completion was the cause. And where a question is too long for the model, the completion is
the cause if what is left without it would not be. A server that is down, overloaded or paid for no longer is nobody's
doing: then nothing is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .template import Question
from .voting import Vote

EMPTY = "(empty)"


def without(question: Question, name: str) -> Question:
    """The question with an empty text in one of its quotations."""
    return replace(question, quotes={**question.quotes, name: EMPTY})


def suspect(votes: Sequence[Vote]) -> bool:
    """Whether what was asked may be why the first vote without a label has none."""
    first = _failed(votes)
    return first is not None and (first.outcome.reply is not None or first.outcome.suspect)


def silent(votes: Sequence[Vote]) -> bool:
    """Whether the first vote without a label got no reply, as happens to a server on one day and not on the next."""
    first = _failed(votes)
    return first is not None and first.outcome.reply is None


def _failed(votes: Sequence[Vote]) -> Vote | None:
    return next((vote for vote in votes if vote.label is None), None)


def too_long_by(question: Question, votes: Sequence[Vote], suspects: Sequence[str]) -> tuple[str, ...]:
    """Which of the suspected quotations made a question too long; none when it was not, or would be without them."""
    sizes = next((vote.outcome.too_long for vote in votes if vote.outcome.too_long is not None), None)
    if sizes is None:
        return ()
    asked, limit = sizes
    whole = sum(len(message["content"]) for message in question.messages())
    longest = limit / asked if asked else 0.5  # the share of the question that the model would read

    def fits_without(*names: str) -> bool:
        return 1.0 - sum(len(question.quotes[name]) for name in names) / whole <= longest

    alone = tuple(name for name in suspects if fits_without(name))
    return alone or (tuple(suspects) if fits_without(*suspects) else ())
