"""The admin API of a local gateway: the functions of a deployment behind one HTTP server.

In: HTTP requests. Out: what API Gateway and Lambda would answer: the token is verified by the authorizer's rules
(`admin_authorizer`), the request becomes a proxy event (`admin_events`), and the same handlers answer it. One request
at a time, as in one Lambda function.

Run: `python -m gwctl.local.admin_server --config FILE`, see `Config`. GET /healthz says when it is ready.
"""

import argparse
import logging
import signal
import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from waitress.server import create_server

from gwctl.admin import operations, runtime
from gwctl.admin.errors import AdminError
from gwctl.admin.http import error_answer
from gwctl.errors import UserError
from gwctl.local import aws_resources
from gwctl.local.admin_authorizer import Authorizer, keys_at
from gwctl.local.admin_events import HttpRequest, Resources, proxy_event
from gwctl.local.client_directory import LocalClientDirectory
from gwctl.policy.documents import Provider

log = logging.getLogger("gwctl.admin.server")

MAX_REQUEST_BYTES: Final = 10 * 1024 * 1024
"""API Gateway's limit."""

THREADS: Final = 8

StartResponse = Callable[..., Any]


class Config(BaseModel):
    """The configuration file, JSON. `clients_dir` is the issuer's state directory."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int
    issuer: str
    jwks_url: str
    aws_url: str
    aws_access_key: str = "local"
    clients_dir: Path
    providers: tuple[Provider, ...] = ()
    settings: runtime.Settings = aws_resources.SETTINGS

    @classmethod
    def read(cls, path: Path) -> "Config":
        """Raises UserError."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise UserError(f"{path} cannot be used: {error}") from error


class AdminApp:
    """A WSGI application."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._operations = operations.table()
        self._resources = Resources(resource for _, resource in self._operations)
        self._lock = Lock()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answers one request."""
        if environ["PATH_INFO"] == "/healthz":
            return _send({"statusCode": 200, "body": '{"status":"ok"}'}, start_response)
        request = _request(environ)
        try:
            answer = self._answer(request)
        except AdminError as error:
            answer = error_answer(error)
        log.info("%s %s %s", request.method, request.path, answer["statusCode"])
        return _send(answer, start_response)

    def _answer(self, request: HttpRequest) -> dict[str, Any]:
        match = self._resources.match(request.path)
        entry = self._operations.get((request.method, match[0])) if match else None
        if match is None or entry is None:
            raise AdminError(404, "not_found", f"there is no {request.method} {request.path}")
        claims = self._authorizer.claims(request.header("authorization"), entry.scopes)
        event = proxy_event(request, *match, claims)
        with self._lock:  # Powertools keeps the request in a class attribute
            return entry.handler(event, None)


def _request(environ: dict[str, Any]) -> HttpRequest:
    headers = [
        (name.removeprefix("HTTP_").replace("_", "-").title(), value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or name in {"CONTENT_TYPE", "CONTENT_LENGTH"}
    ]
    path, _, query = str(environ["REQUEST_URI"]).partition("?")
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=query,
        headers=tuple(headers),
        body=environ["wsgi.input"].read(),
        source_ip=environ.get("REMOTE_ADDR", ""),
    )


def _send(answer: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    status = int(answer["statusCode"])
    headers = {"Content-Type": "application/json", **(answer.get("headers") or {})}
    pairs = [*headers.items()]
    for name, values in (answer.get("multiValueHeaders") or {}).items():
        pairs = [pair for pair in pairs if pair[0].lower() != name.lower()] + [(name, value) for value in values]
    start_response(f"{status} {HTTPStatus(status).phrase}", pairs)
    return [(answer.get("body") or "").encode()]


def create_app(config: Config) -> AdminApp:
    """The application over the local AWS and the local issuer's clients. Raises UserError."""
    options = aws_resources.client_options(config.aws_url, config.aws_access_key)
    try:
        aws_resources.ensure(options, config.settings)
    except (ClientError, BotoCoreError) as error:
        raise UserError(f"the local AWS at {config.aws_url} cannot be used: {error}") from error
    directory = LocalClientDirectory(config.clients_dir)
    runtime.use(runtime.on_aws(config.settings, config.providers, directory, **options))
    return AdminApp(Authorizer(config.issuer, keys_at(config.jwks_url)))


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when configuration or address are unusable."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.local.admin_server", description="The local admin API.")
    parser.add_argument("--config", type=Path, required=True, help="a JSON file")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        config = Config.read(options.config)
        app = create_app(config)
        server = create_server(
            app,
            host=config.host,
            port=config.port,
            ident=None,
            threads=THREADS,
            max_request_body_size=MAX_REQUEST_BYTES,
        )
    except (UserError, OSError) as error:
        print(f"admin: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
