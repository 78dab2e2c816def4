"""A service in a thread of the test, and requests to it as plain as they come."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import uvicorn

from jurybox.judges import Judge, LengthJudge, MathJudge, Sample, Verdict, judge
from jurybox.rewards import Function, Reward, Sum
from jurybox.rewards.service import Bench, Limits, create_app


def graded() -> Reward:
    return MathJudge().named("math") + 0.2 * LengthJudge(8, unit="characters").named("short")


@judge
def behaved(completion: str) -> float:
    """0.5, unless the completion says what else to do."""
    while "spin" in completion:
        pass
    if "sleep" in completion:
        time.sleep(1000)
    if "crash" in completion:
        os._exit(3)
    return 0.5


@judge(group=True)
def longest(completions: list[str]) -> list[bool]:
    for text in completions:
        behaved.function(text)
    return [len(text) == max(map(len, completions)) for text in completions]


class Unsure(Judge):
    """Never comes to an end with the question whether a row can be judged."""

    def _judge(self, sample: Sample) -> Verdict:
        return Verdict(1.0)

    def _unusable(self, sample: Sample) -> str:
        while True:
            pass


def unsure() -> Reward:
    return Unsure().as_reward()


def misbehaving() -> Reward:
    return behaved.as_reward()


def comparing() -> Reward:
    return longest.as_reward()


def shifted() -> Reward:
    return Sum(((2.0, behaved.as_reward()),), -1.0)


def lengths(completions: list[str], **columns: Any) -> list[float]:
    return [-float(len(text)) for text in completions]


def unbounded() -> Reward:
    return Function(lengths)


def remembering() -> Reward:
    return Function(lengths).standardize("length")


def broken() -> Reward:
    raise LookupError("there is no such reward")


@contextlib.contextmanager
def serving(make: Any, limits: Limits | None = None, token: str = "") -> Iterator[str]:
    """The address of a service, while it is there."""
    bench = Bench(make, limits or Limits())
    server = uvicorn.Server(uvicorn.Config(create_app(bench, token=token), log_level="warning"))
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        bench.close()


def ask(url: str, body: Any = None, *, token: str = "") -> tuple[int, Any]:
    """Status and JSON of an answer; a body that is no bytes goes as JSON."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def rows(*completions: Any, **columns: Any) -> dict[str, Any]:
    return {"rows": [{"completion": completion, **columns} for completion in completions]}
