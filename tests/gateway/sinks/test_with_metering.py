"""The shipper behind the real `metering`: rotation of the events' file, and a file that somebody moved away."""

from pathlib import Path

import pytest

from gateway.sinks.place import Aws, agent_settings
from gateway.sinks.test_shipper import drained
from gwctl.agent.metering import meter as metering
from gwctl.agent.metering.meter import Metering
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import UsageStatus
from gwctl.policy.snapshot import Snapshot
from support.audit_chain import verify
from unit.agent.test_metering import line, write
from unit.policy.examples import compiled


@pytest.fixture
def settings(aws: Aws, tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path, audit_stream=aws.stream, tables=aws.tables)


@pytest.fixture
def snapshot() -> Snapshot:
    return compiled()


def metered(settings: AgentSettings, snapshot: Snapshot, count: int) -> None:
    """So many requests, and an agent that meters them and ends."""
    history = SnapshotHistory(settings.history_dir)
    history.add(snapshot)
    for _ in range(count):
        write(settings, line(snapshot))
        while Metering(settings, history, UsageStatus()).step():
            pass


def counted(aws: Aws) -> int:
    return sum(row.counts["requests"] for row in aws.sums())


def test_parts_that_metering_puts_aside_are_followed(
    aws: Aws, settings: AgentSettings, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(metering, "EVENTS_PART_BYTES", 1)
    metered(settings, snapshot, 4)
    drained(settings)
    metered(settings, snapshot, 2)
    drained(settings)
    assert len(list(settings.events_file.parent.glob("usage-events.jsonl.*"))) >= 5
    records = aws.delivered()
    assert (len(records), counted(aws), verify(records).whole) == (6, 6, True)


def test_a_file_that_was_moved_away_costs_no_event(aws: Aws, settings: AgentSettings, snapshot: Snapshot):
    metered(settings, snapshot, 3)
    drained(settings)
    settings.events_file.rename(settings.events_file.with_name("mine.jsonl"))
    metered(settings, snapshot, 2)
    drained(settings)
    records = aws.delivered()
    assert (len(records), counted(aws), verify(records).whole) == (5, 5, True)
