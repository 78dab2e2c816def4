"""Whose fault an exception is: a completion may cause any but those that mean that nobody answered."""

from __future__ import annotations

import socket
import ssl

_NOBODY_ANSWERED = (ConnectionError, socket.gaierror, ssl.SSLError)
_LONGEST_CHAIN = 20


def nobody_answered(error: BaseException) -> bool:
    """Whether an exception comes from a connection: an endpoint is down, which no completion can bring about.

    Clients raise errors of their own from those of the system, so the chain of causes is followed. A TimeoutError is
    a connection's when a client wrapped it; by itself it may as well be the clock on work with the completion.

    >>> nobody_answered(ConnectionRefusedError()), nobody_answered(ValueError("could not convert string to float"))
    (True, False)
    """
    cause: BaseException | None = error
    for _ in range(_LONGEST_CHAIN):
        if cause is None:
            return False
        if isinstance(cause, _NOBODY_ANSWERED) or (cause is not error and isinstance(cause, TimeoutError)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
