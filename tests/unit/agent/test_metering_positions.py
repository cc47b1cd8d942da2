"""Metering for an agent with quotas: what is settled, and that the checkpoint waits for the ledger."""

import json
from pathlib import Path
from typing import Any

import pytest

from gwctl.agent.metering import meter as metering
from gwctl.agent.metering.meter import Checkpoint, Metering
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.events import committed_in, part_name
from gwctl.agent.status import UsageStatus
from gwctl.policy.snapshot import Snapshot
from support.agent_settings import agent_settings
from unit.agent.test_metering import line, write
from unit.policy.examples import compiled

SNAPSHOT = compiled()


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path)


def opened(settings: AgentSettings, snapshot: Snapshot = SNAPSHOT) -> Metering:
    history = SnapshotHistory(settings.history_dir)
    history.add(snapshot)
    return Metering(settings, history, UsageStatus())


def positions(found: Any) -> list[int]:
    return [settlement.position for settlement in found or ()]


def test_a_settlement_has_the_cost_the_tokens_and_the_receipt_of_its_line(settings: AgentSettings):
    write(settings, line(SNAPSHOT, quota={"receipt": "b/tokens/2026-11", "shadow": "-", "quota": None}))
    (settlement,) = list(opened(settings).read() or ())
    assert settlement.actual == {"nano_usd": 210_000, "tokens": 1100, "requests": 1}
    assert settlement.receipt == "b/tokens/2026-11"
    assert settlement.scopes == ("gateway", "team:search", "team:search/model:fast", "client:search-api")


def test_what_never_reached_the_gateway_gives_everything_back(settings: AgentSettings):
    write(settings, line(SNAPSHOT, upstream=None, status=503, usage=None))
    (settlement,) = list(opened(settings).read() or ())
    assert not any(settlement.actual.values())


def test_the_checkpoint_moves_only_as_far_as_the_ledger_is(settings: AgentSettings):
    writer = opened(settings)
    for _ in range(3):
        write(settings, line(SNAPSHOT))
        writer.read()
    assert not writer.commit(1)
    saved = Checkpoint.load(settings.checkpoint_path)
    assert saved is not None
    assert saved.lines == 2
    assert writer.commit(2)


def test_lines_that_were_not_committed_come_again_under_the_same_positions(settings: AgentSettings):
    killed = opened(settings)
    write(settings, line(SNAPSHOT), line(SNAPSHOT))
    killed.read()
    killed.commit(1)
    write(settings, b"torn", line(SNAPSHOT))
    first = positions(killed.read())
    again = opened(settings)
    assert positions(again.read()) == first == [3]
    assert again.commit(3)
    assert len(settings.events_file.read_bytes().splitlines()) == 3


def test_lines_that_cannot_be_read_do_not_hold_up_the_checkpoint(settings: AgentSettings):
    write(settings, b"torn")
    writer = opened(settings)
    writer.read()
    assert writer.commit(-1)


def test_a_checkpoint_is_there_before_the_first_line_is_counted(settings: AgentSettings):
    opened(settings)
    assert Checkpoint.load(settings.checkpoint_path) == Checkpoint()


def test_a_full_events_file_is_put_aside_and_positions_go_on(settings: AgentSettings, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(metering, "EVENTS_PART_BYTES", 100)
    writer = opened(settings)
    for _ in range(2):
        write(settings, line(SNAPSHOT))
        writer.read()
        writer.commit(None)
    first = part_name(settings.events_file, 0)
    second = part_name(settings.events_file, first.stat().st_size)
    assert committed_in(settings.checkpoint_path).base == first.stat().st_size + second.stat().st_size


def test_a_rotation_that_was_killed_half_way_is_finished(settings: AgentSettings):
    writer = opened(settings)
    write(settings, line(SNAPSHOT))
    writer.read()
    writer.commit(None)
    aside = part_name(settings.events_file, 0)
    settings.events_file.rename(aside)
    opened(settings)
    found = committed_in(settings.checkpoint_path)
    assert (found.base, found.size) == (aside.stat().st_size, 0)
    assert json.loads(aside.read_bytes())["team"] == "search"


def ids(settings: AgentSettings) -> list[str]:
    return [json.loads(each)["id"] for each in settings.events_file.read_bytes().splitlines()]


def text(request_id: str) -> bytes:
    return json.dumps(line(SNAPSHOT, id=request_id)).encode()


def test_lines_that_are_inserted_have_their_place_whatever_happens(settings: AgentSettings):
    writer = opened(settings)
    write(settings, line(SNAPSHOT, id="first"))
    writer.step()
    writer.insert([text("second"), text("third")])
    write(settings, line(SNAPSHOT, id="fourth"))
    killed = opened(settings)
    assert positions(killed.read()) == [1, 2]
    assert positions(killed.read()) == [3]
    assert not killed.commit(0)
    again = opened(settings)
    assert [positions(again.read()), positions(again.read())] == [[1, 2], [3]], "the ledger counts by position"
    assert again.commit(3)
    assert opened(settings).read() is None
    assert ids(settings) == ["first", "second", "third", "fourth"]


def test_lines_can_be_inserted_before_the_edge_has_written_any(settings: AgentSettings):
    writer = opened(settings)
    writer.insert([text("only")])
    assert writer.step() == 1
    write(settings, line(SNAPSHOT, id="next"))
    assert opened(settings).step() == 1
    assert ids(settings) == ["only", "next"]


def test_nothing_is_inserted_while_lines_are_not_committed(settings: AgentSettings):
    writer = opened(settings)
    write(settings, line(SNAPSHOT))
    writer.read()
    with pytest.raises(RuntimeError, match="committed"):
        writer.insert([text("r")])
