"""Bytes on the wire, for all APIs: JSON documents, server-sent events, and errors in each provider's shape."""

import json
from dataclasses import dataclass
from typing import Any, Literal

from starlette.responses import Response

from gwctl.local.sample_provider.models import Fault

Dialect = Literal["openai", "anthropic"]


def encode(document: Any) -> bytes:
    """Compact JSON in UTF-8. Lone surrogates, which JSON can carry and UTF-8 cannot, become "?"."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def event(data: Any, name: str | None = None) -> bytes:
    """One server-sent event."""
    return (f"event: {name}\n".encode() if name else b"") + b"data: " + encode(data) + b"\n\n"


@dataclass(frozen=True)
class Failure:
    """An error as each provider words it: `(status, type)`; `code` and `param` are OpenAI's."""

    message: str
    openai: tuple[int, str]
    anthropic: tuple[int, str]
    code: str | None = None
    param: str | None = None
    retry_after: int | None = None
    """Seconds."""

    def body(self, dialect: Dialect) -> dict[str, Any]:
        """OpenAI: `error.{message,type,param,code}`; Anthropic: `type` and `error.{type,message}`."""
        if dialect == "anthropic":
            return {"type": "error", "error": {"type": self.anthropic[1], "message": self.message}}
        error = {"message": self.message, "type": self.openai[1], "param": self.param, "code": self.code}
        return {"error": error}

    def response(self, dialect: Dialect) -> Response:
        """The whole HTTP answer."""
        status = self.anthropic[0] if dialect == "anthropic" else self.openai[0]
        headers = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return Response(encode(self.body(dialect)), status, headers, "application/json")


NO_KEY = Failure(
    "the sample provider wants an API key; any will do",
    (401, "invalid_request_error"),
    (401, "authentication_error"),
)
NOT_FOUND = Failure("the sample provider has no such path", (404, "invalid_request_error"), (404, "not_found_error"))
SERVER_ERROR = Failure("the sample provider fails as asked", (500, "server_error"), (500, "api_error"))
FAILURES = {
    Fault.RATE_LIMITED: Failure(
        "the sample provider limits as asked",
        (429, "requests"),
        (429, "rate_limit_error"),
        code="rate_limit_exceeded",
        retry_after=1,
    ),
    Fault.BROKEN: SERVER_ERROR,
    Fault.OVERLOADED: Failure(
        "the sample provider is overloaded as asked", (503, "server_error"), (529, "overloaded_error")
    ),
}
"""What a model answers instead of an answer."""


def bad_request(message: str, param: str | None = None) -> Failure:
    """A 400 that names the field."""
    return Failure(message, (400, "invalid_request_error"), (400, "invalid_request_error"), param=param)
