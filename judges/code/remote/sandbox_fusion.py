"""SandboxFusion's HTTP form: `POST /run_code`, one request a run."""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from ..outside.limits import Limits
from ..results import legible
from .protocol import RemoteRun, RemoteUnavailable

LANGUAGES = {"python": "python", "cpp": "cpp", "javascript": "nodejs", "bash": "bash"}
COMPILE_SECONDS = 30.0
PATIENCE = 10.0  # seconds beyond the program's own for the server to answer
BEYOND_OUTPUT = 1 << 16  # bytes of an answer that are not the program's
TOLD = 4000


class SandboxFusion:
    """A SandboxFusion server.

    >>> SandboxFusion("http://localhost:8080")
    SandboxFusion('http://localhost:8080')

    Args:
        base_url: the server's address, without the path.
        attempts: how often a request is made that gets no answer, or an error of the server.
        pause_s: before the second attempt; twice as long before each further one.

    Raises:
        ValueError: base_url is no http address, or attempts is below 1.
    """

    languages = tuple(LANGUAGES)

    def __init__(self, base_url: str, *, attempts: int = 3, pause_s: float = 0.5) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url is an address like 'http://localhost:8080', not {base_url!r}")
        if attempts < 1 or pause_s < 0:
            raise ValueError("attempts is at least 1, and pause_s at least 0")
        self.base_url = base_url.rstrip("/")
        self.attempts = attempts
        self.pause_s = pause_s

    def __repr__(self) -> str:
        return f"SandboxFusion({self.base_url!r})"

    def run(self, code: str, language: str, stdin: str, limits: Limits) -> RemoteRun:
        """Run a program once. The server keeps `wall_s`, by the clock; memory is as it is set up.

        Raises:
            RemoteUnavailable: no answer, or none in the server's own form, at every attempt.
        """
        body = {
            "code": code,
            "language": LANGUAGES[language],
            "stdin": stdin,
            "compile_timeout": COMPILE_SECONDS,
            "run_timeout": limits.wall_s,
        }
        failure: Exception | None = None
        for attempt in range(self.attempts):
            if attempt:
                time.sleep(self.pause_s * 2 ** (attempt - 1))
            try:
                return _run_of(self._answer(body, limits), limits)
            except (OSError, http.client.HTTPException, RemoteUnavailable) as error:
                failure = error
                if isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500 and error.code != 429:
                    break  # the same request gets the same answer
        raise RemoteUnavailable(f"{self.base_url}: {type(failure).__name__}: {str(failure)[:300]}")

    def _answer(self, body: Mapping[str, Any], limits: Limits) -> Any:
        data = json.dumps(body).encode("utf-8", "surrogatepass")
        request = urllib.request.Request(f"{self.base_url}/run_code", data, {"Content-Type": "application/json"})
        most = 12 * (limits.output_kb << 10) + BEYOND_OUTPUT  # two streams, and what JSON makes of their characters
        with urllib.request.urlopen(request, timeout=COMPILE_SECONDS + limits.wall_s + PATIENCE) as response:
            text = response.read(most + 1)
        if len(text) > most:
            return {"status": "Failed", "run_result": {"status": "Finished", "return_code": 0, "stdout": "x" * most}}
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RemoteUnavailable(f"an answer that is no JSON: {error}") from None


def _run_of(answer: Any, limits: Limits) -> RemoteRun:
    """What the server says, field by field; whatever is missing or of another kind is no answer."""
    status = _field(answer, "status", str)
    if status not in ("Success", "Failed"):
        raise RemoteUnavailable(f"the server says {legible(status)[:100]}: {str(answer.get('message'))[:200]}")
    compiled = answer.get("compile_result")
    if compiled is not None and not _went_well(compiled):
        told = _text(compiled, "stderr") or _text(compiled, "stdout")
        return RemoteRun("compile_error", detail=legible(told[:TOLD]))
    ran = _field(answer, "run_result", dict)
    stdout, stderr = _text(ran, "stdout"), _text(ran, "stderr")
    seconds = ran.get("execution_time")
    wall_s = float(seconds) if isinstance(seconds, (int, float)) else 0.0
    if max(len(stdout), len(stderr)) > limits.output_kb << 10:
        return RemoteRun("output_limit", detail=f"more than {limits.output_kb} KB", wall_s=wall_s)
    if _field(ran, "status", str) == "TimeLimitExceeded":
        return RemoteRun("timeout", stdout, stderr, f"more than {limits.wall_s:g} s", wall_s)
    if status == "Success" and _went_well(ran):
        return RemoteRun("ended", stdout, stderr, wall_s=wall_s)
    return RemoteRun("runtime_error", stdout, stderr, f"exit status {ran.get('return_code')}", wall_s)


def _went_well(result: Any) -> bool:
    return bool(_field(result, "status", str) == "Finished" and _field(result, "return_code", int) == 0)


def _field(answer: Any, name: str, kind: type) -> Any:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RemoteUnavailable(f"an answer without {name}")
    return value


def _text(result: Any, name: str) -> str:
    """A stream; the server says null for one that it has not read."""
    return "" if result.get(name) is None else str(_field(result, name, str))
