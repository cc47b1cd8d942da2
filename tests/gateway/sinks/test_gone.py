"""Two agents, one of them dead: what it had leased is given back, and the ledger stays small."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.sinks.place import REGION, Aws, Events, agent_settings, event
from gwctl.agent.reserve.tidying import Tidying
from gwctl.agent.sinks.shipper import EventShipper
from gwctl.agent.sinks.status import ShippingStatus
from gwctl.audit.chain import columns_of
from gwctl.audit.verify.spent import Spent
from gwctl.cli.show import audit as audit_command
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.audit_log import reconcile_applied
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.reconcile import ARCHIVE_SECONDS, GRACE_SECONDS
from gwctl.ledger.quotas.store import Lease, QuotaStore, Swap, WindowKey, WindowState
from gwctl.policy.snapshot import Quota, Snapshot
from gwctl.stores.aws.jobs import JobClaims
from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
from gwctl.stores.aws.quotas import DynamoQuotaStore
from support.audit_chain import usage_records
from support.stores.dynamodb_local import create_ledger_table
from unit.policy.examples import compiled

NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC).timestamp()
MONTH = WindowKey("search-month", "nano_usd", "2026-11")


@pytest.fixture
def snapshot() -> Snapshot:
    """Team search may spend $100 a month."""
    return compiled()


@pytest.fixture
def applied(aws: Aws, snapshot: Snapshot) -> Applied:
    """`aws` as if it had been deployed, with the snapshot in force."""
    bucket = f"{aws.name}-policy"
    aws.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    S3SnapshotStore(aws.client("s3"), bucket).publish(snapshot, b"")
    names = {each: create_ledger_table(aws.client("dynamodb"), f"{aws.name}-{each}") for each in ("documents", "audit")}
    outputs = {
        "table_names": {**aws.tables.model_dump(), **names},
        "audit_bucket_name": aws.bucket,
        "audit_delivery_seconds": 300,
        "snapshot_bucket_name": bucket,
    }
    return Applied("test", "123456789012", REGION, aws.url, outputs)


@pytest.fixture
def store(aws: Aws) -> DynamoQuotaStore:
    return DynamoQuotaStore(aws.client("dynamodb"), aws.tables.ledger)


def leased(store: QuotaStore, agent: str, *, settled: int, outstanding: int, expires_at: float) -> None:
    lease = Lease(outstanding, settled, mark=0, seq=1, writer="w", expires_at=int(expires_at))
    assert store.swap(Swap(MONTH, agent, Lease(), lease)).applied


def state(store: QuotaStore) -> WindowState:
    return store.read([MONTH])[MONTH]


def shipped(aws: Aws, root: Path, agent: str, events: list[UsageEvent]) -> None:
    root.mkdir()
    settings = agent_settings(root, audit_stream=aws.stream, tables=aws.tables)
    Events(settings).write(events)
    assert asyncio.run(EventShipper(settings, ShippingStatus(), agent).drain(30))


@pytest.fixture
def fleet(aws: Aws, store: DynamoQuotaStore, snapshot: Snapshot, tmp_path: Path) -> None:
    """`gone` has spent 30,000, of which the ledger has 10,000, and 65,000 more leased; `here` is alive."""
    leased(store, "gone", settled=10_000, outstanding=85_000, expires_at=NOW - GRACE_SECONDS)
    leased(store, "here", settled=5_000, outstanding=20_000, expires_at=NOW + 300)
    shipped(aws, tmp_path / "gone", "gone", [event(n, policy=snapshot.label) for n in range(30)])
    shipped(aws, tmp_path / "here", "here", [event(n, policy=snapshot.label) for n in range(5)])


def test_the_dead_agents_lease_is_closed_at_what_it_spent(fleet: None, applied: Applied, store: DynamoQuotaStore):
    (closed,) = reconcile_applied(applied, now=NOW)
    assert (closed.gone.agent, closed.audited, closed.given_back, closed.problem) == ("gone", 30_000, 65_000, None)
    after = state(store)
    assert (after.settled, after.committed) == (35_000, 55_000)
    assert after.leases["gone"].closed
    assert not after.leases["here"].closed


def test_the_second_time_nothing_happens(fleet: None, applied: Applied, store: DynamoQuotaStore):
    reconcile_applied(applied, now=NOW)
    before = state(store)
    assert reconcile_applied(applied, now=NOW) == []
    assert state(store) == before


def test_a_dry_run_says_the_same_and_changes_nothing(fleet: None, applied: Applied, store: DynamoQuotaStore):
    before = state(store)
    (closed,) = reconcile_applied(applied, now=NOW, dry_run=True)
    assert (closed.audited, closed.given_back) == (30_000, 65_000)
    assert state(store) == before


def test_too_early_nothing_happens(fleet: None, applied: Applied):
    assert reconcile_applied(applied, now=NOW - 5) == []


def test_an_agent_whose_chain_is_broken_keeps_its_lease(
    fleet: None, applied: Applied, store: DynamoQuotaStore, aws: Aws
):
    s3, before = aws.client("s3"), state(store)
    for item in s3.list_objects_v2(Bucket=aws.bucket)["Contents"]:
        if b'"shard":"gone"' in s3.get_object(Bucket=aws.bucket, Key=item["Key"])["Body"].read():
            s3.delete_object(Bucket=aws.bucket, Key=item["Key"])
    (closed,) = reconcile_applied(applied, now=NOW)
    assert "is broken" in str(closed.problem)
    assert state(store) == before


def test_a_log_that_knows_less_than_the_ledger_changes_nothing(
    applied: Applied, aws: Aws, store: DynamoQuotaStore, snapshot: Snapshot, tmp_path: Path
):
    leased(store, "gone", settled=10_000, outstanding=1, expires_at=NOW - GRACE_SECONDS)
    shipped(aws, tmp_path / "gone", "gone", [event(1, policy=snapshot.label)])
    (closed,) = reconcile_applied(applied, now=NOW)
    assert "less than the 10000 that the ledger has" in str(closed.problem)


def test_the_command_says_what_was_done(
    fleet: None, applied: Applied, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (closed,) = reconcile_applied(applied, now=NOW)
    words = "search-month/nano_usd/2026-11: agent gone has spent 30000, 65000 given back"
    assert audit_command._closed(closed, dry_run=False) == words  # pyright: ignore[reportPrivateUsage]


def spent(events: list[UsageEvent], quotas: Mapping[str, Quota], key: WindowKey, copies: int = 1) -> int:
    records = usage_records(events)
    found = Spent([key], lambda label: quotas if label != "before" else {})
    for record in records * copies:
        found.add(columns_of(record))
    return found.of("a1", key)


@pytest.fixture
def quota(snapshot: Snapshot) -> Quota:
    return snapshot.quotas["search-month"]


def test_a_copy_is_not_spent_twice(quota: Quota):
    assert spent([event(1)], {"search-month": quota}, MONTH, copies=3) == 1000


def test_only_what_the_scope_covers_is_counted(quota: Quota):
    assert spent([event(1), event(2, team="other"), event(3, team=None)], {"search-month": quota}, MONTH) == 1000


def test_only_what_falls_into_the_window_is_counted(quota: Quota):
    berlin = quota.model_copy(update={"timezone": "Europe/Berlin"})
    last = event(1, started_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC))
    assert spent([last], {"search-month": quota}, MONTH) == 1000
    assert spent([last], {"search-month": berlin}, MONTH) == 0


def test_what_was_served_before_the_quota_was_made_is_not_counted(quota: Quota):
    events = [event(1, policy="before"), event(2, policy="after")]
    assert spent(events, {"search-month": quota}, MONTH) == 1000


@pytest.mark.parametrize(("unit", "expected"), [("nano_usd", 2000), ("tokens", 240), ("requests", 2)])
def test_each_unit_is_counted_as_the_ledger_does(quota: Quota, unit: str, expected: int):
    quotas = {"q": quota.model_copy(update={"unit": unit})}
    refused = event(3, outcome="refused", cost_nano_usd=0, input_tokens=0, output_tokens=0)
    key = WindowKey.parse(f"q/{unit}/2026-11")
    assert spent([event(1), event(2), refused], quotas, key) == expected


# One agent of the fleet at a time.


def test_one_agent_at_a_time_has_the_job(either_aws: Aws):
    clock = [1000.0]
    claims = JobClaims(either_aws.client("dynamodb"), either_aws.tables.ledger, lambda: clock[0])
    assert [claims.claim("tidy", agent, 60) for agent in ("a", "b", "a")] == [True, False, False]
    clock[0] += 59
    assert not claims.claim("tidy", "b", 60)


def test_an_agent_that_died_at_work_holds_the_job_up_until_its_time_is_over(either_aws: Aws):
    clock = [1000.0]
    claims = JobClaims(either_aws.client("dynamodb"), either_aws.tables.ledger, lambda: clock[0])
    assert claims.claim("tidy", "dead", 60)
    clock[0] += 60
    assert [claims.claim("tidy", agent, 60) for agent in ("b", "c")] == [True, False]


def test_closed_leases_are_archived_by_one_of_two_agents(aws: Aws, quota: Quota):
    store = ModelStore()
    leased(store, "gone", settled=700, outstanding=0, expires_at=NOW - ARCHIVE_SECONDS - 1)
    leased(store, "here", settled=5, outstanding=3, expires_at=NOW + 300)
    gone = state(store).leases["gone"]
    assert store.swap(Swap(MONTH, "gone", gone, replace(gone, seq=2, closed=True))).applied
    claims = JobClaims(aws.client("dynamodb"), aws.tables.ledger)
    agents = [Tidying(store, claims, name, lambda: {"search-month": quota}, clock=lambda: NOW) for name in "ab"]
    assert [agent.step() for agent in agents] == [1, None]
    after = state(store)
    assert (set(after.leases), after.archived, after.settled) == ({"here"}, 700, 705)
