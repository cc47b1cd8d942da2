"""Policy documents and audit records in DynamoDB.

Two tables with the string keys `pk` and `sk`:

    documents   pk `<section>`  sk `<id>`       `document` (JSON), `version`, `changed_by`, `changed_at`
                pk `policy`     sk `head`       `version`, `audit_sha256`
    audit       pk `policy`     sk `<version>`  `record` (JSON) and, to search by: `actor`, `action`, `time`

A change is one transaction over both. Audit records are only ever added. They are also what `load_since` reads to
learn what has changed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from gwctl.audit.policy_changes import AuditRecord, DocumentChange
from gwctl.policy.state import MODELS, SECTIONS, Head, Section, State, StateError, Stored, to_json
from gwctl.stores.aws.clients import code_of
from gwctl.stores.interfaces import Commit, PolicyMovedError, UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

HEAD_KEY: Final = {"pk": {"S": "policy"}, "sk": {"S": "head"}}
AUDIT: Final = "policy"
BATCH_KEYS: Final = 100
MAX_BEHIND: Final = 500
"""So many versions are caught up with by reading what changed; after more of them everything is read."""

LOAD_ROUNDS: Final = 5
MOVED: Final = {"ConditionalCheckFailed", "TransactionConflict", "DuplicateItem"}
THROTTLED: Final = {"ProvisionedThroughputExceeded", "ThrottlingError"}

Item: TypeAlias = Mapping[str, Any]
DocumentKey: TypeAlias = tuple[Section, str]


class DynamoDocumentStore:
    """See `gwctl.stores.interfaces.DocumentStore`. Safe to share between threads."""

    def __init__(self, client: "DynamoDBClient", documents: str, audit: str) -> None:
        self._client: Any = client
        self._documents = documents
        self._audit = audit

    def head(self) -> Head:
        """See `DocumentStore.head`. One consistent GetItem."""
        item = self._get(HEAD_KEY)
        return Head(int(item["version"]["N"]), item["audit_sha256"]["S"]) if item else Head()

    def get(self, section: Section, document_id: str) -> Stored | None:
        """See `DocumentStore.get`. One consistent GetItem."""
        item = self._get(_key(section, document_id))
        return _stored(section, item) if item else None

    def load(self) -> State:
        """See `DocumentStore.load`. One Query for each section, then what was changed meanwhile."""
        for _ in range(LOAD_ROUNDS):
            head = self.head()
            sections: dict[Section, dict[str, Stored]] = {section: self._section(section) for section in SECTIONS}
            # Whatever is newer than `head` in it is named by a record after `head`, and so is read again.
            state = self.load_since(State(head, sections), self.head())
            if state is not None:
                return state
        raise UnavailableError(f"{self._documents}: the policy changes faster than it can be read")

    def load_since(self, state: State, head: Head) -> State | None:
        """See `DocumentStore.load_since`. A Query of the audit records, a BatchGetItem of what they name."""
        for _ in range(LOAD_ROUNDS):
            if not 0 < head.version - state.version <= MAX_BEHIND:
                return state if head == state.head else None
            records = self._records_between(state.version, head.version)
            whole = [record.version for record in records] == list(range(state.version + 1, head.version + 1))
            if not whole or records[-1].digest != head.audit_sha256:
                return None
            last: dict[DocumentKey, DocumentChange] = {
                (change.section, change.id): change for record in records for change in record.changes
            }
            there = sorted(key for key, change in last.items() if change.after_sha256 is not None)
            found = self._batch_get(there)
            if all(key in found and found[key].version <= head.version for key in there):
                return _replace(state, head, last, found)
            head = self.head()  # one of them was changed since
        return None

    def commit(self, commit: Commit) -> None:
        """See `DocumentStore.commit`. One TransactWriteItems."""
        writes = [self._head_write(commit), self._audit_write(commit)]
        writes += [self._document_write(commit, change.section, change.id) for change in commit.changes]
        with _translated(self._documents):
            self._client.transact_write_items(TransactItems=writes)

    def records(self, *, before: int | None = None, limit: int = 100) -> list[AuditRecord]:
        """See `DocumentStore.records`. One Query."""
        condition, values = "pk = :pk", {":pk": {"S": AUDIT}}
        if before is not None:
            condition, values = f"{condition} AND sk < :before", {**values, ":before": {"S": _sort_key(before)}}
        pages = self._query(self._audit, condition, values, limit=limit, newest_first=True)
        return [_record(item) for item in pages]

    def _records_between(self, after: int, last: int) -> list[AuditRecord]:
        values = {":pk": {"S": AUDIT}, ":first": {"S": _sort_key(after + 1)}, ":last": {"S": _sort_key(last)}}
        return [_record(item) for item in self._query(self._audit, "pk = :pk AND sk BETWEEN :first AND :last", values)]

    def _section(self, section: Section) -> dict[str, Stored]:
        items = self._query(self._documents, "pk = :pk", {":pk": {"S": section}})
        return {item["sk"]["S"]: _stored(section, item) for item in items}

    def _get(self, key: Item) -> Item | None:
        with _translated(self._documents):
            return self._client.get_item(TableName=self._documents, Key=key, ConsistentRead=True).get("Item")

    def _query(
        self, table: str, condition: str, values: Item, *, limit: int | None = None, newest_first: bool = False
    ) -> Iterator[Item]:
        more: dict[str, Any] = {"Limit": limit} if limit else {}
        left = limit
        while True:
            with _translated(table):
                answer = self._client.query(
                    TableName=table,
                    KeyConditionExpression=condition,
                    ExpressionAttributeValues=values,
                    ConsistentRead=True,
                    ScanIndexForward=not newest_first,
                    **more,
                )
            items = answer["Items"] if left is None else answer["Items"][:left]
            yield from items
            left = None if left is None else left - len(items)
            if "LastEvaluatedKey" not in answer or left == 0:
                return
            more["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _batch_get(self, keys: Sequence[DocumentKey]) -> dict[DocumentKey, Stored]:
        found: dict[DocumentKey, Stored] = {}
        for start in range(0, len(keys), BATCH_KEYS):
            wanted: Any = {
                self._documents: {
                    "Keys": [_key(*key) for key in keys[start : start + BATCH_KEYS]],
                    "ConsistentRead": True,
                }
            }
            for _ in range(LOAD_ROUNDS):
                with _translated(self._documents):
                    answer = self._client.batch_get_item(RequestItems=wanted)
                for item in answer["Responses"].get(self._documents, []):
                    section = item["pk"]["S"]
                    found[section, item["sk"]["S"]] = _stored(section, item)
                wanted = answer.get("UnprocessedKeys")
                if not wanted:
                    break
            else:
                raise UnavailableError(f"{self._documents}: throttled")
        return found

    def _head_write(self, commit: Commit) -> Any:
        before, head = commit.before.head, commit.after.head
        values = {":version": _number(head.version), ":digest": {"S": head.audit_sha256}}
        condition = "attribute_not_exists(pk)"
        if before.version:
            condition, values = "version = :before", {**values, ":before": _number(before.version)}
        return {
            "Update": {
                "TableName": self._documents,
                "Key": HEAD_KEY,
                "UpdateExpression": "SET version = :version, audit_sha256 = :digest",
                "ConditionExpression": condition,
                "ExpressionAttributeValues": values,
            }
        }

    def _audit_write(self, commit: Commit) -> Any:
        record = commit.record
        item = {
            "pk": {"S": AUDIT},
            "sk": {"S": _sort_key(record.version)},
            "record": {"S": record.model_dump_json()},
            "actor": {"S": record.actor},
            "action": {"S": record.action},
            "time": {"S": record.time.isoformat()},
        }
        return {"Put": {"TableName": self._audit, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}

    def _document_write(self, commit: Commit, section: Section, document_id: str) -> Any:
        before, after = commit.before.get(section, document_id), commit.after.get(section, document_id)
        write: dict[str, Any] = {"TableName": self._documents, "ConditionExpression": "attribute_not_exists(pk)"}
        if before:
            write["ConditionExpression"] = "version = :before"
            write["ExpressionAttributeValues"] = {":before": _number(before.version)}
        if after is None:
            return {"Delete": {**write, "Key": _key(section, document_id)}}
        item = {
            **_key(section, document_id),
            "document": {"S": to_json(after.document)},
            "version": _number(after.version),
            "changed_by": {"S": after.changed_by},
            "changed_at": {"S": after.changed_at.isoformat()},
        }
        return {"Put": {**write, "Item": item}}


@contextmanager
def _translated(table: str) -> Iterator[None]:
    """Errors of DynamoDB → those of `stores`."""
    try:
        yield
    except ClientError as error:
        response: Any = error.response
        reasons = {reason.get("Code") for reason in response.get("CancellationReasons", [])} - {"None", None}
        code = code_of(error)
        if code in {"TransactionInProgressException", "TransactionConflictException"} or (
            code == "TransactionCanceledException" and reasons and reasons <= MOVED | THROTTLED
        ):
            raise PolicyMovedError(f"{table}: {error}") from error
        raise UnavailableError(f"{table}: {error}") from error
    except BotoCoreError as error:
        raise UnavailableError(f"{table}: {error}") from error


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


def _key(section: Section, document_id: str) -> dict[str, Any]:
    return {"pk": {"S": section}, "sk": {"S": document_id}}


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}


def _sort_key(version: int) -> str:
    return f"{version:012d}"


def _stored(section: Section, item: Item) -> Stored:
    try:
        document = MODELS[section].model_validate_json(item["document"]["S"])
    except ValidationError as error:
        raise StateError(f"{section}/{item['sk']['S']} is stored in a form that this version does not know") from error
    at = datetime.fromisoformat(item["changed_at"]["S"])
    return Stored(document, int(item["version"]["N"]), item["changed_by"]["S"], at)


def _record(item: Item) -> AuditRecord:
    return AuditRecord.model_validate_json(item["record"]["S"])
