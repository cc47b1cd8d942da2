"""A backup is everything, and goes back into an empty database of either kind."""

from pathlib import Path

import pytest

from gateway.sinks.place import event
from gwctl.cli.main import run
from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.ledger.quotas.store import NO_LEASE, Lease, Swap, WindowKey
from gwctl.ledger.usage.sums import UsageBatch
from gwctl.stores.sql.clients import SqlClientDirectory
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.upkeep.backup import backup, restore
from gwctl.stores.sql.upkeep.contents import contents
from gwctl.stores.sql.usage import SqlUsageTable
from support.stores.postgresql import Server

KEY = WindowKey("q", "nano_usd", "2026-11")
LEASE = Lease(outstanding=10, settled=10**18, seq=1, writer="w", expires_at=1)


@pytest.fixture
def full(database: Database) -> Database:
    """One with spend, usage, a client and records of requests."""
    assert SqlQuotaStore(database).swap(Swap(KEY, "a1", NO_LEASE, LEASE)).applied
    events = [event(number, started_at=f"2026-11-{number + 1:02}T10:00:00Z") for number in range(20)]
    usage = SqlUsageTable(database, RequestRecords(database))
    lines = [each.to_json() for each in events]
    assert usage.add(UsageBatch.of(events).updates, agent="a1", before=None, after="9", events=lines)
    SqlClientDirectory(database, scopes.INVOKE).create("ci")
    return database


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restored_database_goes_on_with_the_same_spend(full: Database, kind: str, tmp_path: Path, postgresql: Server):
    file = tmp_path / "gateway.backup"
    rows = backup(full, file)
    assert file.stat().st_mode & 0o077 == 0
    other = Database.at(f"sqlite:///{tmp_path}/other.sqlite3" if kind == "sqlite" else postgresql.new_database())
    assert restore(other, file) == rows
    assert contents(other) == contents(full)
    store = SqlQuotaStore(other)
    assert store.read([KEY]) == SqlQuotaStore(full).read([KEY])
    beyond = Swap(KEY, "a2", NO_LEASE, Lease(outstanding=1, seq=1, writer="w", expires_at=1), 10**18 + 10)
    assert not store.swap(beyond).applied, "what was spent before counts"
    assert SqlUsageTable(other).position("a1") == "9"
    with pytest.raises(UserError, match="is not empty"):
        restore(other, file)
    other.close()


def test_half_a_backup_restores_nothing(full: Database, tmp_path: Path):
    file = tmp_path / "gateway.backup"
    backup(full, file)
    other = Database.at(f"sqlite:///{tmp_path}/other.sqlite3")
    whole = file.read_bytes()
    for damaged in (b"not gzip", whole[: len(whole) // 2]):
        file.write_bytes(damaged)
        with pytest.raises(UserError, match="no backup"):
            restore(other, file)
    assert sum(contents(other)["rows"].values()) == 0
    other.close()


def test_the_commands_do_it(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    where = ("--database", url)
    assert run(["database", "status", *where]) == 1
    assert run(["database", "migrate", *where]) == 0
    assert run(["database", "migrate", *where]) == 0
    out = capsys.readouterr().out
    assert "from nothing to 0001." in out
    assert "revision 0001 already." in out
    assert run(["database", "status", "--json", *where]) == 0
    assert run(["database", "backup", str(tmp_path / "b"), *where]) == 0
    assert run(["database", "restore", str(tmp_path / "b"), "--database", f"sqlite:///{tmp_path}/new.sqlite3"]) == 0
    capsys.readouterr()
    assert run(["database", "backup", str(tmp_path / "b"), "--data-dir", str(tmp_path / "none")]) == 1
    assert "start a gateway with `gwctl up`" in capsys.readouterr().err
