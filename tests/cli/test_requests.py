"""`gwctl requests`: from a real admin API over a real database."""

import json

import pytest

from admin.servers import RunningAdmin
from cli.conftest import Gwctl
from cli.usage_events import event
from gwctl.ledger.usage.sums import UsageBatch
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.usage import SqlUsageTable


@pytest.fixture
def recorded(server: RunningAdmin, name: str) -> list[str]:
    """The ids of three requests of a team, oldest first; the last one has failed."""
    events = [event(name, at=f"2026-11-21T10:0{minute}:00") for minute in range(2)]
    events.append(event(name, at="2026-11-21T10:05:00", outcome="failed", status=502, error_type="timeout"))
    table, lines = SqlUsageTable(server.database, RequestRecords(server.database)), [each.to_json() for each in events]
    assert table.add(UsageBatch.of(events).updates, agent=name, before=None, after="1", events=lines)
    return [each.id for each in events]


def test_the_newest_come_first(gw: Gwctl, recorded: list[str], name: str):
    rows = gw("requests", "list", "--team", name, "-o", "json").json()
    assert [row["id"] for row in rows] == recorded[::-1]
    assert (rows[0]["status"], rows[0]["error_message"], rows[1]["cost_nano_usd"]) == ("failure", "timeout", 30_000)
    lines = gw("requests", "list", "--team", name, "--status", "success", "--limit", "1").ok().out.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith(recorded[1])


def test_one_is_shown_and_one_that_is_not_there_is_said(gw: Gwctl, recorded: list[str]):
    assert json.loads(gw("requests", "show", recorded[0], "-o", "json").ok().out)["total_tokens"] == 120
    assert "there is no request 'none'" in gw("requests", "show", "none").failed()


def test_the_tail_ends_with_the_newest(gw: Gwctl, recorded: list[str], name: str):
    lines = gw("requests", "tail", "--team", name).ok().out.splitlines()
    assert [line.split()[-1] for line in lines] == recorded


def test_a_wrong_filter_is_told(gw: Gwctl):
    assert "status" in gw("requests", "list", "--status", "odd").failed()
