"""From what a model said, once or several times, to a verdict."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..verdict import Status, Verdict
from .asking import Outcome
from .line import Unreadable
from .reply import Labels, Reply

logger = logging.getLogger("jurybox")
SHOWN = 300  # characters of a reply in the evidence


@dataclass(frozen=True, slots=True)
class Vote:
    """One outcome, read.

    Attributes:
        label: what was said, or None; a tuple of labels where several were asked for.
        reason: why there is no label, in a phrase.
        why: what was found instead.
    """

    outcome: Outcome
    label: Any = None
    reason: str = ""
    why: str = ""

    @classmethod
    def read(cls, outcome: Outcome, read: Callable[[Reply], Any]) -> Vote:
        """A vote from a reply, or from the failure to get one."""
        if outcome.reply is None:
            return cls(outcome, None, outcome.reason)
        try:
            return cls(outcome, read(outcome.reply))
        except Unreadable as unreadable:
            return cls(outcome, None, str(unreadable), unreadable.why)
        except Exception as error:  # a reply may hold whatever a completion talked its author into
            logger.warning("a reply could not be read: %s: %s", type(error).__name__, error, exc_info=error)
            return cls(outcome, None, "no label", f"reading it raised {type(error).__name__}")


def least(labels: Labels) -> float:
    """The lowest score of a label."""
    return min((score for score in labels.values() if score is not None), default=0.0)


def elect(votes: Sequence[Vote], labels: Labels) -> Verdict:
    """The verdict of the label that more than half of all votes chose, failed ones counted among all.

    So members that fail can end a majority but never make one. Without a winner the verdict abstains for the reason of
    the first failure; if none failed, it is "no majority" and scores as the worst label that was voted for: a
    completion that divides the votes must not get out of its verdict.
    """
    counts = Counter(vote.label for vote in votes if vote.label is not None)
    label, count = counts.most_common(1)[0] if counts else ("", 0)
    failed = [vote for vote in votes if vote.label is None]
    if 2 * count > len(votes):
        evidence = _evidence([vote for vote in votes if vote.label == label], votes, counts)
        score = labels[label]
        status: Status = "skipped" if score is None else "scored"
        return Verdict(score, status, label, evidence)
    if not failed:
        return Verdict(
            least({label: labels[label] for label in counts}),
            reason="no majority",
            evidence=_evidence(votes, votes, counts),
        )
    first = failed[0]
    evidence = {"failed": first.reason, "why": first.why, "error": first.outcome.error} | _evidence(
        failed, votes, counts
    )
    return Verdict(None, first.outcome.status, first.reason, {k: v for k, v in evidence.items() if v != ""})


def _evidence(shown: Sequence[Vote], votes: Sequence[Vote], counts: Counter[str]) -> dict[str, Any]:
    evidence: dict[str, Any] = {}
    reply = shown[0].outcome.reply
    if reply is not None:
        evidence["said"] = str(reply)[-SHOWN:]
        if reply.probabilities:
            evidence["probabilities"] = dict(reply.probabilities)
            evidence["label_probability"] = sum(reply.probabilities.values())
    if len(votes) > 1:
        evidence |= {"votes": dict(counts), "share": max(counts.values(), default=0) / len(votes)}
    cost = cost_of(votes)
    return {**evidence, "requests": cost["requests"], **{name: count for name, count in cost.items() if count}}


def cost_of(votes: Iterable[Vote]) -> Counter[str]:
    """Requests, tokens and how many replies came from a cache, which cost nothing."""
    cost: Counter[str] = Counter()
    for vote in votes:
        cost["requests"] += vote.outcome.requests
        if (reply := vote.outcome.reply) is None:
            continue
        if not vote.outcome.requests:
            cost["cached"] += 1
            continue
        cost["prompt_tokens"] += reply.prompt_tokens
        cost["completion_tokens"] += reply.completion_tokens
    return cost
