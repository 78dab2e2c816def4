"""What a worker has spent: the time it worked, not the time a busy machine let it wait."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple


class Usage(NamedTuple):
    """Seconds of CPU a process has used, and whether it would use more now if it got a core."""

    cpu: float
    runnable: bool


_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_STATE, _USER, _SYSTEM = 0, 11, 12  # places behind the program's name, which may hold anything


def usage(pid: int) -> Usage | None:
    """What a process has used so far; None where the system does not tell (no Linux) or it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return None
    return Usage((int(fields[_USER]) + int(fields[_SYSTEM])) / _TICK, fields[_STATE] == b"R")
