"""A change of the policy → audit records, one for each document that it touched; and whether read ones are true. Pure.

The chain of changes is the admin API's own (`gwctl.audit.policy_changes`): one link for each policy version.
A record carries that link whole, in `change`, so the log alone proves it: `hash` is the SHA-256 of `change`, `sequence`
the policy version. All records of a version have the same of both. Where the link has its list of documents detached,
the records of a version together are that list, and `entry_of` is each one's part.
"""

from datetime import UTC
from typing import Any, Final

from pydantic import ValidationError

from gwctl.audit.chain import GENESIS, Record
from gwctl.audit.policy_changes import AuditRecord, DocumentChange
from gwctl.policy.state import NOUNS

SHARD: Final = "policy"
"""The chain of changes. Agents' names are random hexadecimal digits, so none is called that."""


def change_records(change: AuditRecord) -> list[dict[str, Any]]:
    """The records of a change, in the order of its documents. A change without documents has one record."""
    whole: dict[str, Any] = {
        "kind": "change",
        "time": change.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "team": None,
        "actor": change.actor,
        "action": change.action,
        "shard": SHARD,
        "sequence": change.version,
        "previous_hash": change.previous_sha256 or GENESIS,
        "hash": change.digest,
        "change": change.link,
    }
    if not change.changes:
        return [{**whole, "id": f"{change.version}.0"}]
    return [
        {**whole, "id": f"{change.version}.{number}", **_document(each)} for number, each in enumerate(change.changes)
    ]


def change_of(record: Record) -> AuditRecord:
    """The change that a record belongs to. Raises ValueError: the record does not say what `change_records` does."""
    text = record.get("change")
    if not isinstance(text, str):
        raise ValueError("the record has no `change`")  # noqa: TRY004 - what was read is wrong, not the caller
    try:
        change = AuditRecord.model_validate_json(text)
    except ValidationError as error:
        raise ValueError(f"`change` is not the record of a change ({error.error_count()} problems)") from error
    if change.link != text:
        raise ValueError("`change` is spelled differently from how it was written")
    if change.detached:
        number, entry = entry_of(record)
        if number < change.documents:
            change = change.model_copy(update={"changes": (entry,)})
            whole = {**change_records(change)[0], "id": f"{change.version}.{number}"}
            if _said(record) == _said(whole):
                return change
    elif any(_said(record) == _said(one) for one in change_records(change)):
        return change
    raise ValueError("its columns do not say what `change` says")


def entry_of(record: Record) -> tuple[int, DocumentChange]:
    """A document's place in the list of its change, and its part in it. Raises ValueError."""
    nouns = {noun: section for section, noun in NOUNS.items()}
    try:
        return int(str(record.get("id")).rpartition(".")[2]), DocumentChange.model_validate(
            {
                "section": nouns.get(str(record.get("document_kind"))),
                "id": record.get("document_id"),
                "before_sha256": record.get("before_hash") or None,
                "after_sha256": record.get("after_hash") or None,
            }
        )
    except ValueError as error:
        raise ValueError("its columns do not say which document of the change it is about") from error


def _said(record: Record) -> dict[str, Any]:
    """The columns that hold something."""
    return {name: value for name, value in record.items() if value is not None and value != ""}


def _document(change: DocumentChange) -> dict[str, Any]:
    return {
        "document_kind": NOUNS[change.section],
        "document_id": change.id,
        "before_hash": change.before_sha256,
        "after_hash": change.after_sha256,
    }
