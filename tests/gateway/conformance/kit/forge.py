"""Tokens that nobody should accept, and some that everybody should.

In: a local gateway, whose issuer's private key lies in its data directory. Out: compact JWTs, signed by it or not.
"""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from gwctl.core.scopes import INVOKE
from gwctl.local.issuer.store import load_or_create_key
from gwctl.local.issuer.tokens import access_claims
from support.gateway import Gateway


class Forger:
    """Whoever holds the key of the issuer."""

    def __init__(self, gateway: Gateway):
        """Skips the test if the gateway runs elsewhere."""
        gateway.require_local()
        self.key = load_or_create_key(gateway.data.issuer)
        self.stranger = RSAKey.generate_key(2048, {"kid": self.key.kid or ""})
        """Another key that calls itself by the same name."""
        self._issuer = gateway.connection.token_url.removesuffix("/oauth2/token")
        self._client = gateway.connection.client_id

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a good token; None takes one away."""
        client = changes.get("client_id") or self._client
        good = access_claims(self._issuer, str(client), INVOKE, int(time.time()))
        return {name: value for name, value in {**good, **changes}.items() if value is not None}

    def token(self, **changes: Any) -> str:
        """A token with these claims changed, rightly signed."""
        return self.signed({"alg": "RS256", "kid": self.key.kid}, self.claims(**changes))

    def signed(self, header: dict[str, Any], claims: dict[str, Any], key: RSAKey | None = None) -> str:
        """A token with any header, signed with the issuer's key or the one given."""
        used = (key or self.key).as_dict(private=True)
        # A key that is made for one algorithm refuses the others.
        free = RSAKey.import_key({name: value for name, value in used.items() if name not in {"alg", "use", "key_ops"}})
        return jwt.encode(header, claims, free, algorithms=[str(header["alg"])], default_type=None)

    def unsigned(self, algorithm: str, signature: str = "") -> str:
        """A token that says it needs no signature."""
        return f"{_part({'alg': algorithm, 'kid': self.key.kid})}.{_part(self.claims())}.{signature}"

    def with_public_key_as_secret(self, secret: bytes) -> str:
        """An HS256 token whose shared secret is something that everybody knows."""
        signed = f"{_part({'alg': 'HS256', 'kid': self.key.kid})}.{_part(self.claims())}"
        return f"{signed}.{_base64(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"

    def with_other_claims(self, token: str, **changes: Any) -> str:
        """A token whose claims were changed after it was signed."""
        header, _, signature = token.split(".")
        return f"{header}.{_part(self.claims(**changes))}.{signature}"


def _part(document: dict[str, Any]) -> str:
    return _base64(json.dumps(document).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
