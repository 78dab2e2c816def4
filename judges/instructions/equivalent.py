"""What stands for a benchmark's instruction here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Args = dict[str, Any]


class Equivalent(NamedTuple):
    """Our rule for an instruction: its name, the benchmark's arguments by ours, and arguments that are always the same.

    made: makes our arguments of the instruction's name and its own (already under our names), where that takes more.
    """

    rule: str
    args: Mapping[str, str] = {}
    fixed: Mapping[str, Any] = {}
    made: Callable[[str, Args], Args] | None = None
