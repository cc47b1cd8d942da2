"""The local token service as a `ClientDirectory`: app clients are lines of its `clients.json`."""

from pathlib import Path

from gwctl import scopes
from gwctl.admin.stores import Credentials, Rotation, UnavailableError
from gwctl.local.issuer_store import (
    ClientFile,
    StateError,
    add_client,
    new_client_id,
    new_secret,
    revoke_client,
    rotate_secret,
)


class LocalClientDirectory:
    """See `gwctl.admin.stores.ClientDirectory`. `state_dir` is the issuer's."""

    def __init__(self, state_dir: Path) -> None:
        self._file = ClientFile(state_dir)

    def create(self, name: str) -> Credentials:  # noqa: ARG002 - the local issuer keeps no names
        """See `ClientDirectory.create`."""
        new = Credentials(new_client_id(), new_secret())
        try:
            self._file.change(lambda clients: add_client(clients, new.client_id, new.client_secret, [scopes.INVOKE]))
        except (StateError, OSError) as error:
            raise UnavailableError(f"the local issuer's clients: {error}") from error
        return new

    def exists(self, client_id: str) -> bool:
        """See `ClientDirectory.exists`."""
        try:
            return client_id in self._file.read()
        except (StateError, OSError) as error:
            raise UnavailableError(f"the local issuer's clients: {error}") from error

    def delete(self, client_id: str) -> bool:
        """See `ClientDirectory.delete`."""
        if not self.exists(client_id):
            return False
        try:
            self._file.change(lambda clients: revoke_client(clients, client_id))
        except (StateError, OSError) as error:
            raise UnavailableError(f"the local issuer's clients: {error}") from error
        return True

    def begin_rotation(self, client_id: str) -> Rotation:
        """See `ClientDirectory.begin_rotation`. Nothing is written yet: one client has one secret here."""
        if not self.exists(client_id):
            raise KeyError(client_id)
        return Rotation(Credentials(client_id, new_secret()))

    def finish_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.finish_rotation`."""
        new = rotation.credentials
        try:
            self._file.change(lambda clients: rotate_secret(clients, new.client_id, new.client_secret))
        except (StateError, OSError) as error:
            raise UnavailableError(f"the local issuer's clients: {error}") from error

    def abandon_rotation(self, rotation: Rotation) -> None:
        """See `ClientDirectory.abandon_rotation`. There is nothing to forget."""
