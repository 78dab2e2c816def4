"""One checkable instruction, which is a judge by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import JuryboxError
from ..judge import Judge
from ..sample import Sample
from ..thinking import answer_start
from ..verdict import Verdict
from .arguments import Relation, as_relation, as_whole, holds

MAX_CHARS = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a rule was kept.

    Attributes:
        kept: whether it was.
        asked: what was asked for, in words.
        found: what was counted or found instead; data that JSON holds.
    """

    kept: bool
    asked: str
    found: Any


class NoAnswer(JuryboxError, ValueError):  # noqa: N818
    """There is nothing to examine; the message is the verdict's reason."""


def answer_of(text: str) -> str:
    """The answer behind the thinking, without white space around it.

    Raises:
        NoAnswer: "unfinished thinking" or "too long".
    """
    start = answer_start(text)
    if start is None:
        raise NoAnswer("unfinished thinking")
    if len(text) - start > MAX_CHARS:
        raise NoAnswer("too long")
    return text[start:].strip()


class Rule(Judge):
    """An instruction that a program can check. Subclasses say in `examine` whether an answer keeps it.

    A rule is a judge, so it stands in any composition: `Words(300) & NoCommas()`. It reads no column: what it asks
    for is given when it is made. It reads the answer only, without the thinking part.

    Reasons: "kept", "broken"; of score 0 also "unfinished thinking" and "too long" (more than a million characters,
    which are not examined).
    """

    reads = "text"

    def examine(self, answer: str) -> Finding:
        """Whether the answer keeps the rule, found in time that is linear in the answer's length."""
        raise NotImplementedError(f"{type(self).__name__} must define examine")

    def _judge(self, sample: Sample) -> Verdict:
        try:
            finding = self.examine(answer_of(sample.text))
        except NoAnswer as error:
            return Verdict(0.0, reason=str(error))
        evidence = {"asked": finding.asked, "found": finding.found}
        return Verdict(float(finding.kept), reason="kept" if finding.kept else "broken", evidence=evidence)


class CountingRule(Rule):
    """A rule about how many of something there are. Subclasses count.

    Args:
        count: the number asked for.
        relation: "at least", "at most", "exactly", "less than" or "more than".
    """

    def __init__(self, count: int, relation: Relation = "at least") -> None:
        self.count = as_whole("count", count)
        self.relation = as_relation(relation)

    def counted(self, answer: str) -> int:
        """How many there are."""
        raise NotImplementedError(f"{type(self).__name__} must define counted")

    @property
    def thing(self) -> str:
        """What is counted, in the plural."""
        return self.name.replace("_", " ")

    def examine(self, answer: str) -> Finding:
        """Whether the count stands in the relation asked for."""
        counted = self.counted(answer)
        asked = f"{self.relation} {self.count} {self.thing}"
        return Finding(holds(counted, self.relation, self.count), asked, counted)
