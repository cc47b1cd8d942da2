"""Policy snapshots and archives by version, which one is in force, and what a policy file held; in a database.

A version that was kept is never changed; the note `current` only ever moves to a higher version.
"""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import select

from gwctl.policy.snapshot import Snapshot, SnapshotError
from gwctl.policy.state import StateError
from gwctl.stores.interfaces import FileRecord, UnavailableError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.notes import read_note, write_note
from gwctl.stores.sql.schema import snapshots

CURRENT: Final = "current"
FILE: Final = "policy-file"


class SqlSnapshotReader:
    """See `gwctl.stores.interfaces.SnapshotReader`: a version that is known is not sent again."""

    def __init__(self, database: Database) -> None:
        self.name = f"the policy in {database.name}"
        self._database = database
        self._seen: str | None = None

    def fetch(self) -> tuple[bytes, str] | None:
        """See `SnapshotReader.fetch`. One SELECT of a small row, and one more when there is something new."""
        with self._database.reading() as connection:
            current = read_note(connection, CURRENT)
            if current is None:
                raise UnavailableError(f"there is no policy in {self._database.name} yet; the first change makes it")
            if current == self._seen:
                return None
            return connection.execute(_one("snapshot", int(current))).scalar_one(), current

    def seen(self, mark: str) -> None:
        """See `SnapshotReader.seen`."""
        self._seen = mark


class SqlSnapshotStore:
    """See `gwctl.stores.interfaces.SnapshotStore`. Safe to share between threads."""

    def __init__(self, database: Database, published: Callable[[], None] | None = None) -> None:
        """`published` is called after each publication, for those who would otherwise have to ask."""
        self._database = database
        self._published = published

    def current(self) -> int | None:
        """See `SnapshotStore.current`. One SELECT."""
        with self._database.reading() as connection:
            current = read_note(connection, CURRENT)
        return None if current is None else int(current)

    def publish(self, snapshot: Snapshot, archive: bytes) -> None:
        """See `SnapshotStore.publish`. One transaction."""
        self.keep(snapshot.version, snapshot.to_json(), archive, current=True)
        if self._published:
            self._published()

    def keep(self, version: int, snapshot: bytes, archive: bytes, *, current: bool) -> None:
        """Keeps both under a version unless it was kept before, and puts it into force."""
        new = self._database.insert(snapshots).values(version=version, snapshot=snapshot, archive=archive)
        with self._database.writing() as connection:
            connection.execute(new.on_conflict_do_nothing())
            if current:
                write_note(self._database, connection, CURRENT, str(version), only_upwards=True)

    def snapshot(self, version: int) -> Snapshot | None:
        """See `SnapshotStore.snapshot`. One SELECT. Raises StateError when it is damaged."""
        data = self._get("snapshot", version)
        try:
            return Snapshot.from_json(data) if data else None
        except SnapshotError as error:
            raise StateError(f"the snapshot of version {version}: {error}") from error

    def archive(self, version: int) -> bytes | None:
        """See `SnapshotStore.archive`. One SELECT."""
        return self._get("archive", version)

    def _get(self, column: str, version: int) -> bytes | None:
        with self._database.reading() as connection:
            return connection.execute(_one(column, version)).scalar_one_or_none()


class SqlFileRecordStore:
    """See `gwctl.stores.interfaces.FileRecordStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self) -> FileRecord:
        """See `FileRecordStore.read`. One SELECT."""
        with self._database.reading() as connection:
            found = read_note(connection, FILE)
        return FileRecord.from_json(found) if found else FileRecord()

    def write(self, record: FileRecord) -> None:
        """See `FileRecordStore.write`. One statement."""
        with self._database.writing() as connection:
            write_note(self._database, connection, FILE, record.to_json())


def _one(column: str, version: int) -> Any:
    return select(snapshots.c[column]).where(snapshots.c.version == version)
