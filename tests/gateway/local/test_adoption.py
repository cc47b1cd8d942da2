"""A data directory that `gwctl up` of before has left: everything in it is in the database afterwards, once."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from admin.place import aws_client, budget
from admin.servers import start_aws
from gateway.local.local_place import place
from gwctl.admin.service import runtime
from gwctl.admin.service.changes import Actor, Expected
from gwctl.audit.chain import EMPTY, Head, to_line, usage_record
from gwctl.audit.policy_changes import verify
from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.quotas.store import NO_LEASE, Lease, Swap, WindowKey
from gwctl.ledger.usage.sums import UsageBatch
from gwctl.local.data_dir import KEPT, DataDir
from gwctl.local.database import own_url
from gwctl.local.issuer.client_directory import directory_at
from gwctl.local.issuer.store import digest
from gwctl.local.prepare import prepare
from gwctl.policy.documents import Budget, Documents, Team
from gwctl.stores.aws import local_names as names
from gwctl.stores.aws import local_resources as resources
from gwctl.stores.aws.audit.heads import HeadTable
from gwctl.stores.aws.audit.sent_changes import SentMark
from gwctl.stores.aws.audit.stream import AuditStream
from gwctl.stores.aws.policy.file import S3FileRecordStore
from gwctl.stores.aws.quotas import DynamoQuotaStore
from gwctl.stores.aws.usage import DynamoUsageTable
from gwctl.stores.interfaces import Credentials, FileRecord
from gwctl.stores.sql.audit import SqlHeads, SqlSentMark
from gwctl.stores.sql.clients import SqlClientDirectory
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.policy.documents import SqlDocumentStore
from gwctl.stores.sql.policy.snapshots import SqlFileRecordStore, SqlSnapshotStore
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.usage import SqlUsageTable
from support.ports import free_port

WINDOW = WindowKey("search-month", "nano_usd", "2026-11")
LEASE = Lease(outstanding=3, settled=17, mark=5, seq=9, writer="w", expires_at=1_900_000_000)
ACTOR = Actor("operator", "r")
DAY = date(2026, 11, 21)


@dataclass
class Old:
    """What was in it."""

    data: DataDir
    client: Credentials
    state: Any
    snapshot: Any


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Old]:
    """A directory of the format before, with policy, a client, spend, sums and an audit log."""
    data, port = DataDir(tmp_path_factory.mktemp("old") / "data"), free_port()
    data.create()
    url = f"http://127.0.0.1:{port}"
    with start_aws(data.aws, port):
        options: Any = names.client_options(url)
        resources.ensure(options)
        directory = directory_at(url, "local", names.REGION, None)
        admin = runtime.on_aws(resources.SETTINGS, [], directory, **options)
        put = partial(admin.service.put, expected=Expected(), actor=ACTOR)
        put("teams", Team(id="search"))
        put("budgets", Budget.model_validate(budget("search-month")))
        client = admin.clients.create("search", "ci", ACTOR).credentials
        many = {"teams": [{"id": f"t{n}"} for n in range(150)]}
        admin.applier.follow(Documents.model_validate(many), frozenset(), ACTOR)
        admin.service.put("teams", Team(id="t7", name="changed since"), Expected(any=True), ACTOR)
        dynamodb = aws_client("dynamodb", url)
        ledger = DynamoQuotaStore(dynamodb, names.LEDGER_TABLE)
        assert ledger.swap(Swap(WINDOW, "a1", NO_LEASE, LEASE)).applied
        assert ledger.claim(WINDOW, 80)
        HeadTable(dynamodb, names.LEDGER_TABLE).publish("a1", Head(1, "f" * 64), "2026-11-21T10:05:00Z")
        SentMark(dynamodb, names.LEDGER_TABLE).save(2)
        table = DynamoUsageTable(dynamodb, names.USAGE_TABLE)
        assert table.add(UsageBatch.of([event(0), event(1)]).updates, agent="a1", before=None, after="777")
        S3FileRecordStore(aws_client("s3", url), names.SNAPSHOT_BUCKET).write(FileRecord("abc", frozenset()))
        first, head = usage_record(json.loads(event(0).to_json()), "a1", EMPTY)
        second, _ = usage_record(json.loads(event(1).to_json()), "a1", head)
        stream = AuditStream(aws_client("firehose", url), names.AUDIT_STREAM)
        stream.put([to_line(first)])
        stream.put([to_line(second)])
        assert client
        yield Old(data, client, admin.documents.load(), admin.snapshots.snapshot(admin.snapshots.current() or 0))


def event(number: int) -> UsageEvent:
    return UsageEvent(
        id=f"e{number}",
        started_at=datetime(2026, 11, 21, 10, tzinfo=UTC),
        duration=1,
        team="search",
        client="ci",
        model="fast",
        status=200,
        outcome="served",
        input_tokens=10,
        cost_nano_usd=5,
    )


def test_nothing_is_changed_when_it_cannot_be_taken_over(old: Old):
    damaged = (names.REGION, names.LEDGER_TABLE, "damaged", json.dumps({"pk": {"S": "quota#x"}, "sk": {"S": "y"}}))
    with closing(sqlite3.connect(old.data.aws / "aws.sqlite3")) as file:
        file.execute("INSERT INTO items VALUES (?, ?, ?, ?)", damaged)
        file.commit()
        with pytest.raises(UserError, match="nothing was changed"):
            prepare(old.data, own_url(old.data))
        assert old.data.aws.is_dir()
        assert not old.data.database.exists()
        file.execute("DELETE FROM items WHERE key = 'damaged'")
        file.commit()


def test_everything_is_taken_over_once(old: Old):
    data = old.data
    assert prepare(data, own_url(data)) == {"adopted": True, "empty": False}
    assert not data.aws.exists()
    assert (data.state / KEPT / "aws.sqlite3").exists()
    database = Database.at(own_url(data))
    documents = SqlDocumentStore(database)
    assert documents.load() == old.state
    assert verify(reversed(documents.records())) is None
    snapshots = SqlSnapshotStore(database)
    assert snapshots.current() == old.state.version
    assert snapshots.snapshot(old.state.version) == old.snapshot
    assert all(snapshots.archive(version) for version in range(1, old.state.version + 1))
    window = SqlQuotaStore(database).read([WINDOW])[WINDOW]
    assert (window.committed, window.settled, window.leases) == (20, 17, {"a1": LEASE})
    assert window.notified == {80}
    usage = SqlUsageTable(database)
    assert usage.position("a1") == "777"
    (sums,) = usage.of_team("search", [DAY])
    assert sums.counts == {"requests": 2, "served": 2, "input_tokens": 20, "cost_nano_usd": 10}
    client = SqlClientDirectory(database, scopes.INVOKE).find(old.client.client_id)
    assert client
    assert client.secrets_sha256 == (digest(old.client.client_secret),)
    assert [head.head.sequence for head in SqlHeads(database).all()] == [1]
    assert SqlSentMark(database).version() == 2
    assert SqlFileRecordStore(database).read() == FileRecord("abc", frozenset())
    (file,) = data.audit.rglob("*.jsonl")
    assert sorted(json.loads(line)["sequence"] for line in file.read_text().splitlines()) == [0, 1]
    database.close()
    assert prepare(data, own_url(data)) == {"adopted": False, "empty": False}


def test_a_gateway_goes_on_with_it(old: Old, tmp_path: Path):
    if not old.data.aws.exists():  # the test before has taken it over
        (old.data.state / KEPT).rename(old.data.aws)
        old.data.database.unlink()
    with place(tmp_path) as here:
        old.data.root.rename(here.data.root)
        done = here.up()
        assert done.returncode == 0, done.stderr
        assert "what an earlier version kept is in" in here.data.log_of("supervisor").read_text()
        shown = here.gwctl("budgets", "show", "search-month", "-o", "json")
        assert json.loads(shown.stdout)["state"]["spent"] == 17
