"""The sample provider's HTTP side: a request in, the answer of its API out, on time or as its model misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Send

from gwctl.local.sample_provider import chat, embeddings, messages, responses
from gwctl.local.sample_provider.call import CREATED, BadRequestError, Call
from gwctl.local.sample_provider.models import MODELS, Fault
from gwctl.local.sample_provider.wire import (
    FAILURES,
    NO_KEY,
    NOT_FOUND,
    SERVER_ERROR,
    Dialect,
    bad_request,
    encode,
)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True)
class Pace:
    """How slow `sample-slow` is, in seconds: before the answer, and before each further event of a stream."""

    first: float = 2.0
    next: float = 0.2


@dataclass(frozen=True)
class Api:
    """One wire shape: whose it is, and how it turns a call into an answer. `frames` is None if it cannot stream."""

    path: str
    dialect: Dialect
    plain: Callable[[Call], dict[str, Any]]
    frames: Callable[[Call], list[bytes]] | None = None
    failure: Callable[[Call, int], bytes] | None = None


APIS = (
    Api("/v1/chat/completions", "openai", chat.plain, chat.frames, chat.failure),
    Api("/v1/responses", "openai", responses.plain, responses.frames, responses.failure),
    Api("/v1/embeddings", "openai", embeddings.plain),
    Api("/v1/messages", "anthropic", messages.plain, messages.frames, messages.failure),
    Api("/v1/messages/count_tokens", "anthropic", messages.count_tokens),
)


def create_app(pace: Pace | None = None) -> Starlette:
    """The ASGI application."""
    routes = [Route(api.path, _handler(api, pace or Pace()), methods=["POST"]) for api in APIS]
    routes += [Route("/v1/models", _models), Route("/healthz", _healthz)]
    return Starlette(routes=routes, exception_handlers={404: _not_found})


def _handler(api: Api, pace: Pace) -> Handler:
    async def handle(request: Request) -> Response:
        if not _has_key(request):
            return NO_KEY.response(api.dialect)
        try:
            call = Call(await request.body())
            frames = api.frames if call.body.get("stream") is True else None
            body = frames(call) if frames else [encode(api.plain(call))]
        except BadRequestError as error:
            return bad_request(str(error), error.param).response(api.dialect)
        except RecursionError:
            return bad_request("the body is nested too deeply").response(api.dialect)
        if call.fault and call.fault in FAILURES:
            return FAILURES[call.fault].response(api.dialect)
        if not frames:
            return await _plain(api, call, body[0], pace)
        if call.fault is Fault.ERROR_MID_STREAM and api.failure:
            sent = body[: len(body) // 2]
            body = [*sent, api.failure(call, len(sent))]
        return _Stream(_paced(body, call.fault, pace), media_type="text/event-stream; charset=utf-8")

    return handle


async def _plain(api: Api, call: Call, body: bytes, pace: Pace) -> Response:
    match call.fault:
        case Fault.ERROR_MID_STREAM:
            return SERVER_ERROR.response(api.dialect)
        case Fault.CUT:
            length = {"content-length": str(len(body))}
            halves = [body[: len(body) // 2], body[len(body) // 2 :]]
            return _Stream(_paced(halves, call.fault, pace), headers=length, media_type="application/json")
        case Fault.SLOW:
            await asyncio.sleep(pace.first)
        case _:
            pass
    return Response(body, media_type="application/json")


async def _paced(body: list[bytes], fault: Fault | None, pace: Pace) -> AsyncIterator[bytes]:
    for index, piece in enumerate(body):
        if fault is Fault.CUT and index >= len(body) // 2:
            raise _Cut
        if fault is Fault.SLOW:
            await asyncio.sleep(pace.next if index else pace.first)
        yield piece


class _Cut(Exception):  # noqa: N818 - not an error
    """The connection is to end here."""


class _Stream(StreamingResponse):
    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except _Cut:
            return  # without the last message the server closes the connection


def _has_key(request: Request) -> bool:
    """A non-empty key in the header of OpenAI (`authorization`), Anthropic (`x-api-key`) or Azure (`api-key`)."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bool(bearer or request.headers.get("x-api-key") or request.headers.get("api-key"))


async def _models(request: Request) -> Response:
    if not _has_key(request):
        return NO_KEY.response("openai")
    models = [{"id": name, "object": "model", "created": CREATED, "owned_by": "sample"} for name in MODELS]
    return Response(encode({"object": "list", "data": models}), media_type="application/json")


async def _healthz(_: Request) -> Response:
    return Response(b'{"status":"ok"}', media_type="application/json")


async def _not_found(_: Request, __: Exception) -> Response:
    return NOT_FOUND.response("openai")
