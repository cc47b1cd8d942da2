"""Bearer tokens for programs. In: a token endpoint and a client's credentials. Out: a token that is valid for a while.

Tokens are cached in files of the owner alone, one for each endpoint and client, and asked for again shortly before they
expire. Many processes may ask at once: one makes the request, the others wait for it.
"""

import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from gwctl.core.errors import UserError
from gwctl.core.http_client import reason_of, session_for

REQUEST_SECONDS = 10.0
MAX_MARGIN_SECONDS = 600.0
"""A token is renewed this long before it expires, or after 5/6 of a shorter life. Claude Code and Codex ask every five
minutes, so a token that they are given outlives the time until they ask again."""


@dataclass(frozen=True)
class Credentials:
    """What a token request needs."""

    token_url: str
    client_id: str
    client_secret: str = field(repr=False)

    @property
    def cache_name(self) -> str:
        """A file name that is another one when anything in here is another one."""
        everything = "\0".join((self.token_url, self.client_id, self.client_secret))
        return hashlib.sha256(everything.encode()).hexdigest()[:32] + ".json"


def get_token(credentials: Credentials, cache_dir: Path) -> str:
    """A token, from the cache or from the issuer. Raises UserError when the issuer does not give one."""
    cache = cache_dir / credentials.cache_name
    token = _cached(cache)
    if token:
        return token
    from filelock import FileLock

    try:
        cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(cache.with_suffix(".lock"), mode=0o600):
            token = _cached(cache)  # somebody else may have got it while this process waited
            if not token:
                token, lifetime = _request(credentials)
                _store(cache, token, lifetime)
    except OSError as error:
        raise UserError(f"tokens cannot be kept in {cache_dir} ({error.strerror}); make it writable") from error
    return token


def _cached(cache: Path) -> str | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        entry = json.loads(cache.read_text())
        if time.time() < float(entry["renew_at"]):
            return str(entry["token"])
    return None


def _store(cache: Path, token: str, lifetime: float) -> None:
    renew_at = time.time() + lifetime - min(MAX_MARGIN_SECONDS, lifetime / 6)
    temporary = cache.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"token": token, "renew_at": renew_at}, file)
    temporary.replace(cache)


def _request(credentials: Credentials) -> tuple[str, float]:
    """Ask the issuer (RFC 6749, section 4.4): the token and its lifetime in seconds."""
    from requests import RequestException

    url, who = credentials.token_url, (credentials.client_id, credentials.client_secret)
    form = {"grant_type": "client_credentials"}
    where = f"the token endpoint {url}"
    try:
        with session_for(url) as session:
            answer = session.post(url, form, auth=who, timeout=REQUEST_SECONDS, allow_redirects=False)
        if answer.status_code != HTTPStatus.OK:
            raise UserError(_refusal(where, credentials.client_id, answer.status_code, answer.content))
        document = answer.json()
        return str(document["access_token"]), float(document["expires_in"])
    except RequestException as error:
        reason = reason_of(error)
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error)
    raise UserError(f"{where} gave no token ({reason}); is the gateway running? `gwctl up` starts it")


def _refusal(where: str, client_id: str, status: int, body: bytes) -> str:
    code = ""
    with suppress(ValueError, AttributeError):
        code = str(json.loads(body).get("error", ""))
    if code == "invalid_client":
        return f"{where} does not accept client {client_id} or its secret; check them"
    return f"{where} refused client {client_id} with status {status}{f' ({code})' if code else ''}"
