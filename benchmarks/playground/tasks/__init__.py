"""Procedural tasks: problems without end, their answers, and demonstrations with human-like faults."""

from .arithmetic import Arithmetic
from .chains import Chains
from .problems import Row, Split, Task, draw_row, draw_rows, split_of
from .records import RECORD_SCHEMA, Records

__all__ = [
    "RECORD_SCHEMA",
    "Arithmetic",
    "Chains",
    "Records",
    "Row",
    "Split",
    "Task",
    "draw_row",
    "draw_rows",
    "split_of",
]
