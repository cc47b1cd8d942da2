"""The local token service: what Cognito's token endpoint does for machines, on loopback.

In comes an OAuth 2.0 client credentials request (RFC 6749, section 4.4) with Basic or body credentials; out
comes an RS256 access token with the claims of Cognito's M2M tokens, valid for one hour, or an error (section 5.2).

    POST /oauth2/token                       grant_type=client_credentials [scope=A B; default: all allowed]
    GET  /.well-known/jwks.json              the public key
    GET  /.well-known/openid-configuration   where the two above are
    GET  /healthz

Run: `python -m gwctl.local.issuer.server --host 127.0.0.1 --port N --state-dir DIR --issuer URL [--admin-config FILE]`.
Key and the gateway's own clients are in `store`, all others in the user pool of the local AWS (`client_directory`);
clients may be added, rotated and revoked while it runs. Authlib refuses plain HTTP unless the request's Host is a
loopback address.
"""

import argparse
import json
import logging
import secrets
import signal
import sys
import time
import uuid
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import ClientMixin, grants
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError, InvalidScopeError
from authlib.oauth2.rfc6749.util import extract_basic_authorization
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from flask import Flask, Response, request
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from waitress.server import create_server
from werkzeug.exceptions import HTTPException

from gwctl.core import scopes
from gwctl.local.issuer.store import Client, ClientFile, StateError, load_or_create_key

TOKEN_SECONDS = 3600
MAX_BODY_BYTES = 16 * 1024
GRANT_TYPE = "client_credentials"
CREDENTIAL_STYLES = ["client_secret_basic", "client_secret_post"]

log = logging.getLogger("gwctl.issuer")


def access_claims(issuer: str, client_id: str, scope: str, now: int) -> dict[str, Any]:
    """The claims of a Cognito M2M access token, no more (no `aud`, no team) and no less. `now` is in seconds.

    Source: "Understanding the access token" in the Amazon Cognito developer guide.
    """
    return {
        "sub": client_id,
        "token_use": "access",
        "scope": scope,
        "auth_time": now,
        "iss": issuer,
        "exp": now + TOKEN_SECONDS,
        "iat": now,
        "version": 2,
        "jti": str(uuid.uuid4()),
        "client_id": client_id,
    }


def sign(key: RSAKey, claims: dict[str, Any]) -> str:
    """A compact RS256 JWT whose header is `kid` and `alg` alone, as Cognito's."""
    return jwt.encode({"kid": key.kid, "alg": "RS256"}, claims, key, default_type=None)


def create_app(issuer: str, key: RSAKey, find_client: Callable[[str], Client | None]) -> Flask:
    """The WSGI application. `issuer` is the `iss` claim and the base of the advertised URLs."""
    issuer = issuer.rstrip("/")
    app = Flask("gwctl.issuer")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    server = _authorization_server(app, issuer, key, find_client)

    @app.post("/oauth2/token")
    def token() -> Any:
        _refuse_malformed()
        return server.create_token_response()

    @app.get("/.well-known/jwks.json")
    def jwks() -> dict[str, Any]:
        return {**KeySet([key]).as_dict(private=False)}

    @app.get("/.well-known/openid-configuration")
    def configuration() -> dict[str, Any]:
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

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.errorhandler(OAuth2Error)
    def oauth_error(error: OAuth2Error) -> Any:
        return server.handle_error_response(request, error)

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        response = error.get_response()
        response.data = json.dumps({"error": error.name.lower().replace(" ", "_")})
        response.content_type = "application/json"
        return response

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Any:
        log.error("no answer for %s: %s", request.path, error, exc_info=not isinstance(error, StateError))
        return {"error": "server_error"}, 500

    return app


