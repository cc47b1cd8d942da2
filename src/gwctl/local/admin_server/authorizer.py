"""What API Gateway's Cognito authorizer does: a token in, its verified claims out, or a refusal.

A token must be an RS256 access token of the issuer, signed by one of its keys, not expired, and have one of the
method's scopes. With scopes on every method ID tokens are refused, as Cognito's authorizer does.
"""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import requests
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from gwctl.admin.service.errors import AdminError
from gwctl.core.http_client import session_for

REFETCH_SECONDS: Final = 5.0
"""An unknown key may be a new one; made-up ones must not cause a request to the issuer each."""

FETCH_TIMEOUT: Final = 5.0


class Authorizer:
    """Safe to share between threads."""

    def __init__(self, issuer: str, fetch_keys: Callable[[], KeySet]) -> None:
        self._registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            exp={"essential": True},
            token_use={"essential": True, "value": "access"},
            client_id={"essential": True},
        )
        self._fetch = fetch_keys
        self._keys: KeySet | None = None
        self._fetched = 0.0
        self._lock = threading.Lock()

    def claims(self, authorization: str | None, scopes: Iterable[str]) -> dict[str, Any]:
        """The claims of the token in an Authorization header, with or without `Bearer`.

        Raises AdminError: 401 without a good token, 403 without one of the scopes, 503 without the issuer's keys.
        """
        token = (authorization or "").strip()
        if token[:7].lower() == "bearer ":
            token = token[7:].strip()
        if not token:
            raise AdminError(401, "unauthorized", "the request has no Authorization header with a bearer token")
        claims = self._verified(token)
        wanted = tuple(scopes)
        if not set(str(claims.get("scope", "")).split()) & set(wanted):
            who = claims["client_id"]
            raise AdminError(403, "forbidden", f"client {who!r} needs the scope {' or '.join(wanted)}")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        for keys in self._candidates():
            try:
                decoded = jwt.decode(token, keys, algorithms=["RS256"])
                self._registry.validate(decoded.claims)
            except (JoseError, ValueError, TypeError, KeyError):
                continue
            return decoded.claims
        raise AdminError(401, "unauthorized", "the token is not a valid access token of this gateway, or has expired")

    def _candidates(self) -> Iterable[KeySet]:
        """The keys known, then those that the issuer has now if it was not asked a moment ago."""
        if self._keys is not None:
            yield self._keys
        with self._lock:
            if self._keys is not None and time.monotonic() - self._fetched < REFETCH_SECONDS:
                return
            try:
                self._keys = self._fetch()
            except (requests.RequestException, JoseError, ValueError, KeyError, TypeError) as error:
                if self._keys is None:
                    raise AdminError(503, "unavailable", "the issuer's keys cannot be read; try again") from error
                return
            self._fetched = time.monotonic()
        yield self._keys


def keys_at(url: str) -> Callable[[], KeySet]:
    """Reads the JSON Web Key Set at a URL."""

    def fetch() -> KeySet:
        with session_for(url) as session:
            answer = session.get(url, timeout=FETCH_TIMEOUT)
        answer.raise_for_status()
        return KeySet.import_key_set(answer.json())

    return fetch
