"""Procedural tasks: problems without end, their answers, and demonstrations with human-like faults."""

from .arithmetic import Arithmetic
from .chains import Chains
from .pairs import MIRRORED, UNPAIRED, Pairs
from .problems import Row, Split, Task, draw_row, draw_rows, split_of
from .records import RECORD_SCHEMA, Records

__all__ = [
    "MIRRORED",
    "RECORD_SCHEMA",
    "UNPAIRED",
    "Arithmetic",
    "Chains",
    "Pairs",
    "Records",
    "Row",
    "Split",
    "Task",
    "draw_row",
    "draw_rows",
    "split_of",
]
