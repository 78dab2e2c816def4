"""What is known about a judged program: per test, in all, and as the house's verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..verdict import Verdict

LABELS = (
    "passed",
    "wrong_answer",
    "runtime_error",
    "timeout",
    "memory_limit",
    "output_limit",
    "compile_error",
    "bad_reply",
    "missing_entry",
    "not_run",
    "invalid_tests",
    "checker_error",
    "starved",
)
SHOWN = 300  # characters of input, output and details in evidence


@dataclass(frozen=True)
class TestResult:
    """One test of one program.

    Attributes:
        label: one of `LABELS`.
        score: 1.0, 0.0, or what a checker said.
        wall_s, cpu_s, rss_mb: by the judge's clock and the kernel's count. CPU time and memory are those of the
            whole process, so None where a process served several tests.
        detail: what was raised, which signal killed it; advisory, since the program can influence it.
        got: the output or value, shortened.
    """

    __test__ = False  # for pytest: this is no test class

    label: str
    score: float = 0.0
    wall_s: float = 0.0
    cpu_s: float | None = None
    rss_mb: float | None = None
    detail: str = ""
    got: str | None = None

    @property
    def passed(self) -> bool:
        """Whether the test passed entirely."""
        return self.label == "passed"

    @property
    def at_fault(self) -> bool:
        """Whether the test itself is at fault, so that it says nothing about the program."""
        return self.label == "invalid_tests"


@dataclass(frozen=True)
class Usage:
    """What a program took, by the kernel's count: sums of time, maximum of memory, number of processes."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    rss_mb: float = 0.0
    processes: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.wall_s + other.wall_s,
            self.cpu_s + other.cpu_s,
            max(self.rss_mb, other.rss_mb),
            self.processes + other.processes,
        )


class CodeVerdict(Verdict):
    """A verdict with the results of single tests; they lie in `evidence`, as plain data, so that logs hold them."""

    __slots__ = ()

    @property
    def tests(self) -> list[TestResult]:
        """One result a test, in the order of the suite."""
        return [TestResult(**result) for result in self.evidence.get("tests", ())]

    @property
    def usage(self) -> Usage:
        """What the program took."""
        return Usage(**self.evidence.get("usage", {}))

    @property
    def isolation(self) -> Mapping[str, Any]:
        """The level, the layers that held, and those that were missing."""
        return self.evidence.get("isolation", {})  # type: ignore[no-any-return]


def plain(result: TestResult) -> dict[str, Any]:
    """A result as JSON-able data, without what is empty; a right answer is not repeated."""
    values = {name: value for name, value in vars(result).items() if value not in (None, "")}
    if result.passed:
        values.pop("got", None)
    return values


def shown(value: str) -> str:
    """Text cut in the middle to what evidence holds."""
    return value if len(value) <= SHOWN else f"{value[: SHOWN // 2]}…{value[-SHOWN // 2 :]}"


def legible(text: str) -> str:
    """A program's text as evidence may hold it: no half of a surrogate pair, which no file takes, and nothing that
    steers a terminal."""
    return "".join(each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text)
