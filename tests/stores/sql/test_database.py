"""Transactions, faults, and that nothing that is stored gets into an error."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import text

from gwctl.audit.chain import Head
from gwctl.ledger.quotas.store import NO_LEASE, Lease, StoreUnavailable, Swap, WindowKey
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql import database as database_module
from gwctl.stores.sql.audit import SqlClaims, SqlHeads, SqlSentMark
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.group import GroupCommit
from gwctl.stores.sql.policy.snapshots import SqlSnapshotReader
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.upkeep.migrate import migrate
from support.stores.postgresql import Server, running_postgresql, started

KEY = WindowKey("q", "nano_usd", "2026-11")


def swap(number: int = 0, outstanding: int = 1) -> Swap:
    return Swap(KEY, f"a{number}", NO_LEASE, Lease(outstanding=outstanding, seq=1, writer="w", expires_at=1), 1000)


def test_writes_that_come_together_share_a_commit(database: Database):
    begun, commits = Barrier(9), list[int]()
    group = GroupCommit(database, StoreUnavailable)

    def work(number: int) -> int:
        begun.wait()
        return group.run(str(number), lambda connection: connection.execute(text("SELECT 1")).scalar_one())

    original = group._carry_out

    def counted(jobs: list) -> None:
        commits.append(len(jobs))
        original(jobs)

    group._carry_out = counted
    with group._leader, ThreadPoolExecutor(9) as pool:
        results = [pool.submit(work, number) for number in range(8)]
        begun.wait()
        while len(group._waiting) < 8:
            pass
        group._leader.release()
        assert [result.result() for result in results] == [1] * 8
        group._leader.acquire()
    assert commits == [8]


def test_what_cannot_be_written_does_not_take_the_others_with_it(database: Database):
    group = GroupCommit(database, StoreUnavailable)
    with group._leader, ThreadPoolExecutor(2) as pool:
        good = pool.submit(group.run, "a", lambda connection: connection.execute(text("SELECT 7")).scalar_one())
        bad = pool.submit(group.run, "b", lambda connection: connection.execute(text("SELECT none")))
        while len(group._waiting) < 2:
            pass
        group._leader.release()
        assert good.result() == 7
        with pytest.raises(StoreUnavailable):
            bad.result()
        group._leader.acquire()


def test_of_many_agents_on_one_window_none_gets_more_than_the_limit(url: str, database: Database):
    databases = [Database.at(url) for _ in range(4)]
    stores = [SqlQuotaStore(each) for each in databases]

    def take(number: int) -> bool:
        return stores[number % 4].swap(swap(number, 100)).applied

    with ThreadPoolExecutor(16) as pool:
        assert sum(pool.map(take, range(40))) == 10
    assert stores[0].read([KEY])[KEY].committed == 1000
    for each in databases:
        each.close()


def test_a_locked_file_is_unavailable_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database_module, "BUSY_SECONDS", 0.05)
    database = Database.at(f"sqlite:///{tmp_path}/gateway.sqlite3")
    migrate(database)
    with closing(sqlite3.connect(tmp_path / "gateway.sqlite3")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable, match=r"gateway\.sqlite3: database is locked"):
            SqlQuotaStore(database).swap(swap())
    assert SqlQuotaStore(database).swap(swap()).applied
    database.close()


def test_a_full_file_is_unavailable_and_what_was_there_stays(tmp_path: Path):
    database = Database.at(f"sqlite:///{tmp_path}/gateway.sqlite3")
    migrate(database)
    with database.reading() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    database.close()
    with database.writing() as connection:
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StoreUnavailable, match="full"):
        SqlQuotaStore(database).swap(Swap(KEY, "a" * 100_000, NO_LEASE, swap().after, 1000))
    assert SqlQuotaStore(database).read([KEY]) == {}
    database.close()


def test_a_file_that_may_only_be_read_is_unavailable(tmp_path: Path):
    database = Database.at(f"sqlite:///{tmp_path}/gateway.sqlite3")
    migrate(database)
    database.close()
    with database.reading() as connection:  # the one that the pool gives out next, too
        connection.exec_driver_sql("PRAGMA query_only = ON")
    with pytest.raises(UnavailableError, match="readonly"):
        SqlSentMark(database).save(1)
    assert SqlSentMark(database).version() == 0
    database.close()


@pytest.fixture(scope="module")
def own_server():
    with running_postgresql("superuser_reserved_connections=0", "max_connections=3") as server:
        yield server


def test_without_a_connection_to_spare_it_is_unavailable_and_back_when_there_is_one(own_server: Server):
    url = own_server.new_database()
    database = Database.at(url)
    migrate(database)
    others = [Database.at(url) for _ in range(2)]
    held = [other.engine.connect() for other in others]
    database.close()
    more = Database.at(url).engine.connect()
    with pytest.raises(StoreUnavailable, match="too many clients"):
        SqlQuotaStore(database).swap(swap())
    for connection in (*held, more):
        connection.close()
    for other in others:
        other.close()
    more.engine.dispose()
    assert SqlQuotaStore(database).swap(swap()).applied
    database.close()


def test_a_read_only_server_is_unavailable_and_the_policy_can_still_be_read(postgresql: Server):
    url = postgresql.new_database()
    database = Database.at(url)
    migrate(database)
    name = database.url.database
    postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    database.close()
    with pytest.raises(StoreUnavailable, match="read-only"):
        SqlQuotaStore(database).swap(swap())
    with pytest.raises(UnavailableError, match="there is no policy"):
        SqlSnapshotReader(database).fetch()
    postgresql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
    database.close()
    assert SqlQuotaStore(database).swap(swap()).applied
    database.close()


def test_a_slow_statement_is_given_up_on(postgresql: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(database_module, "STATEMENT_MILLISECONDS", 50)
    database = Database.at(postgresql.new_database())
    with pytest.raises(UnavailableError, match="statement timeout"), database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    database.close()


def test_a_server_that_comes_back_is_used_again_and_nothing_is_lost():
    with running_postgresql() as server:
        database = Database.at(server.new_database())
        migrate(database)
        store = SqlQuotaStore(database)
        assert store.swap(swap()).applied
        server.process.stop(grace=0)
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="the database test_1"):
                store.swap(swap(1))
        with started(server.directory):
            assert store.swap(swap(1)).applied
            assert set(store.read([KEY])[KEY].leases) == {"a0", "a1"}
        database.close()


def test_no_error_has_what_was_to_be_stored(database: Database):
    with pytest.raises(UnavailableError) as wrong, database.writing() as connection:
        connection.execute(text("INSERT INTO notes (name, value) VALUES (:a, :b)"), {"a": None, "b": "confidential"})
    assert "confidential" not in str(wrong.value.__cause__).partition("DETAIL")[0] + str(wrong.value)


def test_the_heads_of_ten_minutes_are_one(database: Database):
    for number, at in ((1, 1200), (2, 1500), (3, 1800)):
        SqlHeads(database, lambda at=at: at).publish("a1", Head(number, f"{number}" * 64), "2026-11-29T10:00:00Z")
    assert [head.head.sequence for head in SqlHeads(database).all()] == [2, 3]


def test_a_job_is_one_agents_until_its_time_is_over(database: Database):
    now = 1000.0
    claims = SqlClaims(database, lambda: now)
    taken = [claims.claim("tidy", agent, 60) for agent in ("a", "b")]
    now += 60
    assert [*taken, claims.claim("tidy", "b", 60)] == [True, False, True]


def test_the_mark_of_sent_changes_is_kept(database: Database):
    mark = SqlSentMark(database)
    assert mark.version() == 0
    mark.save(7)
    assert mark.version() == 7
