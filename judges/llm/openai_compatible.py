"""Any server that speaks the chat-completions protocol: vLLM, SGLang, llama.cpp, `transformers serve`, hosted ones."""

from __future__ import annotations

import asyncio
import importlib
import os
import weakref
from typing import Any

from ..completion import completion_text
from ..written import Written
from .failure import BadResponse, RequestFailed
from .reply import Messages, Reply

REDIRECTS = (307, 308)  # what repeats the request as it is; after others a POST becomes a GET
MAX_REDIRECTS = 5
SHOWN = 1_000  # characters of a server's error
_CODES = {"rate_limit_exceeded": 429, "insufficient_quota": 429, "server_error": 500, "overloaded_error": 529}


class OpenAICompatible(Written):
    """A model behind `POST {base_url}/chat/completions`; needs the extra `jurybox[llm]`.

    >>> OpenAICompatible("http://localhost:8000/v1", "Qwen/Qwen3-8B", max_tokens=512)
    OpenAICompatible('http://localhost:8000/v1', 'Qwen/Qwen3-8B', max_tokens=512)

    Args:
        base_url: with the version, as in "http://localhost:8000/v1".
        model: the name the server knows it by. A cache tells models apart by this name alone: give a new
            checkpoint a new name.
        temperature, max_tokens: None leaves them to the server.
        api_key_env: the environment variable that holds the key, which itself never gets into a repr or a pickle. No
            key is sent when it is unset.
        sampling: what else goes into the body of every request, e.g. `seed=1`, or
            `chat_template_kwargs={"enable_thinking": False}`.

    Raises:
        ImportError: httpx2 is not installed.
        ValueError: base_url is no http address.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        *,
        temperature: float | None = 0.0,
        max_tokens: int | None = 1024,
        api_key_env: str = "OPENAI_API_KEY",
        **sampling: Any,
    ) -> None:
        if not base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url is an address like 'http://localhost:8000/v1', not {base_url!r}")
        if not model or not isinstance(model, str):
            raise ValueError(f"model is the name the server knows the model by, not {model!r}")
        self.url = f"{base_url.rstrip('/')}/chat/completions"
        self.model = model
        self.api_key_env = api_key_env
        given = {"temperature": temperature, "max_tokens": max_tokens, **sampling}
        self.sampling = {name: value for name, value in given.items() if value is not None}
        self._connect()

    def _connect(self) -> None:
        try:
            self._httpx: Any = importlib.import_module("httpx2")
        except ImportError as error:
            raise ImportError("OpenAICompatible needs httpx2: pip install 'jurybox[llm]'") from error
        self._clients: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()  # one for each event loop

    @property
    def identity(self) -> dict[str, Any]:
        """What a cache knows this model by."""
        return {"adapter": "openai-compatible", "model": self.model, "sampling": self.sampling}

    @property
    def deterministic(self) -> bool:
        """Whether it is asked for the likeliest tokens, so that a second vote would be the first again."""
        return self.sampling.get("temperature") == 0.0

    async def __call__(self, messages: Messages) -> Reply:
        """The model's reply.

        Raises:
            RequestFailed: a status other than 200, or an error in place of a completion.
            ConnectionError: the server cannot be reached, or hung up.
            BadResponse: it is no chat completion.
        """
        body = {"model": self.model, "messages": list(messages), **self.sampling}
        try:
            response = await self._posted(body)
        except self._httpx.TransportError as error:
            raise ConnectionError(f"{self.url}: {type(error).__name__}: {error}") from error
        except self._httpx.HTTPError as error:
            raise BadResponse(f"{self.url}: {type(error).__name__}: {error}") from error
        if response.status_code != 200:
            raise RequestFailed(
                f"HTTP {response.status_code} from {self.url}: {response.text[:SHOWN]}",
                response.status_code,
                dict(response.headers),
            )
        return self._read(response)

    async def _posted(self, body: dict[str, Any]) -> Any:
        client = self._client()
        response = await client.post(self.url, json=body, headers=self._headers())
        for _ in range(MAX_REDIRECTS):
            if response.status_code not in REDIRECTS or response.next_request is None:
                break
            response = await client.send(response.next_request)  # which sends the key to no other host
        return response

    def _client(self) -> Any:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            # How long a request may take is the caller's to say; a host that does not even answer is down.
            timeout = self._httpx.Timeout(None, connect=10.0)
            self._clients[loop] = self._httpx.AsyncClient(timeout=timeout)
        return self._clients[loop]

    def _headers(self) -> dict[str, str]:
        key = os.environ.get(self.api_key_env)
        return {"Authorization": f"Bearer {key}"} if key else {}

    def _read(self, response: Any) -> Reply:
        kind = response.headers.get("content-type", "").partition(";")[0].strip()
        if kind and "json" not in kind and kind not in ("text/plain", "application/octet-stream"):
            raise BadResponse(f"{self.url} sent {kind}, not JSON: {response.text[:100]!r}")
        try:
            body = response.json()
            if error := _error_in(body):
                raise _failure(error, self.url)
            choice = body["choices"][0]
            if not isinstance(choice["message"], dict):
                raise TypeError("a message is an object")
            text = completion_text({"content": choice["message"]["content"]})  # reasoning in a field of its own is none
            cut_off = choice.get("finish_reason") in ("length", "content_filter")
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
            raise BadResponse(f"{self.url} sent no chat completion: {response.text[:100]!r}") from error
        prompt_tokens, completion_tokens = _usage(body)
        return Reply(text, cut_off=cut_off, prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)

    def close(self) -> None:
        """Close the connections."""
        for loop, client in list(self._clients.items()):
            if loop.is_running():
                asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(timeout=5.0)
        self._clients.clear()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name not in ("_clients", "_httpx")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._connect()


def _error_in(body: Any) -> Any:
    """The error that a gateway sends with status 200, in place of choices or inside the first."""
    choices = body.get("choices")
    if not choices:
        return body.get("error")
    return choices[0].get("error") if choices[0].get("finish_reason") == "error" else None


def _failure(error: Any, url: str) -> RequestFailed:
    fields = error if isinstance(error, dict) else {"message": error}
    code = fields.get("code", fields.get("status", fields.get("type")))
    text = f"an error from {url}: {fields}"[:SHOWN]
    if isinstance(code, str):
        code = int(code) if code.isdecimal() and len(code) == 3 else _CODES.get(code)
    if isinstance(code, int) and 400 <= code < 600:
        return RequestFailed(text, code)
    return RequestFailed(text, 400 if "context" in text else 502)


def _usage(body: dict[str, Any]) -> tuple[int, int]:
    """The tokens of the prompt and of the completion as the server counted them; nonsense counts nothing."""
    usage = body.get("usage")
    counts = [usage.get(f"{part}_tokens") if isinstance(usage, dict) else 0 for part in ("prompt", "completion")]
    prompt, completion = (count if isinstance(count, int) and count >= 0 else 0 for count in counts)
    return prompt, completion
