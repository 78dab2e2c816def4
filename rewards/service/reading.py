"""The body of a request, within bounds; what is wrong with a request before anybody judges it."""

from __future__ import annotations

import asyncio
import hmac

from fastapi import Request

from ...judges.errors import JuryboxError
from .limits import MIB, Limits

THROWN_AWAY = 16  # times the bound that are still read, so that a client gets to hear why


class Refused(JuryboxError):  # noqa: N818 - it says what became of a request
    """A request that is not judged: the HTTP status, and why."""

    def __init__(self, status: int, why: str) -> None:
        self.status, self.why = status, why
        super().__init__(why)


async def body_of(request: Request, limits: Limits) -> bytes:
    """The body.

    Raises:
        Refused: it is too large, or does not come.
        ClientDisconnect: the client has gone.
    """
    too_large = Refused(413, f"a request may have {limits.body_mib:g} MiB: send fewer rows at once")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > THROWN_AWAY * limits.body_bytes:
        raise too_large
    size, chunks = 0, []
    try:
        async with asyncio.timeout(limits.body_s):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limits.body_bytes:
                    chunks.append(chunk)
                else:
                    chunks.clear()
                if size > THROWN_AWAY * limits.body_bytes:
                    raise too_large
    except TimeoutError:
        raise Refused(408, f"the request did not come within {limits.body_s:g} s ({size / MIB:.1f} MiB did)") from None
    if size > limits.body_bytes:
        raise too_large
    return b"".join(chunks)


def require_token(request: Request, token: str) -> None:
    """Raises Refused without the bearer token, when one is asked for."""
    given = request.headers.get("authorization", "")
    if token and not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise Refused(401, "this service wants its token: Authorization: Bearer …")
