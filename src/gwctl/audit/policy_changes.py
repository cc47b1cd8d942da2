"""The audit record of a change: who, what, when, and what it looked like before and after, as hashes. Pure.

There is one record for each policy version. Each carries the hash of the one before it, so that nothing can be taken
out of the middle or altered unnoticed: `verify` finds the first break.
"""

import hashlib
from collections.abc import Iterable

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gwctl.policy.state import Change, Section, State, sha256_of


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DocumentChange(_Record):
    """One document's part in a change. A hash is None where there was, or is, no document."""

    section: Section
    id: str
    before_sha256: str | None
    after_sha256: str | None


class AuditRecord(_Record):
    """A change of the policy, to `version`."""

    version: int
    time: AwareDatetime
    actor: str
    action: str
    request_id: str
    changes: tuple[DocumentChange, ...]
    policy_sha256: str
    """The content hash of the snapshot that came out of it."""
    note: str = ""
    previous_sha256: str
    """The digest of the record of the version before; empty for the first one."""

    @property
    def digest(self) -> str:
        """The hex SHA-256 of the record's JSON."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def document_changes(before: State, changes: Iterable[Change]) -> tuple[DocumentChange, ...]:
    """What a record says of these changes to `before`."""
    found: list[DocumentChange] = []
    for change in changes:
        stored = before.get(change.section, change.id)
        found.append(
            DocumentChange(
                section=change.section,
                id=change.id,
                before_sha256=sha256_of(stored.document) if stored else None,
                after_sha256=sha256_of(change.document),
            )
        )
    return tuple(found)


def verify(records: Iterable[AuditRecord]) -> str | None:
    """What is wrong with a chain of records, oldest first; None when it is whole."""
    last: AuditRecord | None = None
    for record in records:
        if last and record.version != last.version + 1:
            return f"the record of version {last.version + 1} is missing"
        if last and record.previous_sha256 != last.digest:
            return f"the record of version {last.version} is not the one that version {record.version} followed"
        last = record
    return None
