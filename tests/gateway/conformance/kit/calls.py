"""Ordinary calls of the gateway, one body for each API.

In: an API and what is special about the call. Out: the answer, and in `Caller.seen` the request ids of all answers,
so that a test can settle at the end what was asked with what was metered.
"""

import json
import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Final, Self

import httpx
import pytest

from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway

APIS: Final[tuple[Api, ...]] = tuple(API_PATHS)
STREAMED: Final[tuple[Api, ...]] = ("chat", "messages", "responses")
ANTHROPIC: Final[tuple[Api, ...]] = ("messages", "count_tokens")

PROMPT: Final = "Hello, world!"
"""The sample provider counts 4 tokens (its rule is in gwctl/local/sample_provider/tokens.py)."""

MODELS: Final[dict[Api, str]] = {
    "chat": "sample-gpt",
    "messages": "sample-claude",
    "count_tokens": "sample-claude",
    "responses": "sample-gpt",
    "embeddings": "sample-embedding",
}
"""The alias that serves each API; of a deployed gateway `GWCTL_CONFORMANCE_MODEL_CHAT`, … names it."""

CALL_SECONDS: Final = 30.0

_OTHER_MODELS: Final = any(name.startswith("GWCTL_CONFORMANCE_MODEL_") for name in os.environ)
needs_sample = pytest.mark.skipif(
    _OTHER_MODELS, reason="compares answers, and only the sample provider gives equal ones"
)
"""Marks a test that looks at the words of an answer."""


def model_for(api: Api) -> str:
    """An alias that serves this API on the gateway under test."""
    return os.environ.get(f"GWCTL_CONFORMANCE_MODEL_{api.upper()}", MODELS[api])


def body(api: Api, model: str | None = None, **fields: Any) -> dict[str, Any]:
    """The smallest body of an API; `fields` are added, and None takes one away."""
    content: dict[Api, dict[str, Any]] = {
        "chat": {"messages": [{"role": "user", "content": PROMPT}]},
        "messages": {"max_tokens": 100, "messages": [{"role": "user", "content": PROMPT}]},
        "count_tokens": {"messages": [{"role": "user", "content": PROMPT}]},
        "responses": {"input": PROMPT},
        "embeddings": {"input": PROMPT},
    }
    whole = {"model": model or model_for(api), **content[api], **fields}
    return {name: value for name, value in whole.items() if value is not None}


def encoded(api: Api, model: str | None = None, **fields: Any) -> bytes:
    """`body` as JSON."""
    return json.dumps(body(api, model, **fields)).encode()


@cache
def _certificates() -> ssl.SSLContext:
    """Loaded once: it takes longer than a whole call."""
    return ssl.create_default_context()


MARK: Final = "usage_mark"


@dataclass(frozen=True)
class Seen:
    """An answer that a caller got. `mark` is where the usage events ended when it was asked for."""

    id: str
    status: int
    mark: int


def read_what_comes(answer: httpx.Response) -> bytes:
    """The body of an answer that may break off: Portkey ends a cut stream in order, the edge hands the cut on."""
    received = b""
    with suppress(httpx.RemoteProtocolError):
        for piece in answer.iter_raw():
            received += piece
    return received


class Caller:
    """Calls a gateway as one client. Use it as a context manager.

    `http2` speaks HTTP/2 from the first byte, without TLS too. `client` is the httpx client underneath.
    """

    def __init__(self, gateway: Gateway, token: str | None = None, *, http2: bool = False):
        self.gateway = gateway
        self.seen: list[Seen] = []
        self._token = token
        self.client = httpx.Client(
            base_url=gateway.url,
            http1=not http2,
            http2=http2,
            timeout=CALL_SECONDS,
            trust_env=False,
            verify=_certificates(),
            event_hooks={"request": [self._asks], "response": [self._saw]},
        )

    @property
    def token(self) -> str:
        """The bearer token that it uses."""
        return self._token or self.gateway.token()

    def ask(
        self, api: Api, model: str | None = None, *, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        """Call an API and read the whole answer. `fields` are those of `body`."""
        return self.send(api, encoded(api, model, **fields), headers)

    def send(self, api: Api, content: bytes, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Send these bytes to an API. A header that is given replaces the usual one."""
        return self.client.post(API_PATHS[api], content=content, headers=self._headers(headers))

    def event(self, answer: httpx.Response) -> dict[str, Any]:
        """The usage event of this answer, as soon as it is there. Skips the test if the gateway runs elsewhere."""
        request_id = answer.headers["x-request-id"]
        mark = next((seen.mark for seen in reversed(self.seen) if seen.id == request_id), 0)
        return self.gateway.usage_since(mark, id=request_id)[0]

    @contextmanager
    def stream(self, api: Api, model: str | None = None, **fields: Any) -> Iterator[httpx.Response]:
        """Call an API with `stream: true`; the answer is read by whoever gets it."""
        content = encoded(api, model, stream=True, **fields)
        with self.client.stream("POST", API_PATHS[api], content=content, headers=self._headers(None)) as answer:
            yield answer

    def _headers(self, special: Mapping[str, str] | None) -> dict[str, str]:
        usual = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return {**usual, **(special or {})}

    def _asks(self, request: httpx.Request) -> None:
        request.extensions[MARK] = self.gateway.usage_mark()  # the event may be there before its answer is

    def _saw(self, answer: httpx.Response) -> None:
        if answer.request.url.path != "/healthz":  # health checks are not metered
            request_id = answer.headers.get("x-request-id", "")
            self.seen.append(Seen(request_id, answer.status_code, answer.request.extensions[MARK]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