def _authorization_server(
    app: Flask, issuer: str, key: RSAKey, find_client: Callable[[str], Client | None]
) -> "_Server":
    # An unknown client goes through the comparison too, so the answer does not tell it from a known one.
    nobody = Client("", (secrets.token_hex(32),), ())

    def issue(*, client: ClientMixin, grant_type: str, user: Any, scope: str) -> str:  # noqa: ARG001
        log.info("issued a token to %s for %s", client.get_client_id(), scope)
        return sign(key, access_claims(issuer, client.get_client_id(), scope, int(time.time())))

    server = _Server(
        app,
        query_client=lambda client_id: _OAuthClient(find_client(client_id) or nobody),
        save_token=lambda token, request: None,  # noqa: ARG005 - a signed token need not be remembered
    )
    server.register_grant(_Grant)
    # Authlib's own default for this grant is ten days.
    generator = BearerTokenGenerator(issue, expires_generator=lambda client, grant_type: TOKEN_SECONDS)  # noqa: ARG005
    server.register_token_generator("default", generator)
    return server


class _OAuthClient(ClientMixin):
    """A stored client as Authlib wants to see it."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get_client_id(self) -> str:
        return self._client.client_id

    def check_client_secret(self, client_secret: str) -> bool:
        return self._client.has_secret(client_secret)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method in CREDENTIAL_STYLES and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == GRANT_TYPE

    def get_allowed_scope(self, scope: Collection[str] | str) -> str:
        allowed = self._client.scopes
        asked = tuple(dict.fromkeys((str(scope or "")).split())) or allowed
        if not set(asked) <= set(allowed):
            raise InvalidScopeError
        return " ".join(asked)


class _Grant(grants.ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = CREDENTIAL_STYLES


class _Server(AuthorizationServer):
    """Authlib's server with Cognito's terse errors."""

    def authenticate_client(self, request: Any, methods: Collection[str], endpoint: str = "token") -> Any:
        try:
            extract_basic_authorization(request.headers)  # Authlib lets its ValueError become a 500
        except ValueError:
            raise InvalidClientError from None
        return super().authenticate_client(request, methods, endpoint)

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Any:  # noqa: ARG002
        """`{"error": code}`. A client that used the Authorization header gets a 401 and a challenge."""
        status, headers = error.status_code, {"Content-Type": "application/json", "Cache-Control": "no-store"}
        if isinstance(error, InvalidClientError):
            status = 401 if _authorization_used() else 400
            if status == 401:
                headers["WWW-Authenticate"] = f'Basic realm="{scopes.RESOURCE_SERVER}"'
        log.info("refused a token: %s", error.error)
        return Response(json.dumps({"error": error.error}), status, headers)


def _authorization_used() -> bool:
    return "Authorization" in request.headers


def _refuse_malformed() -> None:
    """Refuse what RFC 6749 (sections 2.3, 2.3.1 and 3.2) forbids and Authlib lets pass."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise InvalidRequestError("the body must be application/x-www-form-urlencoded")
    if request.query_string:
        raise InvalidRequestError("parameters belong into the body, not into the URL")
    if "grant_type" not in request.form or any(len(values) > 1 for _, values in request.form.lists()):
        raise InvalidRequestError("grant_type is missing, or a parameter is repeated")
    if _authorization_used() and "client_secret" in request.form:
        raise InvalidRequestError("credentials are given twice")


def _find_client(own: ClientFile, admin_config: Path | None, client_id: str) -> Client | None:
    client = own.read().get(client_id)
    if client or admin_config is None:
        return client
    from gwctl.local.issuer.client_directory import find_client  # the AWS SDK: a start must not wait for it

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
    logging.getLogger("authlib").setLevel(logging.INFO)  # its debug log holds whole tokens

    clients = ClientFile(options.state_dir)
    try:
        key = load_or_create_key(options.state_dir)
        app = create_app(options.issuer, key, partial(_find_client, clients, options.admin_config))
        server = create_server(
            app, host=options.host, port=options.port, ident=None, max_request_body_size=MAX_BODY_BYTES
        )
    except (StateError, OSError) as error:
        print(f"issuer: {error}", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
