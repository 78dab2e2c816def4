"""From what a model said, once or several times, to a verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..verdict import Status, Verdict
from .asking import Outcome
from .label import read_label
from .line import Unreadable
from .reply import Labels

SHOWN = 300  # characters of a reply in the evidence


@dataclass(frozen=True, slots=True)
class Vote:
    """One outcome, read.

    Attributes:
        label: what was said, or None.
        reason: why there is no label, in a phrase.
        why: what was found instead.
    """

    outcome: Outcome
    label: str | None = None
    reason: str = ""
    why: str = ""

    @classmethod
    def read(cls, outcome: Outcome, labels: Labels) -> Vote:
        """A vote from a reply, or from the failure to get one."""
        if outcome.reply is None:
            return cls(outcome, None, outcome.reason)
        try:
            return cls(outcome, read_label(outcome.reply, labels, cut_off=outcome.reply.cut_off))
        except Unreadable as unreadable:
            return cls(outcome, None, str(unreadable), unreadable.why)


def elect(votes: Sequence[Vote], labels: Labels) -> Verdict:
    """The verdict of the label that more than half of all votes chose, failed ones counted among all.

    So members that fail can end a majority but never make one. Without a winner the verdict abstains: for the reason
    of the first failure if there was one, else with "no majority".
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
        return Verdict(None, "skipped", "no majority", _evidence(votes, votes, counts))
    first = failed[0]
    evidence = {"failed": first.reason, "why": first.why, "error": first.outcome.error} | _evidence(
        failed, votes, counts
    )
    return Verdict(None, first.outcome.status, first.reason, {k: v for k, v in evidence.items() if v != ""})


def _evidence(shown: Sequence[Vote], votes: Sequence[Vote], counts: Counter[str]) -> dict[str, Any]:
    evidence: dict[str, Any] = {}
    outcomes = [vote.outcome for vote in votes]
    reply = shown[0].outcome.reply
    if reply is not None:
        evidence["said"] = str(reply)[-SHOWN:]
        if reply.probabilities:
            evidence["probabilities"] = dict(reply.probabilities)
    if len(votes) > 1:
        evidence |= {"votes": dict(counts), "share": max(counts.values(), default=0) / len(votes)}
    evidence["requests"] = sum(outcome.requests for outcome in outcomes)
    asked = [outcome.reply for outcome in outcomes if outcome.reply is not None and outcome.requests]
    evidence["prompt_tokens"] = sum(reply.prompt_tokens for reply in asked)
    evidence["completion_tokens"] = sum(reply.completion_tokens for reply in asked)
    evidence["cached"] = sum(outcome.reply is not None and not outcome.requests for outcome in outcomes)
    return {name: value for name, value in evidence.items() if value or name == "requests"}
