"""Policy documents in DynamoDB, and the one write by which a change becomes visible.

Two tables with the string keys `pk` and `sk`; in `documents`:

    pk `policy`                   sk `head`   `version`, `audit_sha256`; `generation` and `packed_at`
    pk `<section>@<generation>`   sk `<id>`   `document` (JSON; without it, it is deleted), `version`, `changed_by`,
                                              `changed_at`; before the first generation pk is `<section>` alone

and in `audit` what `policy_records` says. A change of a few documents is one transaction over both. One of many packs
the whole policy into a new generation first, where nobody looks; then the same transaction makes it the current one.
Audit records are also what `load_since` reads to learn what has changed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from pydantic import ValidationError

from gwctl.audit.policy_changes import MAX_ATTACHED, AuditRecord, DocumentChange
from gwctl.policy.state import MODELS, SECTIONS, Head, Section, State, StateError, Stored, to_json
from gwctl.stores.aws.policy.base import PolicyBase, partition
from gwctl.stores.aws.policy.records import PolicyRecords
from gwctl.stores.aws.tables import Item, Table, number
from gwctl.stores.interfaces import Commit, PolicyMovedError, UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

HEAD_KEY: Final = {"pk": {"S": "policy"}, "sk": {"S": "head"}}
MAX_BEHIND: Final = 500
"""So many versions are caught up with by reading what changed; after more of them everything is read."""

MAX_BYTES: Final = 3_000_000
"""Of the documents of one transaction, which takes 4 MB."""

LOAD_ROUNDS: Final = 5

DocumentKey: TypeAlias = tuple[Section, str]


@dataclass(frozen=True)
class _Place:
    """Where the policy stands, and where its documents are: packed at one version, and what has changed since."""

    head: Head = field(default_factory=Head)
    generation: str = ""
    packed_at: int = 0

    def key(self, section: Section, document_id: str) -> dict[str, Any]:
        return {"pk": {"S": partition(section, self.generation)}, "sk": {"S": document_id}}


class DynamoDocumentStore:
    """See `gwctl.stores.interfaces.DocumentStore`. Safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", documents: str, audit: str) -> None:
        self._table = Table(client, documents)
        self._base = PolicyBase(self._table)
        self._records = PolicyRecords(Table(client, audit))

    def head(self) -> Head:
        """See `DocumentStore.head`. One consistent GetItem."""
        return self._place().head

    def load(self) -> State:
        """See `DocumentStore.load`. A Query of the base and one for each section, then what was changed meanwhile."""
        for _ in range(LOAD_ROUNDS):
            place = self._place()
            packed = self._base.read(place.generation) if place.generation else State()
            if packed is None:
                continue
            sections: dict[Section, dict[str, Stored]] = {
                section: self._section(place, section, packed.sections[section]) for section in SECTIONS
            }
            # Whatever is newer than the head in it is named by a record after the head, and so is read again.
            state = self.load_since(State(place.head, sections), self.head())
            if state is not None:
                return state
        raise UnavailableError(f"{self._table.name}: the policy changes faster than it can be read")

    def load_since(self, state: State, head: Head) -> State | None:
        """See `DocumentStore.load_since`. A Query of the audit records, a BatchGetItem of what they name."""
        for _ in range(LOAD_ROUNDS):
            if head == state.head:
                return state
            place = self._place()
            if not 0 < head.version - state.version <= MAX_BEHIND or place.packed_at > state.version:
                return None
            records = list(self._records.between(state.version, head.version))
            whole = [record.version for record in records] == list(range(state.version + 1, head.version + 1))
            if not whole or records[-1].digest != head.audit_sha256:
                return None
            last: dict[DocumentKey, DocumentChange] = {
                (change.section, change.id): change for record in records for change in record.changes
            }
            there = sorted(key for key, change in last.items() if change.after_sha256 is not None)
            found = self._batch_get(place, there)
            if all(key in found and found[key].version <= head.version for key in there):
                return _replace(state, head, last, found)
            head = self.head()  # one of them was changed since
        return None

    def commit(self, commit: Commit) -> None:
        """See `DocumentStore.commit`. A GetItem and a TransactWriteItems; for many documents the base before that."""
        place = self._place()
        if place.head.version != commit.before.version:
            raise PolicyMovedError(f"{self._table.name}: version {place.head.version} was stored meanwhile")
        records = self._records.writes(commit.record)
        if _fits(commit):
            documents = [self._document_write(place, commit.after, change) for change in commit.changes]
            self._table.transact([self._head_write(place, commit.after.head), *records, *documents])
            return
        generation = self._base.write(commit.after)
        new = _Place(commit.after.head, generation, commit.after.version)
        self._table.transact([self._head_write(place, commit.after.head, new), *records])
        self._base.tidy(generation)

    def records(self, *, before: int | None = None, limit: int = 100) -> list[AuditRecord]:
        """See `DocumentStore.records`. One Query, and one more for each record of many documents."""
        return self._records.newest(before, limit)

    def _place(self) -> _Place:
        item = self._table.get(HEAD_KEY)
        if item is None:
            return _Place()
        head = Head(int(item["version"]["N"]), item["audit_sha256"]["S"])
        if "generation" not in item:
            return _Place(head)
        return _Place(head, item["generation"]["S"], int(item["packed_at"]["N"]))

    def _section(self, place: _Place, section: Section, packed: Mapping[str, Stored]) -> dict[str, Stored]:
        found = dict(packed)
        for item in self._table.query("pk = :pk", {":pk": {"S": partition(section, place.generation)}}):
            stored = _stored(section, item)
            if stored is None:
                found.pop(item["sk"]["S"], None)
            else:
                found[item["sk"]["S"]] = stored
        return found

    def _batch_get(self, place: _Place, keys: Iterable[DocumentKey]) -> dict[DocumentKey, Stored]:
        sections: dict[str, Section] = {partition(section, place.generation): section for section in SECTIONS}
        found: dict[DocumentKey, Stored] = {}
        for item in self._table.batch_get([place.key(*key) for key in keys]):
            section = sections[item["pk"]["S"]]
            stored = _stored(section, item)
            if stored:
                found[section, item["sk"]["S"]] = stored
        return found

    def _head_write(self, before: _Place, head: Head, new: _Place | None = None) -> Any:
        values: dict[str, Any] = {":version": number(head.version), ":digest": {"S": head.audit_sha256}}
        update, condition = "SET version = :version, audit_sha256 = :digest", "attribute_not_exists(pk)"
        if before.head.version:
            condition, values = "version = :before", {**values, ":before": number(before.head.version)}
        if new:
            update = f"{update}, generation = :generation, packed_at = :version"
            values = {**values, ":generation": {"S": new.generation}}
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": HEAD_KEY,
                "UpdateExpression": update,
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def _document_write(self, place: _Place, after: State, change: Any) -> Any:
        """Without a condition of its own: documents change by commits alone, and the head's condition holds for all."""
        key = place.key(change.section, change.id)
        stored = after.get(change.section, change.id)
        if stored is None and not place.generation:
            return {"Delete": {"TableName": self._table.name, "Key": key}}
        item: dict[str, Any] = {**key, "version": number(stored.version if stored else after.version)}
        if stored:
            item |= {
                "document": {"S": to_json(stored.document)},
                "changed_by": {"S": stored.changed_by},
                "changed_at": {"S": stored.changed_at.isoformat()},
            }
        return {"Put": {"TableName": self._table.name, "Item": item}}


