"""Names of the standard streams as files, which the box does not have: `/dev/stdin` and its like."""

from __future__ import annotations

import builtins
import gc
import io
import os
from contextlib import suppress
from typing import Any

STREAMS = {f"/dev/{name}": number for number, name in enumerate(("stdin", "stdout", "stderr"))}
STREAMS |= {f"{folder}/{number}": number for number in range(3) for folder in ("/dev/fd", "/proc/self/fd")}
PLAIN_OPEN, PLAIN_OS_OPEN = io.open, os.open


def give(source: str) -> None:
    """Let a program open standard streams by name. One that names none keeps the plain functions."""
    if "/dev/" in source or "/proc/self/fd" in source:
        builtins.open = io.open = _open
        os.open = _os_open


def _open(file: Any, *args: Any, **kwargs: Any) -> Any:
    number = _stream(file)
    if number is None:
        return PLAIN_OPEN(file, *args, **kwargs)
    return PLAIN_OPEN(os.dup(number), *args, **kwargs)


def _os_open(path: Any, *args: Any, **kwargs: Any) -> int:
    number = _stream(path)
    return PLAIN_OS_OPEN(path, *args, **kwargs) if number is None else os.dup(number)


def _stream(path: Any) -> int | None:
    return STREAMS.get(os.fspath(path)) if isinstance(path, (str, os.PathLike)) else None


def forget(namespace: dict[str, Any], source: str) -> None:
    """What an interpreter does at its very end: objects go, and files that were never closed are written out."""
    if "open(" not in source:
        return
    namespace.clear()
    gc.collect()
    for number in (0, 1):
        with suppress(OSError):
            _keep(number)


def _keep(number: int) -> None:
    """A file object may have closed the stream it wrote to; the number must not fall to another file."""
    try:
        os.fstat(number)
    except OSError:
        os.dup2(2, number)
