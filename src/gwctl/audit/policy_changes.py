"""The audit record of a change: who, what, when, and what it looked like before and after, as hashes. Pure.

There is one record for each policy version. Each carries the hash of the one before it, so that nothing can be taken
out of the middle or altered unnoticed: `verify` finds the first break.

A change of thousands of documents would make a record of megabytes, which each document's line of the audit log would
repeat. Above MAX_ATTACHED documents the list is detached: the record has its length and its hash, and is small.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gwctl.policy.state import Change, Section, State, sha256_of

MAX_ATTACHED: Final = 98
"""So many documents a record lists itself; with the policy's head and the record they fit into one transaction."""


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
    documents: int = Field(default=0, ge=0)
    """How many documents a detached list has; 0: it is not detached."""
    documents_sha256: str = ""
    """The hash of a detached list: `list_digest` of its `entry_digest`s."""

    @property
    def detached(self) -> bool:
        """Whether the record stands for its list by a hash; `changes` is empty where the list was not read."""
        return self.documents > 0

    @property
    def link(self) -> str:
        """The record's JSON, without a detached list."""
        return (self.model_copy(update={"changes": ()}) if self.detached else self).model_dump_json()

    @property
    def digest(self) -> str:
        """The hex SHA-256 of the link."""
        return hashlib.sha256(self.link.encode()).hexdigest()


def entry_digest(change: DocumentChange) -> str:
    """The hex SHA-256 of one document's part in a change."""
    return hashlib.sha256(change.model_dump_json().encode()).hexdigest()


def list_digest(entries: Iterable[str]) -> str:
    """The hex SHA-256 of a list, from the digests of its entries in their order."""
    return hashlib.sha256("".join(entries).encode()).hexdigest()


def detachment(changes: Sequence[DocumentChange]) -> tuple[int, str]:
    """`documents` and `documents_sha256` of the record of these changes."""
    if len(changes) <= MAX_ATTACHED:
        return 0, ""
    return len(changes), list_digest(map(entry_digest, changes))


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
