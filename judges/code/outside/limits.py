"""How much a program may take."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Limits:
    """Bounds on one program; each is a positive number.

    >>> Limits(wall_s=2).with_changes({"memory_mb": 256})
    Limits(wall_s=2, cpu_s=None, memory_mb=256, output_kb=2048, reply_kb=4096, total_s=30)

    Attributes:
        wall_s: time for one test, by the judge's clock, less what the program waited for a core (see `own_time.py`).
        cpu_s: CPU time of one process; None for one second more than it could need.
        memory_mb: address space beyond that of the interpreter.
        output_kb: standard output, and standard error, of one test.
        reply_kb: the value that one call returns, encoded.
        total_s: the same for all tests of one program; tests not reached count as failed.
    """

    wall_s: float = 4
    cpu_s: float | None = None
    memory_mb: int = 512
    output_kb: int = 2048
    reply_kb: int = 4096
    total_s: float = 30

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "cpu_s":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise ValueError(f"limit {field.name} is a positive number, not {value!r}")

    @property
    def cpu_seconds(self) -> int:
        """RLIMIT_CPU for a child that may run as long as `total_s`: the second net under the wall clock."""
        return math.ceil(self.total_s + self.wall_s) + 1 if self.cpu_s is None else math.ceil(self.cpu_s)

    def with_changes(self, changes: Mapping[str, Any]) -> Limits:
        """These limits with some replaced, as a row of a data set may ask."""
        unknown = changes.keys() - {field.name for field in fields(self)}
        if unknown:
            raise ValueError(f"unknown limit {min(unknown)!r}; there are {', '.join(f.name for f in fields(self))}")
        return replace(self, **changes) if changes else self
