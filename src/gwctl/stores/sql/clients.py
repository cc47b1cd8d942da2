"""App clients in a database: who may ask for tokens. Of a secret only its digest is kept.

Out of it comes a `ClientDirectory` for the admin API and, for the token service, each client with its digests.
"""

import hashlib
import secrets as randomness
import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from gwctl.stores.interfaces import Credentials, Rotation
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import clients, secrets

MAX_SECRETS: Final = 2
"""Of one client, as at Cognito: the old one and its successor."""

_ALPHABET: Final = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class AppClient:
    """A client, what it may ask for, and the hex digests of its secrets."""

    client_id: str
    scope: str
    secrets_sha256: tuple[str, ...]


class SqlClientDirectory:
    """See `gwctl.stores.interfaces.ClientDirectory`. `scope` is what its clients may do; `own` exist beside them."""

    def __init__(
        self,
        database: Database,
        scope: str,
        own: Sequence[str] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._scope = scope
        self._own = own
        self._clock = clock

    def create(self, name: str) -> Credentials:
        """See `ClientDirectory.create`. One transaction."""
        credentials = Credentials(_random(26), _random(51))
        with self._database.writing() as connection:
            at = int(self._clock())
            row = {"id": credentials.client_id, "name": name, "scope": self._scope, "created_at": at}
            connection.execute(insert(clients), row)
            self._add_secret(connection, credentials)
        return credentials

    def exists(self, client_id: str) -> bool:
        """See `ClientDirectory.exists`. One SELECT."""
        return client_id in self._own or self.find(client_id) is not None

    def delete(self, client_id: str) -> bool:
        """See `ClientDirectory.delete`. One transaction."""
        with self._database.writing() as connection:
            connection.execute(delete(secrets).where(secrets.c.client_id == client_id))
            return connection.execute(delete(clients).where(clients.c.id == client_id)).rowcount == 1

    def begin_rotation(self, client_id: str) -> Rotation:
        """See `ClientDirectory.begin_rotation`. One transaction.

        A rotation that broke off has left two secrets; then the older one makes room.
        """
        credentials = Credentials(client_id, _random(51))
        with self._database.writing() as connection:
            lock = select(clients.c.id).where(clients.c.id == client_id).with_for_update()
            if connection.execute(lock).one_or_none() is None:
                raise KeyError(client_id)
            mine = select(secrets.c.id).where(secrets.c.client_id == client_id).order_by(secrets.c.created_at)
            old = list(connection.execute(mine).scalars())
            too_many = old[: max(0, len(old) - MAX_SECRETS + 1)]
            connection.execute(delete(secrets).where(secrets.c.client_id == client_id, secrets.c.id.in_(too_many)))
            return Rotation(credentials, self._add_secret(connection, credentials))

    def finish_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.finish_rotation`. One DELETE."""
        self._drop(secrets.c.client_id == rotation.credentials.client_id, secrets.c.id != rotation.handle)

    def abandon_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.abandon_rotation`. One DELETE."""
        self._drop(secrets.c.client_id == rotation.credentials.client_id, secrets.c.id == rotation.handle)

    def find(self, client_id: str) -> AppClient | None:
        """A client that may have tokens. Raises UnavailableError."""
        both = select(clients.c.scope, secrets.c.sha256).join(secrets, secrets.c.client_id == clients.c.id)
        with self._database.reading() as connection:
            rows = connection.execute(both.where(clients.c.id == client_id)).all()
        return AppClient(client_id, rows[0].scope, tuple(row.sha256 for row in rows)) if rows else None

    def adopt(self, client: AppClient, name: str = "") -> None:
        """Takes in a client of another directory, with its id and its secrets."""
        with self._database.writing() as connection:
            at = int(self._clock())
            row = {"id": client.client_id, "name": name, "scope": client.scope, "created_at": at}
            connection.execute(insert(clients), row)
            for number, digest in enumerate(client.secrets_sha256):
                content = {"client_id": client.client_id, "id": str(number), "sha256": digest, "created_at": number}
                connection.execute(insert(secrets), content)

    def _add_secret(self, connection: Connection, credentials: Credentials) -> str:
        name = _random(16)
        # A random secret needs no salt and no slow hash: there is no dictionary of it.
        digest = hashlib.sha256(credentials.client_secret.encode()).hexdigest()
        row = {"client_id": credentials.client_id, "id": name, "sha256": digest, "created_at": self._clock()}
        connection.execute(insert(secrets), row)
        return name

    def _drop(self, *which: ColumnElement[bool]) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(secrets).where(*which))


def _random(length: int) -> str:
    return "".join(randomness.choice(_ALPHABET) for _ in range(length))
