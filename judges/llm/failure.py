"""What can go wrong with a request, and whether asking again can help."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from ..blame import causes, nobody_answered, status_of
from ..errors import JuryboxError

RATE_LIMITED = 429
MAY_PASS = (408, 409, 425)  # a server that did not wait, or was busy with something else
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|too long|too many (?:\w+ )?tokens|max_model_len|reduce the length|"
    r"maximum (?:number of |allowed |input |prompt |sequence )*(?:length|tokens)|above_max_length|"
    r"(?:prompt|input|request|messages?|payload|entity|body|sequence|text)\W+(?:\S+ ){0,12}?"
    r"(?:too large|exceeds?|longer than)|"
    r"inputs?\W+tokens? \+",
    re.IGNORECASE,
)
_COUNT = re.compile(r"(?<![\w.])\d{2,9}(?![\w.]*\d)")


class RequestFailed(JuryboxError, RuntimeError):  # noqa: N818
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


class QuestionTooLong(JuryboxError, ValueError):  # noqa: N818
    """A question has more tokens than the model reads."""


class BudgetSpent(JuryboxError, RuntimeError):  # noqa: N818
    """A budget's cap is reached: nothing more is asked."""


class BadResponse(JuryboxError, RuntimeError):  # noqa: N818
    """A server answered with something that is no chat completion."""


def reason_of(error: BaseException) -> str:
    """The short phrase for an error: what a verdict says and what is counted.

    The errors of SDKs are understood too, by their `status_code` or the connection error that caused them.
    """
    if isinstance(error, BudgetSpent):
        return "budget spent"
    if isinstance(error, QuestionTooLong):
        return "too long"
    status = status_of(error)
    if status == RATE_LIMITED:
        return "rate limited"
    if status is not None:
        return "server error" if status >= 500 or status in MAY_PASS else "request refused"
    if nobody_answered(error):
        return "connection failed"
    if isinstance(error, BadResponse):
        return "bad response"
    if any(isinstance(cause, TimeoutError) for cause in causes(error)):
        return "timeout"
    return "exception"


def may_pass(reason: str) -> bool:
    """Whether asking again can help; asking again after a timeout would only make a slow server slower."""
    return reason in ("rate limited", "server error", "connection failed")


def too_long(error: BaseException) -> tuple[int, int] | None:
    """The tokens of a question that is too long for its model and the tokens the model reads, (0, 0) where the error
    does not say; None for any other error.

    >>> too_long(RequestFailed("This model's maximum context length is 4096 tokens. However, you requested 5000", 400))
    (5000, 4096)
    """
    if isinstance(error, QuestionTooLong) or status_of(error) == 413:
        said = str(error)
    elif status_of(error) in (400, 422, 500) and _TOO_LONG.search(said := str(error)):
        pass
    else:
        return None
    counts = sorted({int(count) for count in _COUNT.findall(said.replace(",", ""))} - {status_of(error)}, reverse=True)
    return (counts[0], counts[1]) if len(counts) > 1 else (0, 0)


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
