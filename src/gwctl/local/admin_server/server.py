"""The admin API of a local gateway: the functions of a deployment behind one HTTP server.

In: HTTP requests. Out: what API Gateway and Lambda would answer: the token is verified by the authorizer's rules
(`admin_authorizer`), the request becomes a proxy event (`admin_events`), and the same handlers answer it. One request
at a time, as in one Lambda function.

Run: `python -m gwctl.local.admin_server.server --config FILE`, see `Config`. GET /healthz says when it is ready.
"""

import argparse
import hmac
import logging
import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from gwctl.admin.api import operations
from gwctl.admin.api.http import error_answer
from gwctl.admin.service import runtime
from gwctl.admin.service.errors import AdminError
from gwctl.core.errors import UserError
from gwctl.local.admin_server import stores
from gwctl.local.admin_server.authorizer import Authorizer, keys_at
from gwctl.local.admin_server.events import HttpRequest, Resources, proxy_event
from gwctl.local.admin_server.file_policy import FilePolicy
from gwctl.local.http_server import listen, read_body, serve
from gwctl.local.policy import file_call
from gwctl.policy.documents import Provider
from gwctl.policy.errors import PolicyError
from gwctl.stores.aws.local_names import REGION
from gwctl.stores.aws.settings import Settings
from gwctl.stores.interfaces import UnavailableError

log = logging.getLogger("gwctl.admin.server")

MAX_REQUEST_BYTES: Final = 10 * 1024 * 1024
"""API Gateway's limit."""

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
_UNREADABLE: Final = {
    408: ("timeout", "the body did not come in time"),
    413: ("too_large", f"the body is too large; {MAX_REQUEST_BYTES} bytes can be sent"),
}


class Config(BaseModel):
    """The configuration file, JSON. What is kept is in the database at `database_url`, or else in an emulated AWS at
    `aws_url`: with `furnish` in tables and buckets that are made if they are missing.

    With `file_key`, whoever sends it as `x-gw-file-key` may POST a `FileContent` to `file_call.PATH`. `nudge` is a file
    that is touched after each publication, so that the agent need not wait for its next poll.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int
    issuer: str
    jwks_url: str
    database_url: str | None = None
    aws_url: str | None = None
    aws_access_key: str = "local"
    providers: tuple[Provider, ...] = ()
    file_key: str = Field(default="", repr=False)
    nudge: Path | None = None
    settings: Settings | None = None
    region: str = REGION
    furnish: bool = True

    @classmethod
    def read(cls, path: Path) -> "Config":
        """Raises UserError."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(f"{path} cannot be used: {error}") from error


class AdminApp:
    """An ASGI application."""

    def __init__(self, authorizer: Authorizer, file: FilePolicy | None = None, file_key: str = "") -> None:
        self._authorizer = authorizer
        self._file = file
        self._file_key = file_key
        self._operations = operations.table_with_requests()
        self._resources = Resources(resource for _, resource in self._operations)
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        request = Request(scope, receive)
        path = scope["raw_path"].decode("latin-1")
        if path == "/healthz":
            await JSONResponse({"status": "ok"})(scope, receive, send)
            return
        try:
            body = await read_body(request, MAX_FILE_BYTES if path == file_call.PATH else MAX_REQUEST_BYTES)
            answer = await run_in_threadpool(self._answer, _request(request, path, body))
        except HTTPException as error:
            answer = error_answer(AdminError(error.status_code, *_UNREADABLE[error.status_code]))
        except AdminError as error:
            answer = error_answer(error)
        log.info("%s %s %s", request.method, path, answer["statusCode"])
        await _response(answer)(scope, receive, send)

    def _answer(self, request: HttpRequest) -> dict[str, Any]:
        if request.path == file_call.PATH and request.method == "POST" and self._file and self._file_key:
            return self._apply_file(request, self._file)
        match = self._resources.match(request.path)
        entry = self._operations.get((request.method, match[0])) if match else None
        if match is None or entry is None:
            raise AdminError(404, "not_found", f"there is no {request.method} {request.path}")
        claims = self._authorizer.claims(request.header("authorization"), entry.scopes)
        event = proxy_event(request, *match, claims)
        with self._lock:  # Powertools keeps the request in a class attribute
            return entry.handler(event, None)

    def _apply_file(self, request: HttpRequest, file: FilePolicy) -> dict[str, Any]:
        if not hmac.compare_digest((request.header(file_call.KEY_HEADER) or "").encode(), self._file_key.encode()):
            raise AdminError(401, "unauthorized", "this path is for the gateway's own supervisor")
        try:
            content = file_call.FileContent.model_validate_json(request.body)
        except ValidationError as error:
            raise AdminError(400, "bad_request", f"no content of a policy file: {error}") from error
        with self._lock:
            outcome = file.apply(content)
        return {"statusCode": 422 if outcome.details else 200, "body": outcome.model_dump_json()}


def _request(request: Request, path: str, body: bytes) -> HttpRequest:
    return HttpRequest(
        method=request.method,
        path=path,
        query=request.scope["query_string"].decode("latin-1"),
        headers=tuple((name.title(), value) for name, value in request.headers.items()),
        body=body,
        source_ip=request.client.host if request.client else "",
    )


def _response(answer: dict[str, Any]) -> Response:
    response = Response(answer.get("body") or "", int(answer["statusCode"]), media_type="application/json")
    for name, value in (answer.get("headers") or {}).items():
        response.headers[name] = value
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        del response.headers[name]
        for value in values:
            response.headers.append(name, value)
    return response


def create_app(config: Config) -> AdminApp:
    """The application over its stores. Raises UserError."""
    running, records = _opened(config)
    runtime.use(running)
    with suppress(UnavailableError, PolicyError):  # whoever comes first need not wait for what is slow at first
        running.publisher.compile(running.service.load())
    return AdminApp(Authorizer(config.issuer, keys_at(config.jwks_url)), FilePolicy(running, records), config.file_key)


def _opened(config: Config) -> stores.Opened:
    published = partial(_touch, config.nudge) if config.nudge else None
    if config.database_url:
        return stores.on_database(config.database_url, config.providers, published)
    if config.aws_url is None:
        raise UserError("the configuration has neither database_url nor aws_url; give one of them")
    where = {"url": config.aws_url, "access_key": config.aws_access_key, "region": config.region}
    return stores.on_aws(config.settings, config.providers, published, furnish=config.furnish, **where)


def _touch(path: Path) -> None:
    with suppress(OSError):  # then the agent learns of it at its next poll
        path.touch()


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when configuration or address are unusable."""
    parser = argparse.ArgumentParser(
        prog="python -m gwctl.local.admin_server.server", description="The local admin API."
    )
    parser.add_argument("--config", type=Path, required=True, help="a JSON file")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = Config.read(options.config)
        app = create_app(config)
        listener = listen(config.host, config.port)
    except (UserError, OSError) as error:
        print(f"admin: {error}", file=sys.stderr)
        return 1
    serve(app, listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
