"""What the tolerant parser holds while it reads, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .strict import Malformed


@dataclass(slots=True)
class Frame:
    """An object or array that is open."""

    container: Any  # dict or list
    closer: str
    key: str | None = None  # read, its value still to come
    quoted: bool = True  # whether that key stood in quotes
    full: bool = False  # a value was just placed: a separator or a closer is due
    comma: bool = False  # a separator was just read


@dataclass(slots=True)
class Salvage:
    """What came of a text: `value` counts only when `recovered`."""

    end: int
    recovered: bool
    value: Any = None
    repairs: list[tuple[str, int]] = field(default_factory=list)
    problem: Malformed | None = None
    committed: bool = False  # so much JSON was read that this was meant as JSON, not as prose
