"""Before a training: can every row of the data set be judged at all?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Protocol

from .errors import JuryboxError
from .sample import Sample
from .verdict import Verdict, shorten

HANDED_OVER = ("completion_ids", "environments")  # columns that a trainer adds to those of the data set
APART = ("prompt", "completion")  # no columns
NAMED = 5  # rows that a message names


class PreflightError(JuryboxError, ValueError):
    """Rows of a data set that cannot be judged, whatever the completion is.

    Attributes:
        findings: by reason ("math: unusable gold"), the numbers of the rows.
        rows: how many rows were looked at.
    """

    def __init__(self, findings: Mapping[str, list[int]], rows: int) -> None:
        self.findings = dict(findings)
        self.rows = rows
        super().__init__(self.findings, rows)

    def __str__(self) -> str:
        lines = [f"{why}: {_listed(rows)} ({len(rows)} of {self.rows})" for why, rows in self.findings.items()]
        return "rows that cannot be judged: " + "; ".join(lines)


class Checked(Protocol):
    """A judge or a reward."""

    def require(self, given: Any) -> None:
        """Raise MissingColumn."""

    def unusable(self, sample: Sample) -> list[str]:
        """Why a row cannot be judged."""


def preflight(subject: Checked, dataset: Iterable[Mapping[str, Any]], rows: int | None = None) -> int:
    """Look at the rows of a data set, or at the first so many, without any completion; how many were looked at.

    Raises:
        MissingColumn: a row lacks a column.
        PreflightError: gold answers, tests, rules or labels cannot be used; the message says which rows and why.
    """
    findings: dict[str, list[int]] = {}
    looked = 0
    for sample in islice(_samples(dataset), rows):
        subject.require({*sample.columns, *HANDED_OVER})
        for why in dict.fromkeys(subject.unusable(sample)):  # a judge may stand in several places
            findings.setdefault(why, []).append(sample.row)
        looked += 1
    if findings:
        raise PreflightError(findings, looked)
    return looked


def skipped(verdict: Verdict | None) -> str:
    """What an abstention that does not depend on the completion says; empty for any other verdict."""
    if verdict is None or verdict.status != "skipped":
        return ""
    told = ", ".join(f"{name}={shorten(value)}" for name, value in verdict.evidence.items() if name != "row")
    return f"{verdict.reason} ({told})" if told else verdict.reason


def _samples(dataset: Iterable[Mapping[str, Any]]) -> Iterator[Sample]:
    for number, row in enumerate(dataset):
        if not isinstance(row, Mapping):
            raise TypeError(f"a data set is a list of rows, mappings from column to value, not of {type(row).__name__}")
        yield preflight_sample(row, number)


def preflight_sample(row: Mapping[str, Any], number: int) -> Sample:
    """A row of a data set with an empty completion, as `unusable` is asked about it."""
    columns = {name: [value] for name, value in row.items() if name not in APART}
    return Sample("", row.get("prompt"), columns, 0, number)


def _listed(rows: list[int]) -> str:
    named = ", ".join(map(str, rows[:NAMED]))
    return f"row{'s' if len(rows) > 1 else ''} {named}{', …' if len(rows) > NAMED else ''}"
