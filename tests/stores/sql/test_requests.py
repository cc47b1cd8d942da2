"""Records of requests: one row for each event, listed newest first, and gone when their days are over."""

from datetime import UTC, datetime

import pytest

from gateway.sinks.place import event
from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.usage.sums import UsageBatch
from gwctl.stores.requests import RequestQuery
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.request_log import SqlRequestLog
from gwctl.stores.sql.upkeep.expiry import SqlExpiry
from gwctl.stores.sql.usage import SqlUsageTable

EVENTS = [
    event(number, started_at=datetime(2026, 11, 20 + number // 10, 10, number % 60, tzinfo=UTC), team="ab"[number % 2])
    for number in range(30)
]


def add(database: Database, events: list[UsageEvent], before: str | None, after: str) -> bool:
    table = SqlUsageTable(database, RequestRecords(database))
    lines = [each.to_json() for each in events]
    return table.add(UsageBatch.of(events).updates, agent="a1", before=before, after=after, events=lines)


@pytest.fixture
def log(database: Database) -> SqlRequestLog:
    assert add(database, EVENTS, None, "30")
    return SqlRequestLog(database)


def test_each_event_is_a_row_once_whatever_is_repeated(database: Database, log: SqlRequestLog):
    assert not add(database, EVENTS, None, "30"), "the agent's position says that they are in"
    rows = log.page(RequestQuery(), limit=100).rows
    assert [row["id"] for row in rows] == [each.id for each in reversed(EVENTS)]


def test_a_row_says_what_the_event_did(log: SqlRequestLog):
    row = log.find("event-7")
    assert row
    shown = {name: row[name] for name in ("team", "status", "latency_ms", "cost_nano_usd", "total_tokens")}
    assert shown == {"team": "b", "status": "success", "latency_ms": 1500.0, "cost_nano_usd": 1000, "total_tokens": 120}
    assert "prompt" not in row
    assert log.find("no-such-event") is None


def test_pages_follow_each_other_while_more_comes_in(database: Database, log: SqlRequestLog):
    first = log.page(RequestQuery(team="a"), limit=10)
    assert add(database, [event(99, started_at=datetime(2026, 11, 23, tzinfo=UTC), team="a")], "30", "31")
    second = log.page(RequestQuery(team="a"), limit=10, after=first.next)
    assert [row["id"] for row in (*first.rows, *second.rows)] == [e.id for e in reversed(EVENTS) if e.team == "a"]
    assert second.next is None
    with pytest.raises(ValueError, match="not the end of a page"):
        log.page(RequestQuery(), limit=1, after="{}")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        (RequestQuery(client="indexer"), 30),
        (RequestQuery(route="fast", status="success"), 30),
        (RequestQuery(provider="nobody"), 0),
        (RequestQuery(min_cost_nano_usd=1001), 0),
        (RequestQuery(min_latency_ms=1500), 30),
        (RequestQuery(since=datetime(2026, 11, 22, tzinfo=UTC)), 10),
        (RequestQuery(until=datetime(2026, 11, 21, 10, 15, tzinfo=UTC)), 15),
    ],
)
def test_what_is_asked_for_comes_back(log: SqlRequestLog, query: RequestQuery, count: int):
    assert len(log.page(query, limit=100).rows) == count


def test_days_that_are_over_are_dropped(database: Database, log: SqlRequestLog):
    now = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
    SqlExpiry(database, RequestRecords(database), record_days=1).expire(now)
    assert {row["day"] for row in log.page(RequestQuery(), limit=100).rows} == {"2026-11-22"}
