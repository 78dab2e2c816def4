"""The few kernel calls that the standard library lacks, with errors as OSError."""

from __future__ import annotations

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38


def check(result: int, what: str) -> int:
    """The result of a libc call, or its errno as OSError that says `what`."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, argument: int) -> None:
    """prctl(2). Raises OSError."""
    check(LIBC.prctl(option, argument, 0, 0, 0), f"prctl {option}")


def mount(source: str, target: str, kind: str | None, flags: int = 0, data: str | None = None) -> None:
    """mount(2). Raises OSError."""
    arguments = [None if text is None else text.encode() for text in (source, target, kind, data)]
    check(LIBC.mount(*arguments[:3], ctypes.c_ulong(flags), arguments[3]), f"mount {target}")


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError."""
    check(LIBC.unshare(flags), "unshare")
