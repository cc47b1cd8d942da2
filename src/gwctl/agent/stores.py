"""Where the agent keeps what it counts, and what it follows. In: settings. Out: the stores of one family.

`database_url` chooses: a relational database, or with `dynamodb://` and without one AWS, whose resources the other
settings name. What is not named is None, and not done. Each family is imported when it is the one.
"""

from dataclasses import dataclass
from typing import Final

from gwctl.agent.settings import AgentSettings
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.stores.interfaces import (
    AuditSink,
    Claims,
    DocumentStore,
    Expiry,
    HeadWriter,
    SentMarks,
    SnapshotReader,
    UsageWriter,
)

WRITES_AT_ONCE: Final = 8


@dataclass(frozen=True)
class Changes:
    """What copies changes of the policy into the audit log."""

    documents: DocumentStore
    sent: SentMarks


@dataclass(frozen=True)
class AgentStores:
    """See the module. `expiry` is None where the store itself deletes what is old."""

    snapshot: SnapshotReader | None = None
    quotas: QuotaStore | None = None
    usage: UsageWriter | None = None
    audit: AuditSink | None = None
    heads: HeadWriter | None = None
    claims: Claims | None = None
    changes: Changes | None = None
    expiry: Expiry | None = None


def stores_of(settings: AgentSettings) -> AgentStores:
    """The stores that the settings name. Raises UserError: they cannot be had."""
    return _on_database(settings) if settings.on_database else _on_aws(settings)


def _on_database(settings: AgentSettings) -> AgentStores:
    from gwctl.stores.files.audit import AuditFiles
    from gwctl.stores.sql.audit import SqlClaims, SqlHeads, SqlSentMark
    from gwctl.stores.sql.database import Database
    from gwctl.stores.sql.policy.documents import SqlDocumentStore
    from gwctl.stores.sql.policy.snapshots import SqlSnapshotReader
    from gwctl.stores.sql.quotas import SqlQuotaStore
    from gwctl.stores.sql.records import RequestRecords
    from gwctl.stores.sql.upkeep.expiry import SqlExpiry
    from gwctl.stores.sql.usage import SqlUsageTable

    assert settings.database_url
    database = Database.at(settings.database_url)
    records = RequestRecords(database)
    return AgentStores(
        snapshot=SqlSnapshotReader(database),
        quotas=SqlQuotaStore(database),
        usage=SqlUsageTable(database, records if settings.record == "metadata" else None),
        audit=AuditFiles(settings.audit_dir) if settings.audit_dir else None,
        heads=SqlHeads(database),
        claims=SqlClaims(database),
        changes=Changes(SqlDocumentStore(database), SqlSentMark(database)),
        expiry=SqlExpiry(database, records, settings.record_days),
    )


def _on_aws(settings: AgentSettings) -> AgentStores:
    from gwctl.stores.aws import clients
    from gwctl.stores.aws.audit.heads import HeadTable
    from gwctl.stores.aws.audit.sent_changes import SentMark
    from gwctl.stores.aws.audit.stream import AuditStream
    from gwctl.stores.aws.jobs import JobClaims
    from gwctl.stores.aws.policy.documents import DynamoDocumentStore
    from gwctl.stores.aws.policy.snapshots import S3SnapshotReader
    from gwctl.stores.aws.quotas import DynamoQuotaStore, connect
    from gwctl.stores.aws.usage import DynamoUsageTable

    region, tables, place = settings.region, settings.tables, settings.snapshot
    stream, snapshot = settings.audit_stream, None
    if place:
        snapshot = S3SnapshotReader(place, lambda: clients.connect("s3", clients.QUICK, region_name=region))
    audit = AuditStream(clients.for_agent("firehose", region), stream) if stream else None
    if tables is None:
        return AgentStores(snapshot=snapshot, audit=audit)
    dynamodb, changes = clients.for_agent("dynamodb", region), None
    if tables.audit:  # nothing but its audit table is read
        documents = DynamoDocumentStore(dynamodb, documents="", audit=tables.audit)
        changes = Changes(documents, SentMark(dynamodb, tables.ledger))
    return AgentStores(
        snapshot=snapshot,
        quotas=DynamoQuotaStore(connect(region, connections=WRITES_AT_ONCE), tables.ledger),
        usage=DynamoUsageTable(dynamodb, tables.usage),
        audit=audit,
        heads=HeadTable(dynamodb, tables.ledger),
        claims=JobClaims(dynamodb, tables.ledger),
        changes=changes,
    )
