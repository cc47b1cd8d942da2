"""HTTP requests as API Gateway's REST proxy events (payload format 1.0), and proxy answers as HTTP.

Sources: "Lambda proxy integrations in API Gateway" in the API Gateway developer guide. What it leaves open was seen in
events of real REST APIs: path and path parameters stay percent-encoded, query parameters are decoded, every claim is
a string and times among them are written out.
"""

import base64
import re
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

STAGE: Final = "v1"
_TIMES: Final = ("exp", "iat", "auth_time")
_TEMPLATE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came in. `path` is not decoded; header names are in any letters and may repeat."""

    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    source_ip: str

    def header(self, name: str) -> str | None:
        """The last value of a header."""
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        return found[-1] if found else None


class Resources:
    """The path templates of an API."""

    def __init__(self, templates: Iterable[str]) -> None:
        self._patterns = {
            template: re.compile("".join(self._part(part) for part in re.split(r"(\{\w+\})", template)))
            for template in sorted(set(templates))
        }

    def match(self, path: str) -> tuple[str, dict[str, str]] | None:
        """The template of a path and its parameters, still encoded; None when no template fits."""
        for template, pattern in self._patterns.items():
            match = pattern.fullmatch(path)
            if match:
                return template, match.groupdict()
        return None

    @staticmethod
    def _part(part: str) -> str:
        match = _TEMPLATE.fullmatch(part)
        return f"(?P<{match[1]}>[^/]+)" if match else re.escape(part)


def proxy_event(
    request: HttpRequest, resource: str, parameters: Mapping[str, str], claims: Mapping[str, Any]
) -> dict[str, Any]:
    """The event for a request that the authorizer has let through."""
    query = parse_qsl(request.query, keep_blank_values=True)
    body, encoded = _body(request.body)
    now = time.time()
    return {
        "resource": resource,
        "path": request.path,
        "httpMethod": request.method,
        "headers": dict(request.headers) or None,
        "multiValueHeaders": _grouped(request.headers),
        "queryStringParameters": dict(query) or None,
        "multiValueQueryStringParameters": _grouped(query),
        "pathParameters": dict(parameters) or None,
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "authorizer": {"claims": {name: _claim(name, value) for name, value in claims.items()}},
            "domainName": request.header("host") or "localhost",
            "extendedRequestId": uuid.uuid4().hex,
            "httpMethod": request.method,
            "identity": {"sourceIp": request.source_ip, "userAgent": request.header("user-agent")},
            "path": f"/{STAGE}{request.path}",
            "protocol": "HTTP/1.1",
            "requestId": str(uuid.uuid4()),
            "requestTime": f"{datetime.fromtimestamp(now, UTC):%d/%b/%Y:%H:%M:%S +0000}",
            "requestTimeEpoch": int(now * 1000),
            "resourceId": "local",
            "resourcePath": resource,
            "stage": STAGE,
        },
        "body": body,
        "isBase64Encoded": encoded,
    }


def _body(data: bytes) -> tuple[str | None, bool]:
    if not data:
        return None, False
    try:
        return data.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(data).decode(), True


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]] | None:
    groups: dict[str, list[str]] = {}
    for name, value in pairs:
        groups.setdefault(name, []).append(value)
    return groups or None


def _claim(name: str, value: Any) -> str:
    if name in _TIMES:
        return f"{datetime.fromtimestamp(int(value), UTC):%a %b %d %H:%M:%S UTC %Y}"
    return str(value)
