"""The policy's audit records in DynamoDB. They are only ever added.

pk `policy`             sk `<version>`   `record` (JSON) and, to search by: `actor`, `action`, `time`
pk `policy#<version>`   sk `<part>`      `data`: a part of the list of documents, where the record is `detached`
"""

import gzip
import json
from collections.abc import Iterator
from typing import Any, Final

from gwctl.audit.policy_changes import AuditRecord
from gwctl.stores.aws.tables import Item, Table, chunks
from gwctl.stores.interfaces import CommitTooLargeError

PARTITION: Final = "policy"
MAX_BYTES: Final = 3_500_000
"""Of the lists of a record: a transaction takes 4 MB."""


class PolicyRecords:
    """The records in one table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def writes(self, record: AuditRecord) -> list[Any]:
        """What adds a record, as parts of a transaction. Raises CommitTooLargeError."""
        items: list[Item] = [
            {
                "pk": {"S": PARTITION},
                "sk": {"S": sort_key(record.version)},
                "record": {"S": record.link},
                "actor": {"S": record.actor},
                "action": {"S": record.action},
                "time": {"S": record.time.isoformat()},
            }
        ]
        if record.detached:
            lists = gzip.compress(json.dumps(record.model_dump(mode="json")["changes"]).encode(), mtime=0)
            if len(lists) > MAX_BYTES:
                raise CommitTooLargeError
            items += [
                {"pk": _parts(record.version), "sk": {"S": f"{index:04d}"}, "data": {"B": data}}
                for index, data in enumerate(chunks(lists))
            ]
        put = {"TableName": self._table.name, "ConditionExpression": "attribute_not_exists(pk)"}
        return [{"Put": {**put, "Item": item}} for item in items]

    def newest(self, before: int | None, limit: int) -> list[AuditRecord]:
        """Those of the versions below `before`, newest first. Raises UnavailableError."""
        condition, values = "pk = :pk", {":pk": {"S": PARTITION}}
        if before is not None:
            condition, values = f"{condition} AND sk < :before", {**values, ":before": {"S": sort_key(before)}}
        return [self._record(item) for item in self._table.query(condition, values, limit=limit, newest_first=True)]

    def between(self, after: int, last: int) -> Iterator[AuditRecord]:
        """Those of the versions after `after` up to `last`, oldest first. Raises UnavailableError."""
        values = {":pk": {"S": PARTITION}, ":first": {"S": sort_key(after + 1)}, ":last": {"S": sort_key(last)}}
        for item in self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values):
            yield self._record(item)

    def _record(self, item: Item) -> AuditRecord:
        record = AuditRecord.model_validate_json(item["record"]["S"])
        if not record.detached:
            return record
        parts = self._table.query("pk = :pk", {":pk": _parts(record.version)})
        lists = b"".join(part["data"]["B"] for part in parts)
        return AuditRecord.model_validate({**record.model_dump(), "changes": json.loads(gzip.decompress(lists))})


def sort_key(version: int) -> str:
    """A version as a key: keys are sorted as text."""
    return f"{version:012d}"


def _parts(version: int) -> dict[str, str]:
    return {"S": f"{PARTITION}#{version}"}
