"""What the local issuer keeps in its state directory: its signing key and the gateway's own clients.

In comes a directory; out come a private RSA key (`issuer-key.json`, a JWK) and a mapping of client id to
`Client` (`clients.json`). Both files are 0600 and written atomically. Secrets are never stored, only digests.

Adding and revoking are pure functions from clients to clients; `ClientFile.change` applies one:

    secret = new_secret()
    ClientFile(state_dir).change(lambda clients: add_client(clients, "ci", secret, [scopes.INVOKE]))
"""

import hashlib
import hmac
import json
import secrets
import string
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey
from pydantic import TypeAdapter, ValidationError

from gwctl.core import scopes as gateway_scopes
from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.core.names import ClientId

KEY_BITS = 2048
_CLIENT_ID = TypeAdapter[str](ClientId)
_ALPHABET = string.ascii_lowercase + string.digits


class StateError(UserError):
    """The state directory, or a change to it, is not usable. The message is one sentence naming the value."""


@dataclass(frozen=True)
class Client:
    """A confidential client. Of each of its secrets a hex digest, `scopes` all that it may ask for."""

    client_id: str
    secrets_sha256: tuple[str, ...]
    scopes: tuple[str, ...]

    def has_secret(self, secret: str) -> bool:
        """Compare in a time that does not depend on where the two differ."""
        given = digest(secret)
        return any(hmac.compare_digest(given, each) for each in self.secrets_sha256)


Clients = Mapping[str, Client]


def new_secret() -> str:
    """51 lower-case letters and digits: 263 random bits, and no character that needs quoting anywhere."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(51))


def digest(secret: str) -> str:
    """What is stored of a secret."""
    # A plain hash is enough for a random secret: there is no dictionary that scrypt would have to slow down.
    return hashlib.sha256(secret.encode()).hexdigest()


def add_client(clients: Clients, client_id: str, secret: str, scopes: Iterable[str]) -> dict[str, Client]:
    """`clients` with one more.

    Raises StateError for an id that is taken or malformed, an unknown scope, or no scope at all.
    """
    wanted = tuple(dict.fromkeys(scopes))
    if client_id in clients:
        raise StateError(f"client {client_id!r} exists already; rotate its secret or revoke it first")
    try:
        _CLIENT_ID.validate_python(client_id)
    except ValidationError:
        raise StateError(f"client id {client_id!r} must be letters, digits, '+', '_' and '-'") from None
    if not wanted or not set(wanted) <= set(gateway_scopes.ALL):
        asked, known = " ".join(wanted), " ".join(gateway_scopes.ALL)
        raise StateError(f"client {client_id!r} needs one or more scopes of {known!r}, not {asked!r}")
    return {**clients, client_id: Client(client_id, (digest(secret),), wanted)}


def revoke_client(clients: Clients, client_id: str) -> dict[str, Client]:
    """`clients` without this one; its tokens stay valid until they expire. Raises StateError if unknown."""
    _existing(clients, client_id)
    return {name: client for name, client in clients.items() if name != client_id}


class ClientFile:
    """`clients.json` in a state directory. Not cached: a change is seen by the next read, in any process."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "clients.json"

    def read(self) -> dict[str, Client]:
        """All clients; none when the file does not exist. Raises StateError for what `change` never wrote."""
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return {}
        try:
            return {
                client_id: Client(client_id, (entry["secret_sha256"],), tuple(entry["scopes"]))
                for client_id, entry in json.loads(text)["clients"].items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(f"{self.path} is not a client list; delete it to start with none") from error

    def change(self, edit: Callable[[Clients], Clients]) -> None:
        """Replace the clients by `edit(clients)`, one process at a time.

        Raises what `read` and `edit` raise, and has then changed nothing.
        """
        with _locked(self.path):
            clients = edit(self.read())
            entries = {
                client.client_id: {"secret_sha256": client.secrets_sha256[0], "scopes": client.scopes}
                for client in clients.values()
            }
            _write(self.path, {"clients": entries})


def load_or_create_key(state_dir: Path) -> RSAKey:
    """The issuer's private key, made on first use; its `kid` is the RFC 7638 thumbprint.

    Raises StateError when the file holds something else.
    """
    path = state_dir / "issuer-key.json"
    with _locked(path):
        if not path.exists():
            new = RSAKey.generate_key(KEY_BITS, {"use": "sig", "alg": "RS256"}, auto_kid=True)
            _write(path, new.as_dict(private=True))
        try:
            key = RSAKey.import_key(json.loads(path.read_text()))
        except (ValueError, KeyError, TypeError, JoseError):
            key = None
    if key is None or not key.is_private:
        raise StateError(f"{path} is not a private RSA key; delete it to get a new one (tokens in use end)")
    return key


def _existing(clients: Clients, client_id: str) -> Client:
    try:
        return clients[client_id]
    except KeyError:
        raise StateError(f"there is no client {client_id!r}") from None


def _locked(path: Path) -> FileLock:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(path.with_name(f".{path.name}.lock"), mode=0o600)


def _write(path: Path, document: object) -> None:
    write_atomically(path, json.dumps(document, indent=1).encode(), mode=0o600)
