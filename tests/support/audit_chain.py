"""The audit log's chains as the tests make and check them.

In: usage events. Out: the records that an agent makes of them, one behind the other. In: records. Out: the report.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gwctl.audit.chain import EMPTY, Head, Record, usage_record
from gwctl.audit.verify.records import Report, Verifier
from gwctl.ledger.metering.events import UsageEvent


def usage_records(events: Iterable[UsageEvent], shard: str = "a1") -> list[dict[str, Any]]:
    """The records of a new chain."""
    head = EMPTY
    records: list[dict[str, Any]] = []
    for event in events:
        record, head = usage_record(json.loads(event.to_json()), shard, head)
        records.append(record)
    return records


def verify(records: Iterable[Record], heads: Mapping[str, Sequence[Head]] | None = None) -> Report:
    """The report on a whole log, from its first record to the last."""
    verifier = Verifier()
    for record in records:
        verifier.add(record)
    return verifier.report(heads or {})