def _fits(commit: Commit) -> bool:
    """Whether the documents go into one transaction, an item each."""
    if len(commit.changes) > MAX_ATTACHED:
        return False
    return sum(len(to_json(change.document)) for change in commit.changes if change.document) <= MAX_BYTES


def _replace(state: State, head: Head, keys: Iterable[DocumentKey], found: Mapping[DocumentKey, Stored]) -> State:
    named = list(keys)
    touched: set[Section] = {section for section, _ in named}
    copied: dict[Section, dict[str, Stored]] = {section: dict(state.sections[section]) for section in touched}
    for section, document_id in named:
        if (section, document_id) in found:
            copied[section][document_id] = found[section, document_id]
        else:
            copied[section].pop(document_id, None)
    return State(head, {**state.sections, **copied})


def _stored(section: Section, item: Item) -> Stored | None:
    """The document; None for one that was deleted since the base."""
    if "document" not in item:
        return None
    try:
        document = MODELS[section].model_validate_json(item["document"]["S"])
    except ValidationError as error:
        raise StateError(f"{section}/{item['sk']['S']} is stored in a form that this version does not know") from error
    at = datetime.fromisoformat(item["changed_at"]["S"])
    return Stored(document, int(item["version"]["N"]), item["changed_by"]["S"], at)
