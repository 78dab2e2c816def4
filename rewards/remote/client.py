"""JSON over HTTP to one service, with connections that are kept, and a second attempt where that may help."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
import urllib.parse
from typing import Any

from ...judges.errors import JuryboxError, Told

LONGEST_PAUSE = 8.0
TOLD = 500  # characters of what a service says
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})  # the same request may fare better
TOO_LARGE = 413


class RefusedByService(Told, ValueError):  # noqa: N818 - it says what happened
    """The service says that the request is wrong: a missing column, a wrong token, an address that is no service."""


class TooLarge(JuryboxError):  # noqa: N818
    """The service does not take requests of this size."""


class NoAnswer(JuryboxError, ConnectionError):  # noqa: N818
    """Nobody answered, or not in the service's form, at any attempt."""


class Client:
    """One service.

    Args:
        base_url: its address.
        attempts: how often a request is made that gets no answer.
        pause_s: before the second attempt; twice as long before each further one.
        timeout_s: for an answer.
        token_env: the environment variable with the bearer token; none is sent where it is not set.
    """

    def __init__(self, base_url: str, attempts: int, pause_s: float, timeout_s: float, token_env: str) -> None:
        self.base_url = base_url
        self.attempts = attempts
        self.pause_s = pause_s
        self.timeout_s = timeout_s
        self.token_env = token_env
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPConnection] = []

    def ask(self, path: str, body: bytes | None = None, *, attempts: int | None = None) -> Any:
        """The JSON of an answer: to a GET without a body, else to a POST.

        Raises:
            RefusedByService, TooLarge, NoAnswer: see there.
        """
        failure: Exception = NoAnswer("it was not asked")
        for attempt in range(attempts or self.attempts):
            if attempt:
                time.sleep(min(self.pause_s * 2 ** (attempt - 1), LONGEST_PAUSE))
            try:
                status, text = self._exchanged(path, body)
                if status == 200:
                    return json.loads(text)
                failure = NoAnswer(f"HTTP {status}: {_sentence(text)}")
                if status == TOO_LARGE:
                    raise TooLarge(_sentence(text))
                if status not in AGAIN:
                    raise RefusedByService(f"{self.base_url}/{path}: HTTP {status}: {_sentence(text)}")
            except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
                if isinstance(error, Told):
                    raise
                failure = error
        raise NoAnswer(f"{self.base_url}: {type(failure).__name__}: {failure}") from failure

    def _exchanged(self, path: str, body: bytes | None) -> tuple[int, bytes]:
        """Status and text of one answer; a kept connection that the service has closed meanwhile is replaced."""
        kept = self._taken()
        if kept is not None:
            try:
                return self._over(kept, path, body)
            except (OSError, http.client.HTTPException) as error:
                if isinstance(error, TimeoutError):
                    raise
        return self._over(self._connection(), path, body)

    def _over(self, connection: http.client.HTTPConnection, path: str, body: bytes | None) -> tuple[int, bytes]:
        try:
            prefix = urllib.parse.urlsplit(self.base_url).path.rstrip("/")
            connection.request("GET" if body is None else "POST", f"{prefix}/{path}", body, self._headers())
            response = connection.getresponse()
            text = response.read()
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            with self._lock:
                self._idle.append(connection)
        return response.status, text

    def _headers(self) -> dict[str, str]:
        token = os.environ.get(self.token_env)
        return {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def _taken(self) -> http.client.HTTPConnection | None:
        with self._lock:
            return self._idle.pop() if self._idle else None

    def _connection(self) -> http.client.HTTPConnection:
        parts = urllib.parse.urlsplit(self.base_url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        return kind(parts.netloc.rpartition("@")[2], timeout=self.timeout_s)

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


def _sentence(text: bytes) -> str:
    """What a service says is wrong."""
    try:
        said = json.loads(text)
        return str(said["error"])[:TOLD]
    except (ValueError, KeyError, TypeError, RecursionError):
        return text[:TOLD].decode(errors="replace")
