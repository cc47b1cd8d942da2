"""Policy documents, the policy's head and the audit records of its changes, in a relational database.

A change is one transaction, however many documents it has: the head moves from the version that it was made from, or
nothing happens. A read is one transaction too, so all that it sees is of one version.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from sqlalchemy import Connection, Row, delete, insert, select, tuple_, update

from gwctl.audit.policy_changes import AuditRecord
from gwctl.policy.state import MODELS, SECTIONS, Head, Section, State, StateError, Stored, to_json
from gwctl.stores.interfaces import Commit, PolicyMovedError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.schema import changes, documents, head

MAX_BEHIND: Final = 500
"""So many versions are caught up with by reading what changed; after more of them everything is read."""

BATCH: Final = 500
Label: TypeAlias = tuple[Section, str]
DOCUMENT_KEY: Final = tuple_(documents.c.section, documents.c.id)


class SqlDocumentStore:
    """See `gwctl.stores.interfaces.DocumentStore`. Safe to share between threads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def head(self) -> Head:
        """See `DocumentStore.head`. One SELECT."""
        with self._database.reading() as connection:
            return _head(connection)

    def load(self) -> State:
        """See `DocumentStore.load`. Two SELECTs of one moment."""
        with self._database.reading() as connection:
            sections: dict[Section, dict[str, Stored]] = {section: {} for section in SECTIONS}
            found = _head(connection)
            for row in connection.execute(select(documents)):
                sections[row.section][row.id] = _stored(row)
            return State(found, sections)

    def load_since(self, state: State, head: Head) -> State | None:
        """See `DocumentStore.load_since`. What the records name, of one moment, which may be later than `head`."""
        if head == state.head:
            return state
        with self._database.reading() as connection:
            now = _head(connection)
            if not 0 < now.version - state.version <= MAX_BEHIND:
                return None
            newer = select(changes).where(changes.c.version > state.version).order_by(changes.c.version)
            records = [_record(row) for row in connection.execute(newer)]
            whole = [record.version for record in records] == list(range(state.version + 1, now.version + 1))
            if not whole or records[-1].digest != now.audit_sha256 or any(record.detached for record in records):
                return None
            named: set[Label] = {(change.section, change.id) for record in records for change in record.changes}
            return _replace(state, now, named, _find(connection, sorted(named)))

    def commit(self, commit: Commit) -> None:
        """See `DocumentStore.commit`. One transaction, which never is too large."""
        with self._database.writing() as connection:
            if not self._move_head(connection, commit.before.version, commit.after.head):
                raise PolicyMovedError(f"{self._database.name}: another version was stored meanwhile")
            connection.execute(insert(changes), _record_row(commit.record))
            gone = [(change.section, change.id) for change in commit.changes if change.document is None]
            put: list[Label] = [(change.section, change.id) for change in commit.changes if change.document is not None]
            for start in range(0, len(gone), BATCH):
                connection.execute(delete(documents).where(DOCUMENT_KEY.in_(gone[start : start + BATCH])))
            if put:
                connection.execute(self._upsert(), [_row(commit.after, *label) for label in put])

    def records(self, *, before: int | None = None, limit: int = 100) -> list[AuditRecord]:
        """See `DocumentStore.records`. One SELECT."""
        newest = select(changes).order_by(changes.c.version.desc()).limit(limit)
        if before is not None:
            newest = newest.where(changes.c.version < before)
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(newest)]

    def adopt(self, state: State, records: Iterable[AuditRecord]) -> None:
        """Fills an empty store with what another one had: its documents and all records, oldest first."""
        with self._database.writing() as connection:
            if not self._move_head(connection, 0, state.head):
                raise PolicyMovedError(f"{self._database.name} has a policy already")
            rows = [_row(state, section, name) for section in SECTIONS for name in state.sections[section]]
            history = [_record_row(record) for record in records]
            for table, content in ((documents, rows), (changes, history)):
                if content:
                    connection.execute(insert(table), content)

    def _move_head(self, connection: Connection, before: int, after: Head) -> bool:
        values = {"version": after.version, "audit_sha256": after.audit_sha256}
        if before:
            moved: Any = update(head).where(head.c.id == 1, head.c.version == before).values(values)
        else:
            moved = self._database.insert(head).values(id=1, **values).on_conflict_do_nothing()
        return connection.execute(moved.returning(head.c.id)).one_or_none() is not None

    def _upsert(self) -> Any:
        new = self._database.insert(documents)
        changed = {name: new.excluded[name] for name in ("document", "version", "changed_by", "changed_at")}
        return new.on_conflict_do_update(index_elements=["section", "id"], set_=changed)


def _head(connection: Connection) -> Head:
    row = connection.execute(select(head.c.version, head.c.audit_sha256)).one_or_none()
    return Head(row.version, row.audit_sha256) if row else Head()


def _find(connection: Connection, keys: list[Label]) -> dict[Label, Stored]:
    found: dict[Label, Stored] = {}
    for start in range(0, len(keys), BATCH):
        for row in connection.execute(select(documents).where(DOCUMENT_KEY.in_(keys[start : start + BATCH]))):
            found[row.section, row.id] = _stored(row)
    return found


def _replace(state: State, now: Head, named: Iterable[Label], found: Mapping[Label, Stored]) -> State:
    sections: dict[Section, dict[str, Stored]] = {name: dict(entries) for name, entries in state.sections.items()}
    for section, name in named:
        if (section, name) in found:
            sections[section][name] = found[section, name]
        else:
            sections[section].pop(name, None)
    return State(now, sections)


def _row(state: State, section: Section, name: str) -> dict[str, Any]:
    stored = state.sections[section][name]
    return {
        "section": section,
        "id": name,
        "document": to_json(stored.document),
        "version": stored.version,
        "changed_by": stored.changed_by,
        "changed_at": stored.changed_at.isoformat(),
    }


def _stored(row: Row[Any]) -> Stored:
    try:
        document = MODELS[row.section].model_validate_json(row.document)
    except ValidationError as error:
        raise StateError(f"{row.section}/{row.id} is stored in a form that this version does not know") from error
    return Stored(document, row.version, row.changed_by, datetime.fromisoformat(row.changed_at))


def _record_row(record: AuditRecord) -> dict[str, Any]:
    lists = json.dumps(record.model_dump(mode="json")["changes"]).encode() if record.detached else None
    return {
        "version": record.version,
        "record": record.link,
        "actor": record.actor,
        "action": record.action,
        "time": record.time.isoformat(),
        "documents": gzip.compress(lists, mtime=0) if lists else None,
    }


def _record(row: Row[Any]) -> AuditRecord:
    record = AuditRecord.model_validate_json(row.record)
    if row.documents is None:
        return record
    return AuditRecord.model_validate({**record.model_dump(), "changes": json.loads(gzip.decompress(row.documents))})
