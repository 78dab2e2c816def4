"""What a remote runner has to do: run one program on one input, and say what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from ...errors import Told
from ..outside.limits import Limits

LABELS = ("ended", "compile_error", "runtime_error", "timeout", "memory_limit", "output_limit")


class RemoteUnavailable(Told, RuntimeError):  # noqa: N818 - the name says what happened
    """The server did not answer, or not in its protocol; never the program's fault as far as it can be told."""


@dataclass(frozen=True)
class RemoteRun:
    """One run of one program.

    Attributes:
        label: one of `LABELS`; "ended" for a normal end with exit status 0.
        stdout, stderr: what it wrote.
        detail: why it failed, such as what a compiler said.
        wall_s: how long it ran, as the server says.
    """

    label: str
    stdout: str = ""
    stderr: str = ""
    detail: str = ""
    wall_s: float = 0.0

    def __post_init__(self) -> None:
        if self.label not in LABELS:
            raise ValueError(f"a remote run ends as one of {', '.join(LABELS)}, not {self.label!r}")


@runtime_checkable
class Remote(Protocol):
    """Runs programs elsewhere. Its methods are called from several threads at once."""

    @property
    def languages(self) -> tuple[str, ...]:
        """Those of `syntax.LANGUAGES` in which it runs programs."""

    def run(self, code: str, language: str, stdin: str, limits: Limits) -> RemoteRun:
        """Run a program once. Raises RemoteUnavailable, after its own retries."""
