"""Replies remembered on disk, so that a judge asked again about the same text costs nothing.

One JSON object a line, appended and never changed. Several processes may share a file: each appends whole lines under
a lock and reads what the others wrote before it asks a model. A line that a killed process left half-written is
skipped, and the next one begins on a line of its own.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from ..written import Written
from .reply import Reply

try:
    import fcntl
except ImportError:  # not a POSIX system: then whole lines are appended without a lock
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("jurybox")


class ReplyCache(Written):
    """A file of replies.

    Args:
        path: of the file; it and its folder are made on the first write.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._forget()

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._replies: dict[str, Reply] = {}
        self._read_to = 0

    def __len__(self) -> int:
        return len(self._replies)

    def get(self, key: str) -> Reply | None:
        """The reply under a key, as of the last `refresh`."""
        return self._replies.get(key)

    def refresh(self) -> None:
        """Take in what was appended to the file since, by whomever."""
        # There may be no file yet; what else is wrong with it is said when it is written.
        with self._lock, contextlib.suppress(OSError), open(self.path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size < self._read_to:  # somebody began the file anew
                self._replies, self._read_to = {}, 0
            if size == self._read_to:
                return
            file.seek(self._read_to)
            lines, newline, _unfinished = file.read().rpartition(b"\n")
            self._read_to += len(lines) + len(newline)
            for line in lines.split(b"\n"):
                self._replies.update(_read_line(line))

    def add(self, replies: Mapping[str, Reply]) -> None:
        """Append replies to the file. A full disk is reported and does not end the training."""
        if not replies:
            return
        with self._lock:
            self._replies.update(replies)
        block = "".join(_line(key, reply) for key, reply in replies.items()).encode("ascii")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a+b") as file, _locked(file):
                if not _ends_with_newline(file):
                    block = b"\n" + block
                file.write(block)
        except OSError as error:
            logger.warning("the cache %s cannot be written: %s", self.path, error)

    def __getstate__(self) -> dict[str, Any]:
        mine = ("_lock", "_replies", "_read_to")
        return {name: value for name, value in self.__dict__.items() if name not in mine}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._forget()


def cache_key(*parts: Any) -> str:
    """A digest of plain data.

    >>> cache_key("model", {"temperature": 0.0, "top_p": 1.0}) == cache_key("model", {"top_p": 1.0, "temperature": 0.0})
    True
    """
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode("ascii")).hexdigest()


def _line(key: str, reply: Reply) -> str:
    return json.dumps({"key": key, "text": str(reply), **reply.details()}) + "\n"


def _read_line(line: bytes) -> dict[str, Reply]:
    try:
        record = json.loads(line)
        key, text = record.pop("key"), record.pop("text")
        return {key: Reply(text, **record)}
    except (ValueError, TypeError, KeyError, AttributeError):  # half-written, or not ours
        return {}


def _ends_with_newline(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return True
    file.seek(-1, os.SEEK_END)
    return file.read(1) == b"\n"


@contextlib.contextmanager
def _locked(file: BinaryIO) -> Iterator[None]:
    """Hold the file's lock; closing the file gives it back."""
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)
    yield
