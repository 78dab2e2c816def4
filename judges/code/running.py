"""Running a program for what it prints, without a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .suite import StdioTest, Suite


@dataclass(frozen=True)
class Ran:
    """What a program did.

    Attributes:
        stdout: what it printed; empty where it did not end normally.
        error: what went wrong: the interpreter's last line, or the limit that was reached. Empty where nothing did.
    """

    stdout: str = ""
    error: str = ""


@dataclass
class Listener:
    """A test that any output passes, and that remembers it."""

    stdin: str = ""
    heard: list[str] = field(default_factory=list)

    def suite(self) -> Suite:
        """The one test."""
        return Suite((StdioTest(self.stdin, checker=self._hear),))

    def _hear(self, stdin: str, output: str) -> bool:
        self.heard.append(output)
        return True

    def ran(self, verdict: Any) -> Ran:
        """What was heard, or why nothing was."""
        if verdict.reason == "passed" and self.heard:
            return Ran(stdout=self.heard[-1])
        if verdict.score is None:
            return Ran(error=f"not run ({verdict.reason})")
        lines = str(verdict.evidence.get("stderr", "")).strip().splitlines()
        failure = verdict.evidence.get("first_failure", {})
        if verdict.reason in ("runtime_error", "compile_error") and lines:
            return Ran(error=lines[-1].strip())
        return Ran(error=str(failure.get("detail") or verdict.reason))
