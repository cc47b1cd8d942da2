"""Where audit logs are: in a directory, in a deployed environment, in a local gateway. Out: the log, checked."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from math import isinf
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any, Final

from gwctl.agent.reserve.tidying import lasting_windows
from gwctl.audit.chain import DatedHead, Head
from gwctl.audit.policy_changes import AuditRecord
from gwctl.audit.verify.check import NO_DELAY, Checked, Elsewhere, check
from gwctl.audit.verify.gone import Closed, close, gone_leases
from gwctl.audit.verify.reading import Days, Directory
from gwctl.audit.verify.spent import Spent
from gwctl.core.errors import UserError
from gwctl.ledger.quotas.store import StoreUnavailable
from gwctl.local.audit_log import LocalLog
from gwctl.policy.snapshot import Quota
from gwctl.stores.aws.audit.bucket import AuditBucket
from gwctl.stores.aws.audit.heads import HeadTable
from gwctl.stores.aws.audit.sent_changes import SentMark
from gwctl.stores.interfaces import UnavailableError

if TYPE_CHECKING:
    from gwctl.environments.deploy.applied import Applied
    from gwctl.local.data_dir import DataDir

DELIVERY_MARGIN: Final = timedelta(minutes=15)
"""How long after its buffer's time a file of Firehose may take until it is in the bucket."""

PAGE: Final = 1000


def in_directory(path: Path, days: Days, heads: tuple[str, ...] = ()) -> Checked:
    """A copy of a log's files; `heads` as SHARD:SEQUENCE:HASH. Raises UserError."""
    now = datetime.now(UTC)
    day = days.last or days.first or now.date()
    known = [DatedHead(shard, head, f"{day}", 0) for shard, head in map(_head, heads)]
    return check(Directory(path), days, Elsewhere(known), now=now)


def in_local_gateway(data: "DataDir", days: Days) -> Checked:
    """The log of a gateway on this machine. Raises UserError."""
    log = LocalLog(data)
    heads, changes, copied = log.elsewhere()  # first: what comes into the log meanwhile is not missed
    return check(log, days, Elsewhere(heads, changes, copied=copied), now=datetime.now(UTC))


def in_environment(name: str, days: Days) -> Checked:
    """The log of an environment that was deployed from this checkout. Raises UserError."""
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.project import Project

    return of_applied(Applied.read(Project.find().place(name)), days)


def of_applied(applied: "Applied", days: Days, on_record: Callable[[Mapping[str, Any]], None] | None = None) -> Checked:
    """The log of what was applied. Raises UserError."""
    from gwctl.stores.aws.clients import AWS_ERRORS
    from gwctl.stores.aws.policy.documents import DynamoDocumentStore

    dynamodb, tables = _client(applied, "dynamodb"), applied.output("table_names")
    store = DynamoDocumentStore(dynamodb, tables["documents"], tables["audit"])
    try:
        head = store.head()
        # What was changed since the head was read is not looked at; without a head it is all that there is.
        changes = [change for change in _changes(store) if change.version <= head.version or not head.version]
        heads = list(HeadTable(dynamodb, tables["ledger"]).all())
        copied = SentMark(dynamodb, tables["ledger"]).version()
    except (UnavailableError, *AWS_ERRORS) as error:
        raise UserError(
            f"the ledger of {applied.environment} cannot be read ({error}); log in to its account"
        ) from error
    log = AuditBucket(_client(applied, "s3"), applied.output("audit_bucket_name"))
    delay = timedelta(seconds=applied.output("audit_delivery_seconds")) + DELIVERY_MARGIN
    elsewhere = Elsewhere(heads, changes, Head(head.version, head.audit_sha256), copied)
    return check(
        log,
        days,
        elsewhere,
        now=datetime.now(UTC),
        delay=NO_DELAY if applied.endpoint else delay,  # the emulated one delivers at once
        on_record=on_record or (lambda _: None),
    )


def reconcile_applied(applied: "Applied", *, dry_run: bool = False, now: float | None = None) -> list[Closed]:
    """Closes the leases of agents that are gone, by the audit log; see `gone`. Raises UserError."""
    from gwctl.policy.state import StateError
    from gwctl.stores.aws.clients import AWS_ERRORS
    from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
    from gwctl.stores.aws.quotas import DynamoQuotaStore

    moment = time() if now is None else now
    snapshots = S3SnapshotStore(_client(applied, "s3"), applied.output("snapshot_bucket_name"))
    store = DynamoQuotaStore(_client(applied, "dynamodb"), applied.output("table_names")["ledger"])
    try:
        current = snapshots.snapshot(snapshots.current() or 0)
        in_force = current.quotas if current else {}
        keys = dict(lasting_windows(in_force, moment))
        leases = list(gone_leases(store.read(keys), moment))
        if not leases:
            return []

        @cache
        def quotas_of(label: str) -> Mapping[str, Quota]:
            version = label.partition(".")[0]
            snapshot = snapshots.snapshot(int(version)) if version.isdigit() else None
            return snapshot.quotas if snapshot else in_force

        spent = Spent([each.key for each in leases], quotas_of)
        start = min(keys[each.key].start for each in leases)
        first = None if isinf(start) else datetime.fromtimestamp(start, UTC).date()
        report = of_applied(applied, Days(first), spent.add).report
        return [close(store, each, spent, report, now=moment, dry_run=dry_run) for each in leases]
    except (UnavailableError, StoreUnavailable, StateError, *AWS_ERRORS) as error:
        raise UserError(f"the ledger of {applied.environment} cannot be reconciled ({error}); try again") from error


def _client(applied: "Applied", service: str) -> Any:
    import boto3

    from gwctl.environments.deploy.deployed import client_options

    make: Any = boto3.client
    return make(service, **client_options(applied))


def _changes(store: Any) -> list[AuditRecord]:
    found: list[AuditRecord] = []
    while page := store.records(before=found[-1].version if found else None, limit=PAGE):
        found += page
    return found[::-1]


def _head(text: str) -> tuple[str, Head]:
    shard, _, rest = text.rpartition(":")[0].rpartition(":")
    digest = text.rpartition(":")[2]
    if not shard or not rest.isdigit() or len(digest) != 64:
        raise UserError(f"--head {text} is not SHARD:SEQUENCE:HASH; the hash has 64 hexadecimal digits")
    return shard, Head(int(rest), digest)
