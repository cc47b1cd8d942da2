"""The ledger as `gwctl usage` needs it. In: an admin API, the ledger's store. Out: sums to compare, columns to show."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from gwctl.cli.tables import Column
from gwctl.core.errors import UserError
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.quotas.store import StoreUnavailable, WindowKey, WindowReader
from gwctl.ledger.quotas.windows import window_at
from gwctl.ledger.usage.dimensions import Sums
from gwctl.ledger.usage.periods import Period
from gwctl.ledger.usage.reconcile import USAGE_KEY, Difference, compare_windows, expected_windows
from gwctl.ledger.usage.report import COUNTERS, MAX_DAYS
from gwctl.policy.snapshot import Quota, Snapshot
from gwctl.policy.state import StateError
from gwctl.pricing import money
from gwctl.stores.interfaces import SnapshotStore, UnavailableError

if TYPE_CHECKING:
    from gwctl.audit.verify.reading import Source
    from gwctl.cli.admin.admin_client import AdminClient
    from gwctl.cli.admin.admin_options import Admin
    from gwctl.environments.deploy.applied import Applied


def _number(name: str) -> Column:
    title = {"input_tokens": "INPUT", "output_tokens": "OUTPUT", "cache_read_tokens": "CACHED"}.get(name, name.upper())
    rank = {"requests": 1, "input_tokens": 1, "output_tokens": 1}.get(name, 2)
    return Column(title, lambda row: f"{int(row.get(name, 0)):,}", rank, right=True)


def _amount(title: str, name: str, rank: int = 0) -> Column:
    return Column(title, lambda row: money.shown(int(row[name])), rank, right=True)


COLUMNS: Final = (
    Column("WHERE", lambda row: str(row["where"])),
    Column("WHAT", lambda row: str(row["what"])),
    Column("LEDGER", lambda row: f"{row['ledger']:,}", right=True),
    Column("EVENTS", lambda row: f"{row['events']:,}", right=True),
    Column("MISSING", lambda row: f"{row['missing']:,}", 1, right=True),
)
INVOICE_COLUMNS: Final = (
    Column("MODEL", lambda row: str(row["where"])),
    _amount("INVOICE", "invoice_nano_usd"),
    _amount("GATEWAY", "gateway_nano_usd"),
    _amount("DIFFERENCE", "missing_nano_usd", 1),
)


def usage_columns(dimensions: Sequence[str], clients: Mapping[str, str] | None = None) -> list[Column]:
    """The dimensions, the counters that matter most, and the cost. `clients`: id → name, of those that have one."""

    def dimension(name: str) -> Column:
        return Column(name.removeprefix("tag:").replace("_", " ").upper(), lambda row: cell(name, row))

    def cell(name: str, row: Mapping[str, Any]) -> str:
        value = str(row.get(name) or "")
        known = (clients or {}).get(value) if name == "client" else None
        return f"{known} ({value})" if known and known != value else value

    shown = ("requests", "refused", "failed", "input_tokens", "output_tokens", "cache_read_tokens", "estimated")
    return [*map(dimension, dimensions), *map(_number, shown), Column("COST", _cost, right=True)]


def _cost(row: Mapping[str, Any]) -> str:
    """What is known to be charged; answers of models without a price are no $0.00."""
    nano, unpriced = int(row["cost_nano_usd"]), int(row.get("unpriced", 0))
    if not unpriced:
        return money.shown(nano)
    return f"{money.shown(nano)} + {unpriced:,} unpriced" if nano else "unpriced"


def usage_total(dimensions: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One more row, with the sums."""
    sums: dict[str, Any] = {name: sum(int(row.get(name, 0)) for row in rows) for name in COUNTERS}
    return {**sums, dimensions[0]: "total"}


