"""A token issuer for tests: an RSA key, the tokens that it signs, and its JWKS over HTTP."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from joserfc import jwt
from joserfc.jwk import RSAKey

from gwctl.core.scopes import INVOKE

ISSUER = "https://issuer.test/pool"


class Issuer:
    """Serves its public key on a free loopback port. Use it as a context manager."""

    def __init__(self):
        self.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        jwks = json.dumps({"keys": [self.key.as_dict(private=False)]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(jwks)))
                self.end_headers()
                self.wfile.write(jwks)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                """Print nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.jwks_url = f"http://127.0.0.1:{self._server.server_address[1]}/.well-known/jwks.json"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def token(self, client: str, key: RSAKey | None = None, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """An access token for a client as Cognito makes them; `claims` replace, None removes."""
        now = int(time.time())
        payload = {
            "sub": client,
            "client_id": client,
            "token_use": "access",
            "scope": INVOKE,
            "iss": ISSUER,
            "iat": now,
            "exp": now + 3600,
            **claims,
        }
        payload = {name: value for name, value in payload.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "one", **(header or {})}, payload, key or self.key)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
