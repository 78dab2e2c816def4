"""What a program does beside answering, told to its test with the next answer: printing, warnings, log records."""

from __future__ import annotations

import io
import logging
import sys
import warnings
from typing import TYPE_CHECKING, Any

from . import exceptions
from .values import BadValue

if TYPE_CHECKING:
    from .peer import Peer

MAX_PRINTED = 1 << 20  # characters, of standard output and of standard error
MAX_RECORDS = 1000
Told = list[Any]


class Telling:
    """The program's side: listens, and hands over what it heard since the last time."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.printed = io.BytesIO()
        self.errors = _Errors(sys.stderr)
        self.warned: list[Any] = []
        self.logged: list[Any] = []
        sys.stdout = io.TextIOWrapper(self.printed, "utf-8", "surrogateescape", "\n")
        sys.stderr = self.errors
        warnings.simplefilter("always")
        warnings.showwarning = self._warn
        self._enabled, self._handled = logging.Logger.isEnabledFor, logging.Logger.callHandlers
        kind: Any = logging.Logger
        kind.isEnabledFor = lambda _logger, _level: True  # which records count is decided by the test
        kind.callHandlers = lambda logger, record: self._log(logger, record)

    def told(self) -> Told:
        """Standard output, standard error, warnings, records; empty when there is nothing to tell."""
        stream = sys.stdout
        if isinstance(stream, io.TextIOWrapper) and not stream.closed:
            stream.flush()
        text = "" if self.printed.closed else self.printed.getvalue()[:MAX_PRINTED].decode(errors="replace")
        if text:
            self.printed.seek(0)
            self.printed.truncate()
        found = [text, self.errors.taken(), self.warned, self.logged]
        self.warned, self.logged = [], []
        return found if any(found) else []

    def _warn(self, message: Any, category: Any, *_where: Any, **_options: Any) -> None:
        if len(self.warned) < MAX_RECORDS:
            self.warned.append([str(message)[:MAX_RECORDS], exceptions.class_tree(self.peer, category)])

    def _log(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        if len(self.logged) < MAX_RECORDS:
            self.logged.append([record.name, record.levelno, record.getMessage()[:MAX_RECORDS]])
        if self._enabled(logger, record.levelno):
            self._handled(logger, record)


class _Errors(io.StringIO):
    """Standard error, which is also kept for the evidence."""

    def __init__(self, kept: Any) -> None:
        super().__init__()
        self.kept = kept

    def write(self, text: str) -> int:
        self.kept.write(text)
        return super().write(text) if self.tell() < MAX_PRINTED else len(text)

    def taken(self) -> str:
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def hear(peer: Peer, out: Any, errors: Any, warned: Any, logged: Any) -> None:
    """The test's side: the same happens here, where somebody may listen."""
    if sys.stdout is not sys.__stdout__:
        sys.stdout.write(str(out))
    if sys.stderr is not sys.__stderr__:
        sys.stderr.write(str(errors))
    for text, kind in list(warned)[:MAX_RECORDS]:
        try:
            category = exceptions.class_of(peer, kind)
        except BadValue:
            continue
        if issubclass(category, Warning):
            warnings.warn(str(text), category, stacklevel=2)
    for name, level, text in list(logged)[:MAX_RECORDS]:
        if isinstance(name, str) and type(level) is int:
            logging.getLogger(name if name != "root" else None).log(level, "%s", str(text))