def invoice_total(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One more row, with the sums."""
    names = ("invoice_nano_usd", "gateway_nano_usd", "missing_nano_usd")
    return {"where": "total", **{name: sum(row[name] for row in rows) for name in names}}


def usage_sums(client: "AdminClient", period: Period) -> Sums:
    """The usage table by `USAGE_KEY`, team by team, as the admin API tells it. Raises UserError."""
    sums: Sums = {}
    for part in period.parts(MAX_DAYS):
        days = {"from": str(part.first), "to": str(part.last)}
        teams = [row["team"] for row in _rows(client, by="team", **days)]
        for team in teams:
            for row in _rows(client, by=",".join(USAGE_KEY), team=team, **days):
                key = tuple(str(row[name]) for name in USAGE_KEY)
                sums[key] = {name: int(row[name]) for name in COUNTERS}
    return sums


def _rows(client: "AdminClient", **query: str) -> Iterator[dict[str, Any]]:
    for page in client.pages("/usage", **query):
        yield from page["rows"]


def window_differences(admin: "Admin", events: Sequence[UsageEvent], period: Period) -> list[Difference]:
    """The differences between the windows of the quotas in force and the events, for windows of this period.

    `events` are those of `period.widened`, because a day or month begins elsewhere at another time. Quotas whose
    period has no end are left out: no report has all their events. Raises UserError.
    """
    ledger, snapshots = _ledger(admin)
    in_force = {name: quota for name, quota in _snapshot(snapshots).quotas.items() if quota.period != "total"}

    @cache
    def quotas_of(label: str) -> Mapping[str, Quota]:
        version = label.partition(".")[0]
        snapshot = snapshots.snapshot(int(version)) if version.isdigit() else None
        quotas = snapshot.quotas if snapshot else in_force
        return {name: quota for name, quota in quotas.items() if name in in_force}

    try:
        keys = _windows(in_force, events, period)
        expected = expected_windows(events, quotas_of)
        states = ledger.read(keys)
    except (StoreUnavailable, UnavailableError, StateError) as error:
        raise UserError(f"the ledger cannot be read ({error}); --no-windows leaves it out") from None
    settled = {key: state.settled for key, state in states.items()}
    return compare_windows(settled, {key: value for key, value in expected.items() if key in keys})


def _windows(quotas: Mapping[str, Quota], events: Sequence[UsageEvent], period: Period) -> set[WindowKey]:
    """The windows of the period: their middle lies in it. Of quotas by the minute, those with events."""
    begin, end = period.seconds
    moments = {int(event.started_at.timestamp() // 60) * 60 for event in events}
    keys: set[WindowKey] = set()
    for name, quota in quotas.items():
        at = begin - 86400
        while at < end + 86400 and quota.period != "minute":
            window = window_at(quota.period, quota.timezone, at)
            if begin <= (window.start + window.end) / 2 < end:
                keys.add(WindowKey(name, quota.unit, window.id))
            at = window.end
        if quota.period == "minute":
            inside = (at for at in moments if begin <= at < end)
            keys |= {WindowKey(name, quota.unit, window_at("minute", "UTC", at).id) for at in inside}
    return keys


def _ledger(admin: "Admin") -> tuple[WindowReader, SnapshotStore]:
    """The ledger, and the snapshots of the policy. Raises UserError."""
    if admin.environment is None:
        from gwctl.local.database import database_of
        from gwctl.stores.sql.policy.snapshots import SqlSnapshotStore
        from gwctl.stores.sql.quotas import SqlQuotaStore

        database = database_of(admin.data)
        return SqlQuotaStore(database), SqlSnapshotStore(database)
    from gwctl.environments.deploy.deployed import client_options
    from gwctl.stores.aws.clients import PATIENT, connect
    from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
    from gwctl.stores.aws.quotas import DynamoQuotaStore

    applied = applied_to(admin.environment)
    options = client_options(applied)
    ledger = DynamoQuotaStore(connect("dynamodb", PATIENT, **options), applied.output("table_names")["ledger"])
    bucket = str(applied.output("snapshot_bucket_name"))
    return ledger, S3SnapshotStore(connect("s3", PATIENT, **options), bucket)


def applied_to(environment: str) -> "Applied":
    """What an environment was built into. Raises UserError."""
    from gwctl.environments.deploy.applied import Applied
    from gwctl.environments.project import Project

    return Applied.read(Project.find().place(environment))


def audit_log(admin: "Admin") -> "Source":
    """The audit log's files. Raises UserError."""
    from gwctl.local.audit_log import LocalLog
    from gwctl.stores.aws.audit.bucket import AuditBucket

    if admin.environment is None:
        return LocalLog(admin.data)
    from gwctl.environments.deploy.deployed import client_options
    from gwctl.stores.aws.clients import PATIENT, connect

    applied = applied_to(admin.environment)
    return AuditBucket(connect("s3", PATIENT, **client_options(applied)), str(applied.output("audit_bucket_name")))


def _snapshot(snapshots: SnapshotStore) -> Snapshot:
    try:
        current = snapshots.current()
        found = None if current is None else snapshots.snapshot(current)
    except (UnavailableError, StateError) as error:
        raise UserError(f"the policy cannot be read ({error}); --no-windows leaves it out") from None
    if found is None:
        raise UserError("there is no policy yet; --no-windows leaves it out")
    return found
