"""Criteria and what they add up to."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..llm.label import checked
from ..llm.reply import Labels
from ..llm.template import YES_NO
from ..llm.wording import plain
from .files import entries_of, parsed


@dataclass(frozen=True)
class Criterion:
    """One thing that is asked about an answer.

    >>> Criterion("cites", "Does the answer name its sources?", weight=2.0).labels
    {'yes': 1.0, 'no': 0.0}

    Attributes:
        name: in verdicts and logs.
        question: what the model is asked, as a question or as a statement that may hold.
        labels: what it may answer and the score of each in [0, 1]; None says that the criterion does not apply.
        weight: what a score of 1 adds; below 0, what it takes away (a fault that is looked for).
        required: the whole is 0 where this is not met.
        threshold: the score from which a required criterion is met; of one with a negative weight, 1 minus its score.

    Raises:
        ValueError: no name or question, a weight that is 0 or not finite, labels that cannot work (see `checked`).
    """

    name: str
    question: str
    labels: Labels = field(default_factory=lambda: dict(YES_NO))
    weight: float = 1.0
    required: bool = False
    threshold: float = 1.0

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and plain(self.name) and "\n" not in self.name):
            raise ValueError(f"a criterion has a name of one line, not {self.name!r}")
        if not (isinstance(self.question, str) and self.question.strip()):
            raise ValueError(f"the criterion {self.name!r} has no question")
        if isinstance(self.weight, bool) or not math.isfinite(self.weight) or self.weight == 0:
            raise ValueError(f"the criterion {self.name!r} needs a weight that is not 0, not {self.weight!r}")
        if not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"the threshold of {self.name!r} is above 0 and at most 1, not {self.threshold!r}")
        object.__setattr__(self, "labels", checked(self.labels))

    def merit(self, score: float) -> float:
        """How good a score is for the answer: the score, or 1 minus the score of a fault."""
        return score if self.weight > 0 else 1.0 - score

    @property
    def merits(self) -> dict[str, float | None]:
        """The labels with how good they are for the answer."""
        return {label: None if score is None else self.merit(score) for label, score in self.labels.items()}


class Rubric(Sequence[Criterion]):
    """Criteria with different names, and the score they add up to.

        score = Σ_c w_c s_c / Σ_{w_c > 0} w_c,  kept within [0, 1], over the criteria that apply

    >>> rubric = Rubric([Criterion("right", "Is it right?", weight=3), Criterion("rude", "Is it rude?", weight=-1)])
    >>> rubric.score({"right": 1.0, "rude": 1.0}), rubric.score({"right": None, "rude": 1.0})
    (0.6666666666666666, None)

    Raises:
        ValueError: no criteria, two of one name, or none with a positive weight.
    """

    def __init__(self, criteria: Sequence[Criterion], name: str = "rubric") -> None:
        self.criteria = tuple(criteria)
        self.name = name
        if not all(isinstance(criterion, Criterion) for criterion in self.criteria):
            raise TypeError("a rubric is made of criteria; Rubric.of reads other data")
        names = [plain(criterion.name) for criterion in self.criteria]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two criteria are called {twice[0]!r}")
        if not any(criterion.weight > 0 for criterion in self.criteria):
            raise ValueError("a rubric needs a criterion with a positive weight: nothing could be earned")

    @classmethod
    def of(cls, data: Any, name: str = "rubric") -> Rubric:
        """A rubric from plain data, in any of the forms that `files` names, or from a list of criteria.

        Raises:
            ValueError: it is none of these; the entry and the key are named.
        """
        if isinstance(data, Rubric):
            return data
        if isinstance(data, (list, tuple)) and data and all(isinstance(one, Criterion) for one in data):
            return cls(data, name)
        name, entries = entries_of(data, name)
        return cls([Criterion(**entry) for entry in entries], name)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Rubric:
        """A rubric from a file: .yaml, .yml (needs the extra `jurybox[yaml]`), .toml, .json or .jsonl.

        Raises:
            ImportError: a YAML file, and PyYAML is not installed.
            ValueError: another ending, text that cannot be parsed, or no rubric in it; the file is named.
        """
        try:
            return cls.of(parsed(Path(path)), Path(path).stem)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error

    def __getitem__(self, place: Any) -> Any:
        return self.criteria[place]

    def __len__(self) -> int:
        return len(self.criteria)

    def __iter__(self) -> Iterator[Criterion]:
        return iter(self.criteria)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rubric) and (self.criteria, self.name) == (other.criteria, other.name)

    def __hash__(self) -> int:
        return hash((self.name, *(criterion.name for criterion in self.criteria)))

    def __repr__(self) -> str:
        return f"Rubric({list(self.criteria)!r}, name={self.name!r})"

    def score(self, scores: Mapping[str, float | None]) -> float | None:
        """What the scores add up to; None where no criterion applies that could earn anything."""
        applies = [(criterion, score) for criterion in self if (score := scores[criterion.name]) is not None]
        most = sum(criterion.weight for criterion, _ in applies if criterion.weight > 0)
        if not most > 0:
            return None
        return min(max(sum(criterion.weight * score for criterion, score in applies) / most, 0.0), 1.0)
