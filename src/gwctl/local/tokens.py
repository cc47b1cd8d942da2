"""Bearer tokens for programs. In: a token endpoint and a client's credentials. Out: a token that is valid for a while.

Tokens are cached in files of the owner alone, one for each endpoint and client, and asked for again shortly before they
expire. Many processes may ask at once: one makes the request, the others wait for it.
"""

import base64
import hashlib
import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gwctl.core.errors import UserError

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

    cache_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(cache.with_suffix(".lock"), mode=0o600):
        token = _cached(cache)  # somebody else may have got it while this process waited
        if not token:
            token, lifetime = _request(credentials)
            _store(cache, token, lifetime)
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
    import urllib.error
    import urllib.request

    basic = base64.b64encode(f"{credentials.client_id}:{credentials.client_secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}", "Content-Type": "application/x-www-form-urlencoded"}
    request = urllib.request.Request(credentials.token_url, b"grant_type=client_credentials", headers)  # noqa: S310
    where = f"the token endpoint {credentials.token_url}"
    try:
        with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as answer:  # noqa: S310  # nosec B310 # from our own file
            document = json.load(answer)
            return str(document["access_token"]), float(document["expires_in"])
    except urllib.error.HTTPError as error:
        with error:
            raise UserError(_refusal(where, credentials.client_id, error.code, error.read(4096))) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"{where} gave no token ({reason}); is the gateway running? `gwctl up` starts it") from None


def _refusal(where: str, client_id: str, status: int, body: bytes) -> str:
    code = ""
    with suppress(ValueError, AttributeError):
        code = str(json.loads(body).get("error", ""))
    if code == "invalid_client":
        return f"{where} does not accept client {client_id} or its secret; check them"
    return f"{where} refused client {client_id} with status {status}{f' ({code})' if code else ''}"
