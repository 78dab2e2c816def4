"""Whose fault an exception is: a completion may cause any but those that mean that nobody answered."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from typing import Any

from .workers.pool import NoWorker

_LONGEST_CHAIN = 20
_UNREACHED = frozenset({"ConnectTimeout", "ConnectTimeoutError", "ConnectionTimeoutError", "PoolTimeout"})
_AT_THE_DOOR = frozenset({401, 402, 404, 407, 429, 503, 529})  # no key, no money, nobody there, no time


_NOBODY_ANSWERED = (ConnectionError, socket.gaierror, ssl.SSLError, NoWorker)


def nobody_answered(error: BaseException) -> bool:
    """Whether an exception means that nobody looked at the completion: an endpoint or the machine is down, or it turns
    everybody away (no key, no quota, overloaded). No completion can bring that about.

    Clients raise errors of their own from those of the system, so the chain of causes is followed. A server that was
    reached and did not reply in time may owe that to what it was given to read; one that did not even accept the
    connection does not.

    >>> nobody_answered(ConnectionRefusedError()), nobody_answered(ValueError("could not convert string to float"))
    (True, False)
    """
    return any(_unreached(cause) for cause in causes(error)) or status_of(error) in _AT_THE_DOOR


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return
        yield error
        error = error.__cause__ or error.__context__


def status_of(error: BaseException) -> int | None:
    """The HTTP status that a client's error carries, or None."""
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            status: Any = getattr(holder, name, None)
            if isinstance(status, int) and 100 <= status < 600:
                return status
    return None


def _unreached(error: BaseException) -> bool:
    if isinstance(error, _NOBODY_ANSWERED) or not _UNREACHED.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return True
    if isinstance(error, TimeoutError) and error.errno == errno.ETIMEDOUT:  # by the kernel: the host is silent
        return True
    # The standard library wraps what failed before a request was sent, and nothing after.
    return type(error).__name__ == "URLError" and isinstance(getattr(error, "reason", None), OSError)
