"""The client credentials grant (RFC 6749, section 4.4), with Cognito's terse errors. In: a token request. Out: what is
granted, or an error of section 5.2.
"""

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, unquote

from gwctl.local.issuer.store import Client

GRANT_TYPE: Final = "client_credentials"
CREDENTIAL_STYLES: Final = ("client_secret_basic", "client_secret_post")
_FORM: Final = "application/x-www-form-urlencoded"

FindClient = Callable[[str], Client | None]
# An unknown client goes through the comparison too, so the answer does not tell it from a known one.
_NOBODY: Final = Client("", (secrets.token_hex(32),), ())


class GrantError(Exception):
    """`code` is one of section 5.2. `challenge`: the client used the Authorization header, in vain."""

    def __init__(self, code: str, *, challenge: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.challenge = challenge


@dataclass(frozen=True)
class TokenRequest:
    """What of an HTTP request counts. `authorization` is None without the header."""

    content_type: str
    query: str
    authorization: str | None = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Granted:
    """Who may have a token, and for what: scopes joined by blanks."""

    client_id: str
    scope: str


def grant(request: TokenRequest, find_client: FindClient) -> Granted:
    """Decide about a request. Raises GrantError, and what `find_client` raises."""
    form = _form(request)
    if form["grant_type"] != GRANT_TYPE:
        raise GrantError("unsupported_grant_type")
    client_id, secret = _credentials(request.authorization, form)
    client = find_client(client_id) or _NOBODY
    if not client.has_secret(secret):
        raise GrantError("invalid_client", challenge=request.authorization is not None)
    asked = tuple(dict.fromkeys(form.get("scope", "").split())) or client.scopes
    if not set(asked) <= set(client.scopes):
        raise GrantError("invalid_scope")
    return Granted(client_id, " ".join(asked))


def _form(request: TokenRequest) -> dict[str, str]:
    """The parameters; what sections 2.3, 2.3.1 and 3.2 forbid is an invalid request."""
    if request.content_type.partition(";")[0].strip().lower() != _FORM or request.query:
        raise GrantError("invalid_request")
    pairs = parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True)
    form = dict(pairs)
    if "grant_type" not in form or len(form) < len(pairs):
        raise GrantError("invalid_request")
    if request.authorization is not None and "client_secret" in form:
        raise GrantError("invalid_request")
    return form


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret, of the header if there is one. Empty ones are nobody's."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, encoded = authorization.partition(" ")
    try:
        text = base64.b64decode(encoded.strip()).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        text = ""
    client_id, _, secret = text.partition(":")
    return unquote(client_id), unquote(secret)
