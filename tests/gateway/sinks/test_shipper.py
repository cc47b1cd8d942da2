"""The shipper: every event in the audit log at least once, in the sums exactly once, whatever happens."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.sinks.place import Aws, Events, agent_settings, event
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.shipper import EventShipper, audit_checkpoint
from gwctl.agent.sinks.status import ShippingStatus
from gwctl.audit.chain import Head
from gwctl.stores.aws.audit.heads import HeadTable
from support.audit_chain import verify
from support.ports import free_port
from support.processes import wait_until
from support.stores.dynamodb_local import create_ledger_table


def drained(settings: AgentSettings, agent: str = "a1", **options: Any) -> ShippingStatus:
    """Ships what there is with a shipper of its own, as after a restart."""
    status = ShippingStatus()
    assert asyncio.run(EventShipper(settings, status, agent, **options).drain(30))
    return status


def left_over(settings: AgentSettings, seconds: float = 1.0) -> tuple[EventShipper, ShippingStatus]:
    """Tries to ship, in vain."""
    status = ShippingStatus()
    shipper = EventShipper(settings, status, "a1")
    assert not asyncio.run(shipper.drain(seconds))
    return shipper, status


def test_each_event_becomes_a_record_and_is_counted(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n) for n in range(1200))
    status = drained(settings)
    assert [each["id"] for each in aws.delivered()] == [f"event-{n}" for n in range(1200)]
    (row,) = aws.sums()
    assert (row.counts["requests"], row.counts["cost_nano_usd"]) == (1200, 1_200_000)
    assert (status.recorded, status.summed, status.backlog_bytes) == (1200, 1200, 0)


def test_records_hang_together_over_restarts(aws: Aws, settings: AgentSettings, events: Events):
    for start in range(0, 9, 3):
        events.write(event(n) for n in range(start, start + 3))
        drained(settings)
    records = aws.delivered()
    assert [each["sequence"] for each in records] == list(range(9))
    assert {each["shard"] for each in records} == {"a1"}
    assert verify(records).whole


def test_what_is_not_committed_is_not_sent(aws: Aws, settings: AgentSettings, events: Events):
    events.write([event(1)])
    events.write_uncommitted(event(2).to_json(), b'{"half')
    drained(settings)
    assert [each["id"] for each in aws.delivered()] == ["event-1"]


def test_events_of_parts_that_were_put_aside_are_sent_too(aws: Aws, settings: AgentSettings, events: Events):
    for number in range(5):
        events.write([event(number)])
        events.rotate()
    drained(settings)
    assert [each["id"] for each in aws.delivered()] == [f"event-{n}" for n in range(5)]


def test_more_clients_than_one_transaction_takes(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n, client=f"client-{n % 150}") for n in range(450))
    drained(settings)
    assert {row.client: row.counts["requests"] for row in aws.sums()} == {f"client-{n}": 3 for n in range(150)}


def test_an_event_whose_answer_was_lost_is_not_counted_twice(aws: Aws, settings: AgentSettings, events: Events):
    """The sums have it, the shipper does not know: as after a kill between the two."""
    events.write(event(n) for n in range(10))
    drained(settings)
    audit_checkpoint(settings.state_dir).unlink()
    drained(settings)
    (row,) = aws.sums()
    assert row.counts["requests"] == 10


def test_records_sent_again_are_copies(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n) for n in range(10))
    drained(settings)
    audit_checkpoint(settings.state_dir).unlink()
    drained(settings)
    records = aws.delivered()
    report = verify(records)
    assert (len(records), report.duplicates, report.whole) == (20, 10, True)
    assert records[::2] == records[1::2]


def test_parts_that_everybody_has_are_deleted_but_for_the_newest(aws: Aws, settings: AgentSettings, events: Events):
    for number in range(6):
        events.write([event(number)])
        events.rotate()
    size = len(event().to_json()) + 1
    shipper = EventShipper(settings, ShippingStatus(), "a1", kept_bytes=2 * size, pace=0.01)
    asyncio.run(run_until(shipper, lambda: len(parts(settings)) <= 2))
    assert [json.loads(part.read_bytes())["id"] for part in parts(settings)] == ["event-4", "event-5"]


def test_parts_that_were_not_sent_stay(aws: Aws, settings: AgentSettings, events: Events):
    for number in range(6):
        events.write([event(number)])
        events.rotate()
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName=aws.stream)
    shipper = EventShipper(settings, ShippingStatus(), "a1", kept_bytes=0, pace=0.01)
    asyncio.run(run_until(shipper, lambda: len(aws.sums()) == 1))
    assert len(parts(settings)) == 6
    aws.create_stream()
    drained(settings)
    assert len(aws.delivered()) == 6


def test_an_audit_log_that_is_down_does_not_hold_up_the_sums(aws: Aws, settings: AgentSettings, events: Events):
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName=aws.stream)
    events.write([event(1)])
    _, status = left_over(settings)
    assert len(aws.sums()) == 1
    assert "audit log" in status.problems
    assert "usage table" not in status.problems


def test_the_backlog_is_what_some_sink_does_not_have(aws: Aws, settings: AgentSettings, events: Events):
    aws.client("firehose").delete_delivery_stream(DeliveryStreamName=aws.stream)
    events.write([event(1), event(2)])
    shipper, status = left_over(settings)
    assert shipper.backlog_bytes == status.backlog_bytes == settings.events_file.stat().st_size
    assert shipper.lag_seconds > 0


def test_a_backlog_at_its_bound_is_said_loudly(
    aws: Aws, tmp_path: Path, settings: AgentSettings, events: Events, caplog: pytest.LogCaptureFixture
):
    bounded = agent_settings(tmp_path, audit_stream="not-there", tables=aws.tables, max_backlog_bytes=100)
    events.write([event(1)])
    shipper, status = left_over(bounded)
    assert shipper.full
    assert status.full
    assert "quotas that block refuse" in caplog.text


def test_nobody_at_the_other_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Aws):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
    settings = agent_settings(tmp_path, audit_stream="s", tables=aws.tables)
    Events(settings).write([event(1)])
    _, status = left_over(settings)
    assert set(status.problems) == {"audit log", "usage table"}


def test_without_sinks_nothing_waits(tmp_path: Path):
    settings = agent_settings(tmp_path)
    Events(settings).write([event(1)])
    assert drained(settings).backlog_bytes == 0


def test_a_line_that_is_no_event_holds_nobody_up(aws: Aws, settings: AgentSettings, events: Events):
    events.write([event(1)])
    events.write_uncommitted(b"[1, 2]", b"nonsense")
    events.commit()
    events.write([event(2)])
    status = drained(settings)
    assert [each["id"] for each in aws.delivered()] == ["event-1", "event-2"]
    assert (status.summed, status.unreadable) == (2, 2)
    assert verify(aws.delivered()).whole


def test_the_chains_head_is_written_down_in_the_ledger(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n) for n in range(3))
    drained(settings)
    (head,) = HeadTable(aws.client("dynamodb"), aws.tables.ledger).all()
    last = aws.delivered()[-1]
    assert (head.shard, head.head) == ("a1", Head(2, last["hash"]))


def test_sums_that_are_ahead_of_the_events_are_never_added_to_twice(aws: Aws, tmp_path: Path, settings: AgentSettings):
    """The events were lost and the name was kept: what comes now is counted, what was is not counted again."""
    first = Events(settings)
    first.write(event(n) for n in range(10))
    drained(settings)
    for name in ("usage-events.jsonl", "usage-checkpoint.json"):
        (tmp_path / name).unlink()
    again = Events(settings)
    again.write([event(20)])
    drained(settings)
    again.write([event(21)])
    drained(settings)
    (row,) = aws.sums()
    assert row.counts["requests"] == 11
    assert verify(aws.delivered()).whole


def test_an_agent_with_another_name_counts_nothing_again(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n) for n in range(10))
    drained(settings, "old")
    events.write(event(n) for n in range(10, 15))
    drained(settings, "new")
    (row,) = aws.sums()
    assert row.counts["requests"] == 15
    assert [(each.name, each.records) for each in verify(aws.delivered()).shards] == [("new", 5), ("old", 10)]


def test_sums_that_were_lost_are_made_again(aws: Aws, settings: AgentSettings, events: Events):
    events.write(event(n) for n in range(10))
    drained(settings)
    aws.client("dynamodb").delete_table(TableName=aws.tables.usage)
    create_ledger_table(aws.client("dynamodb"), aws.tables.usage)
    drained(settings)
    (row,) = aws.sums()
    assert row.counts["requests"] == 10


def parts(settings: AgentSettings) -> list[Path]:
    return sorted(settings.events_file.parent.glob("usage-events.jsonl.*"))


async def run_until(shipper: EventShipper, condition: Callable[[], bool], seconds: float = 10) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(shipper.run(stopping))
    await asyncio.to_thread(wait_until, condition, "the shipper's work", seconds)
    stopping.set()
    await task
