"""What a scored file looks like as a whole, counted row by row."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SLOWEST = 5
REASONS = 200  # kinds of failure that are told apart; a judge with endless reasons must not fill the memory

Said = Mapping[str, Any]  # a verdict as `to_dict` writes it


@dataclass
class Tally:
    """Counts over the verdicts of one judge."""

    rows: int = 0
    scored: int = 0
    passed: int = 0
    timeouts: int = 0
    errors: int = 0
    total: float = 0.0
    seconds: float = 0.0

    def add(self, verdict: Said) -> None:
        """Count a verdict together with what happened below it."""
        statuses = {said["status"] for _, said in walk("", verdict)}
        self.rows += 1
        self.timeouts += "timeout" in statuses
        self.errors += any(_failed(said) for _, said in walk("", verdict))
        self.seconds += seconds(verdict)
        if verdict["score"] is not None:
            self.scored += 1
            self.passed += bool(verdict["passed"])
            self.total += verdict["score"]

    @property
    def abstained(self) -> int:
        """Rows without a score."""
        return self.rows - self.scored

    def cells(self) -> tuple[str, ...]:
        """Mean, pass rate, abstentions, timeouts, errors and seconds, as text."""
        mean, rate = (f"{self.total / self.scored:.4f}", f"{self.passed / self.scored:.1%}") if self.scored else "--"
        return mean, rate, str(self.abstained), str(self.timeouts), str(self.errors), f"{self.seconds:.3f}"


@dataclass
class Summary:
    """Collects records; prints itself."""

    whole: Tally = field(default_factory=Tally)
    parts: dict[str, Tally] = field(default_factory=dict)
    failures: Counter[str] = field(default_factory=Counter)
    bad: int = 0
    first_bad: list[str] = field(default_factory=list)
    kept: int = 0
    slowest: list[tuple[float, int, str]] = field(default_factory=list)

    def add(self, record: Mapping[str, Any], kept: bool = False) -> None:
        """Count a record; `kept` says that an earlier run wrote it."""
        self.kept += kept
        verdict = record["verdict"]
        if verdict is None:
            self.bad += 1
            if len(self.first_bad) < 10:
                self.first_bad.append(record["error"])
            return
        self.whole.add(verdict)
        for path, part in walk("", verdict):
            if path:
                self.parts.setdefault(path, Tally()).add(part)
            if (part["status"] != "scored" or _failed(part)) and not part.get("parts"):
                self._count_failure(path, part)
        slow = (seconds(verdict), record["judged"]["row"], verdict["reason"])
        keep = heapq.heappush if len(self.slowest) < SLOWEST else heapq.heappushpop
        keep(self.slowest, slow)

    def _count_failure(self, path: str, verdict: Said) -> None:
        details = " ".join(str(verdict["evidence"].get("error", "")).split())
        texts = [path, verdict["status"], verdict["reason"], details[:100]]
        text = ": ".join(filter(None, texts))
        if text in self.failures or len(self.failures) < REASONS:
            self.failures[text] += 1

    def text(self, elapsed: float) -> str:
        """The summary, for a terminal; `elapsed` is the time this run took."""
        judged = self.whole.rows + self.bad - self.kept
        lines = [f"{self.whole.rows + self.bad} rows: {judged} judged now in {elapsed:.2f} s, {self.kept} kept"]
        lines[0] += f", {self.bad} bad" if self.bad else ""
        lines += table(["", "mean", "passed", "abstain", "timeouts", "errors", "seconds"], self._table_rows())
        if self.whole.rows:
            lines.append(f"passed {self.whole.passed} of {self.whole.scored}")
        lines += [f"{count} × {text}" for text, count in self.failures.most_common(10)]
        for time, row, reason in sorted(self.slowest, reverse=True):
            lines.append(f"slow: row {row}  {1000 * time:.2f} ms  {reason}".rstrip())
        return "\n".join(lines)

    def _table_rows(self) -> list[tuple[str, ...]]:
        return [("all", *self.whole.cells()), *((name, *part.cells()) for name, part in self.parts.items())]


def walk(path: str, verdict: Said) -> Iterator[tuple[str, Said]]:
    """A verdict and those below it, each with its path of names (`sum/math`); parts not asked are left out."""
    yield path, verdict
    for part in verdict.get("parts", ()):
        if part["verdict"] is not None:
            yield from walk(f"{path}/{part['name']}".lstrip("/"), part["verdict"])


def _failed(verdict: Said) -> bool:
    """Whether a judge broke on the row: it scored the least, and says which exception it was."""
    return verdict["status"] == "error" or (verdict["reason"] == "exception" and "error" in verdict["evidence"])


def seconds(verdict: Said) -> float:
    """The time that a verdict and those below it took."""
    return float(sum(said["seconds"] for _, said in walk("", verdict)))


def table(head: list[str], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines of aligned columns."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = ([cell.rjust(width) for cell, width in zip(line, widths, strict=True)] for line in (head, *rows))
    return ["  ".join([first.strip().ljust(widths[0]), *rest]) for first, *rest in lines]
