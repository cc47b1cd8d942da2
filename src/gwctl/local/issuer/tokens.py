"""The tokens of the local token service. In: a client, its scopes, a key. Out: an RS256 access token as Cognito's."""

import uuid
from typing import Any, Final

from joserfc import jwt
from joserfc.jwk import RSAKey

TOKEN_SECONDS: Final = 3600


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
