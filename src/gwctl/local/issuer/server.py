"""The local token service: what Cognito's token endpoint does for machines, on loopback.

In comes an OAuth 2.0 client credentials request (RFC 6749, section 4.4) with Basic or body credentials; out
comes an RS256 access token with the claims of Cognito's M2M tokens, valid for one hour, or an error (section 5.2).

    POST /oauth2/token                       grant_type=client_credentials [scope=A B; default: all allowed]
    GET  /.well-known/jwks.json              the public key
    GET  /.well-known/openid-configuration   where the two above are
    GET  /healthz

Run: `python -m gwctl.local.issuer.server --host 127.0.0.1 --port N --state-dir DIR --issuer URL [--admin-config FILE]`.
Key and the gateway's own clients are in `store`, all others in the admin API's directory (`find`);
clients may be added, rotated and revoked while it runs. Plain HTTP is refused unless the request's Host is a loopback
address.
"""

import argparse
import logging
import sys
import time
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gwctl.core import scopes
from gwctl.core.http_client import LOOPBACK
from gwctl.core.urls import http_url
from gwctl.local.http_server import listen, read_body, serve
from gwctl.local.issuer.grant import CREDENTIAL_STYLES, GRANT_TYPE, FindClient, GrantError, TokenRequest, grant
from gwctl.local.issuer.store import Client, ClientFile, StateError, load_or_create_key
from gwctl.local.issuer.tokens import TOKEN_SECONDS, access_claims, sign

MAX_BODY_BYTES: Final = 16 * 1024
_NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

log = logging.getLogger("gwctl.issuer")


def create_app(issuer: str, key: RSAKey, find_client: FindClient) -> Starlette:
    """The ASGI application. `issuer` is the `iss` claim and the base of the advertised URLs."""
    issuer = issuer.rstrip("/")

    async def token(request: Request) -> Response:
        url = http_url(str(request.url))
        if url is None or (url.scheme != "https" and url.hostname not in LOOPBACK):
            raise GrantError("insecure_transport")
        asked = TokenRequest(
            content_type=request.headers.get("content-type", ""),
            query=request.url.query,
            authorization=request.headers.get("authorization"),
            body=await read_body(request, MAX_BODY_BYTES),
        )
        granted = await run_in_threadpool(grant, asked, find_client)
        log.info("issued a token to %s for %s", granted.client_id, granted.scope)
        claims = access_claims(issuer, granted.client_id, granted.scope, int(time.time()))
        answer = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": granted.scope}
        return JSONResponse({"access_token": sign(key, claims), **answer}, headers=_NOT_STORED)

    async def jwks(_: Request) -> Response:
        return JSONResponse({**KeySet([key]).as_dict(private=False)})

    async def configuration(_: Request) -> Response:
        return JSONResponse(_configuration(issuer))

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    routes = [
        Route("/oauth2/token", token, methods=["POST"]),
        Route("/.well-known/jwks.json", jwks),
        Route("/.well-known/openid-configuration", configuration),
        Route("/healthz", healthz),
    ]
    handlers: Any = {GrantError: _refused, HTTPException: _http_error, StateError: _unusable, Exception: _bug}
    return Starlette(routes=routes, exception_handlers=handlers)


def _configuration(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/oauth2/token",
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "grant_types_supported": [GRANT_TYPE],
        "token_endpoint_auth_methods_supported": CREDENTIAL_STYLES,
        "scopes_supported": scopes.ALL,
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


async def _refused(_: Request, error: GrantError) -> Response:
    """`{"error": code}`. A client that used the Authorization header gets a 401 and a challenge."""
    log.info("refused a token: %s", error.code)
    challenge = {"WWW-Authenticate": f'Basic realm="{scopes.RESOURCE_SERVER}"'} if error.challenge else {}
    return JSONResponse({"error": error.code}, 401 if challenge else 400, headers={**_NOT_STORED, **challenge})


async def _http_error(_: Request, error: HTTPException) -> Response:
    name = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return JSONResponse({"error": name}, error.status_code, headers=error.headers)


async def _unusable(request: Request, error: StateError) -> Response:
    log.error("no answer for %s: %s", request.url.path, error)
    return await _bug(request, error)


async def _bug(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "server_error"}, 500)


def _find_client(own: ClientFile, admin_config: Path | None, client_id: str) -> Client | None:
    client = own.read().get(client_id)
    if client or admin_config is None:
        return client
    from gwctl.local.issuer.find import find_client  # a start must not wait for what reads them

    return find_client(admin_config, client_id)


def main(argv: list[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; 1, with one sentence, when the state or the address is unusable."""
    parser = argparse.ArgumentParser(
        prog="python -m gwctl.local.issuer.server", description="The local OAuth 2.0 token service."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state-dir", type=Path, required=True, help="holds issuer-key.json and clients.json")
    parser.add_argument("--issuer", required=True, help="the iss claim and base URL: http://127.0.0.1:8082")
    parser.add_argument("--admin-config", type=Path, help="the admin API's configuration: where the app clients are")
    options = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")

    clients = ClientFile(options.state_dir)
    try:
        key = load_or_create_key(options.state_dir)
        listener = listen(options.host, options.port)
    except (StateError, OSError) as error:
        print(f"issuer: {error}", file=sys.stderr)
        return 1
    serve(create_app(options.issuer, key, partial(_find_client, clients, options.admin_config)), listener)
    return 0


if __name__ == "__main__":
    sys.exit(main())
