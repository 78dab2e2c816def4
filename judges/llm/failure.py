"""What can go wrong with a request, and whether asking again can help."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

RATE_LIMITED = 429


class RequestFailed(RuntimeError):  # noqa: N818
    """A server answered, but not with a completion.

    Attributes:
        status_code: the HTTP status.
        headers: of the response; `Retry-After` is honoured.
    """

    def __init__(self, message: str, status_code: int, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, status_code, headers)
        self.status_code = status_code
        self.headers = headers or {}

    def __str__(self) -> str:
        return str(self.args[0])


class BadResponse(RuntimeError):  # noqa: N818
    """A server answered with something that is no chat completion."""


def reason_of(error: BaseException) -> str:
    """The short phrase for an error: what a verdict says and what is counted.

    The errors of SDKs are understood too, by their `status_code` or the connection error that caused them.
    """
    status = status_of(error)
    if status == RATE_LIMITED:
        return "rate limited"
    if status is not None:
        return "server error" if status >= 500 else "request refused"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, BadResponse):
        return "bad response"
    if any(isinstance(cause, ConnectionError) for cause in _causes(error)):
        return "connection failed"
    return "exception"


def may_pass(reason: str) -> bool:
    """Whether asking again can help; asking again after a timeout would only make a slow server slower."""
    return reason in ("rate limited", "server error", "connection failed")


def status_of(error: BaseException) -> int | None:
    """The HTTP status that an error carries, or None."""
    for holder in (error, getattr(error, "response", None)):
        status = getattr(holder, "status_code", None)
        if isinstance(status, int):
            return status
    return None


def retry_after(error: BaseException) -> float | None:
    """The seconds a server asks to wait, in either form of the header; None when it does not say."""
    for holder in (error, getattr(error, "response", None)):
        headers: Any = getattr(holder, "headers", None)
        value = headers.get("retry-after") or headers.get("Retry-After") if headers else None
        if value:
            return _seconds(str(value))
    return None


def _seconds(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except ValueError:
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
