"""The service as an ASGI application: its paths, and what becomes of a request on its way to the workers and back."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from time import perf_counter
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ...judges import DeadlineExceeded, WorkerDied
from .bench import UNAVAILABLE, Bench
from .counting import Counting
from .reading import Refused, body_of, require_token
from .work import Answer, refusal

GONE = 499  # in the log; nobody is there to read it
JSON = "application/json"


class Service:
    """What the paths of an application share."""

    def __init__(self, bench: Bench, token: str) -> None:
        self.bench = bench
        self.token = token
        self.waiting = 0  # bytes
        self.counting = Counting(killed=lambda: bench.killed, waiting=lambda: self.waiting)

    async def answer(self, request: Request, ask: Callable[[bytes], Future[Answer]]) -> Response:
        """The answer to a request whose body is asked about."""
        start = perf_counter()
        try:
            require_token(request, self.token)
            body = await body_of(request, self.bench.limits)
            start = perf_counter()
            answer = await self._asked(request, ask, body)
        except Refused as refused:
            answer = refusal(refused.status, refused.why)
        except ClientDisconnect:
            answer = refusal(GONE, "the client has gone")
        self.counting.add(request.url.path, answer.status, perf_counter() - start, answer.verdicts)
        headers = {"Retry-After": "1"} if answer.status == UNAVAILABLE else {}
        return Response(answer.body, answer.status, headers, JSON)

    async def _asked(self, request: Request, ask: Callable[[bytes], Future[Answer]], body: bytes) -> Answer:
        """What the workers say, unless the client goes before they have begun.

        Raises:
            Refused: too much is waiting already.
            ClientDisconnect: nobody waits for this any more.
        """
        if self.waiting and self.waiting + len(body) > self.bench.limits.waiting_bytes:
            raise Refused(UNAVAILABLE, "too many requests are waiting: ask again in a second")
        self.waiting += len(body)
        asked: asyncio.Future[Any] = asyncio.wrap_future(ask(body))
        gone: asyncio.Future[Any] = asyncio.ensure_future(_gone(request))
        try:
            await asyncio.wait([asked, gone], return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise ClientDisconnect
            answer: Answer = asked.result()
            return answer
        except (DeadlineExceeded, WorkerDied) as error:
            raise Refused(UNAVAILABLE, f"nothing came of this request: {error}") from error
        finally:
            self.waiting -= len(body)
            asked.cancel()
            gone.cancel()


async def _gone(request: Request) -> None:
    """Until the client closes its connection."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def create_app(bench: Bench, *, token: str = "") -> FastAPI:
    """The application in front of some workers, which it ends when it ends.

    token: that clients have to send; none by default.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await asyncio.to_thread(bench.close)

    app = FastAPI(title="jurybox", lifespan=lifespan, openapi_url=None)
    app.state.service = Service(bench, token)
    app.add_exception_handler(HTTPException, _explained)
    _add_paths(app)
    return app


def _add_paths(app: FastAPI) -> None:
    def service(request: Request) -> Service:
        found: Service = request.app.state.service
        return found

    def judged(form: str) -> Callable[[Request], Any]:
        async def path(request: Request) -> Response:
            bench = service(request).bench
            return await service(request).answer(request, lambda body: bench.answer(form, body))

        return path

    async def preflight(request: Request) -> Response:
        return await service(request).answer(request, service(request).bench.unusable)

    async def seed_session(request: Request) -> Response:
        return await service(request).answer(request, lambda body: _known(Answer(200, b"{}")))

    async def reward(request: Request) -> Response:
        description = json.dumps(service(request).bench.description).encode()
        return await service(request).answer(request, lambda body: _known(Answer(200, description)))

    async def health(request: Request) -> Response:
        found = service(request)
        told = {"status": "ok", "workers": found.bench.limits.workers, "killed": found.bench.killed}
        return Response(json.dumps(told | {"reward": found.bench.description["reward"]}), media_type=JSON)

    async def metrics(request: Request) -> Response:
        try:
            require_token(request, service(request).token)
        except Refused as refused:
            return Response(refusal(refused.status, refused.why).body, refused.status, media_type=JSON)
        return Response(service(request).counting.text(), media_type="text/plain; version=0.0.4")

    for form in ("score", "get_reward", "verify"):
        app.add_route(f"/{form}", judged(form), methods=["POST"])
    app.add_route("/preflight", preflight, methods=["POST"])
    app.add_route("/seed_session", seed_session, methods=["POST"])
    app.add_route("/reward", reward, methods=["GET"])
    app.add_route("/health", health, methods=["GET"])
    app.add_route("/metrics", metrics, methods=["GET"])


def _known(answer: Answer) -> Future[Answer]:
    """An answer that nobody has to be asked for."""
    future: Future[Answer] = Future()
    future.set_result(answer)
    return future


async def _explained(request: Request, error: Exception) -> Response:
    """What is no path of ours, or another method."""
    assert isinstance(error, HTTPException)
    why = "POST /score, /get_reward, /verify, /preflight, /seed_session; GET /reward, /health, /metrics"
    answer = refusal(error.status_code, f"{error.detail}: {request.method} {request.url.path}; there is {why}")
    return Response(answer.body, answer.status, dict(error.headers or {}), JSON)
