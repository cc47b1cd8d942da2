"""Portkey's notes: which of them become lines of the usage log, once, and what such a line says."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gwctl.agent.metering.meter import Metering
from gwctl.agent.metering.notes import MAX_AGE_SECONDS, GatewayNotes
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import UsageStatus
from gwctl.edge.usage_log.line import UsageLine, parse_line
from gwctl.policy.snapshot import Snapshot
from support.agent_settings import agent_settings
from unit.agent.test_metering import line, write
from unit.policy.examples import compiled

NOW = 1_800_000_000.0
DEAD, ALIVE = 11, 12


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path, gateway_notes_path=tmp_path / "notes.jsonl")


def opened(settings: AgentSettings) -> GatewayNotes:
    settings.events_file.touch()
    return GatewayNotes(settings.gateway_notes_path, settings.events_file, clock=lambda: NOW)


def note(request_id: str = "r", edge: int = DEAD, told: dict[str, Any] | None = None, **fields: Any) -> bytes:
    """An unfinished chat completion, as the preload script writes it."""
    request = {
        "id": request_id,
        "client": "search-api",
        "team": "search",
        "model": "fast",
        "api": "chat",
        "variant": "v",
        "policy": "1.a",
        "stream": False,
        "bytes": 400,
        "cap": None,
        "n": 1,
        "edge": edge,
        **(told or {}),
    }
    seen = {"started_ms": NOW * 1000, "duration_ms": 900, "ended": False, "status": 0, "sent": 0}
    return json.dumps({"request": request, **seen, **fields}).encode() + b"\n"


def append(settings: AgentSettings, *notes: bytes) -> None:
    assert settings.gateway_notes_path
    with settings.gateway_notes_path.open("ab") as file:
        file.write(b"".join(notes))


def is_dead(edge: int) -> bool:
    return edge == DEAD


def lines_of(notes: GatewayNotes) -> list[UsageLine]:
    notes.read()
    return [parse_line(each) for each in notes.missing(notes.of_the_dead(is_dead))]


def ids(lines: Iterable[UsageLine]) -> list[str]:
    return [each.id for each in lines]


def test_a_request_of_a_dead_edge_without_a_line_becomes_one(settings: AgentSettings):
    notes = opened(settings)
    append(settings, note("dead", DEAD), note("alive", ALIVE))
    assert ids(lines_of(notes)) == ["dead"]


def test_a_request_with_a_line_needs_no_other(settings: AgentSettings):
    notes = opened(settings)
    append(settings, note("before"), note("after"))
    notes.metered("before")
    notes.read()
    dead = notes.of_the_dead(is_dead)
    notes.metered("after")  # a line that was still in the log
    assert notes.missing(dead) == []


def test_a_request_that_became_a_line_becomes_no_second_one(settings: AgentSettings):
    notes = opened(settings)
    append(settings, note("r"))
    for each in lines_of(notes):
        notes.metered(each.id)
    append(settings, note("r"))
    assert lines_of(notes) == []


def test_after_a_restart_events_of_before_are_known(settings: AgentSettings):
    opened(settings)
    event = b'{"gen_ai.usage.input_tokens":1,"id":"%s","model":"\\"id\\":\\"new\\""}\n'
    settings.events_file.with_name(f"{settings.events_file.name}.{0:015d}").write_bytes(event % b"old")
    settings.events_file.write_bytes(event % b"recent")
    notes = opened(settings)
    notes.read()
    append(settings, note("old"), note("recent"), note("new"))
    assert ids(lines_of(notes)) == ["new"]


def test_a_note_of_an_edge_that_seems_to_live_is_believed_in_the_end(settings: AgentSettings):
    notes = opened(settings)
    long_ago = (NOW - MAX_AGE_SECONDS - 1) * 1000
    lasted: dict[str, Any] = {"started_ms": long_ago, "duration_ms": MAX_AGE_SECONDS * 1000}
    append(settings, note("old", ALIVE, started_ms=long_ago, duration_ms=0), note("long", ALIVE, **lasted))
    assert ids(lines_of(notes)) == ["old"]


def test_what_cannot_be_read_is_said_and_hinders_no_other(settings: AgentSettings, caplog: pytest.LogCaptureFixture):
    notes = opened(settings)
    append(settings, b"{torn\n", note("r", told={"bytes": -1}), note("good"), note("unfinished")[:-1])
    assert ids(lines_of(notes)) == ["good"]
    assert caplog.text.count("cannot be read") == 2
    append(settings, b"\n")
    assert "unfinished" in ids(lines_of(notes))


@pytest.mark.parametrize(
    ("told", "seen", "expected"),
    [
        ({"cap": 50}, {}, {"input": 100, "output": 50, "status": 0}),
        ({"cap": 50, "n": 2}, {}, {"input": 100, "output": 100, "status": 0}),
        ({}, {"ended": True, "status": 200, "sent": 650}, {"input": 100, "output": 100, "status": 200}),
        ({"stream": True}, {"status": 200, "sent": 3650}, {"input": 100, "output": 10, "status": 200}),
        ({"cap": 50}, {"ended": True, "status": 500, "sent": 90}, {"input": 0, "output": 0, "status": 500}),
    ],
    ids=["nothing came yet", "several choices", "answered", "streamed", "failed"],
)
def test_such_a_line_is_metered_by_estimate(
    settings: AgentSettings, told: dict[str, Any], seen: dict[str, Any], expected: dict[str, int]
):
    snapshot = compiled()
    variant = snapshot.profiles[snapshot.teams["search"].profile].models["fast"]["chat"]
    append(settings, note(told={"variant": variant, "policy": snapshot.label, **told}, **seen))
    metering = metering_of(settings, snapshot)
    notes = opened(settings)
    notes.read()
    metering.insert(notes.missing(notes.of_the_dead(is_dead)))
    metering.step()
    (event,) = events(settings)
    assert event["error.type"] == "edge_died"
    assert event["http.response.status_code"] == expected["status"]
    assert event["gen_ai.usage.input_tokens"] == expected["input"]
    assert event["gen_ai.usage.output_tokens"] == expected["output"]
    assert event["estimated"] == ("cut" if expected["input"] else False)
    assert bool(event["cost_nano_usd"]) == bool(expected["input"])


@pytest.mark.parametrize("api", ["chat", "messages", "count_tokens", "responses", "embeddings"])
def test_a_note_of_each_api_becomes_a_line_that_can_be_read(settings: AgentSettings, api: str):
    notes = opened(settings)
    served = {"provider": "openai", "option": "config.targets[1]", "attempts": "2", "ended": True, "status": 200}
    append(settings, note(told={"api": api, "cap": 7, "skipped": "config.targets[0]"}, **served))
    (found,) = lines_of(notes)
    assert (found.api, found.option, found.attempts, found.provider) == (api, (1,), 2, "openai")
    assert found.skipped == {(0,)}


def test_the_file_is_begun_anew_and_nothing_of_it_is_lost(settings: AgentSettings):
    path = settings.gateway_notes_path
    assert path
    notes = opened(settings)
    append(settings, note("settled"), note("pending"))
    late = path.open("ab")  # a writer that has opened the file before
    notes.metered("settled")
    notes.read()
    notes.tidy()
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o622
    with late:
        late.write(note("late"))
    append(settings, note("new"))
    assert ids(lines_of(notes)) == ["pending", "late", "new"]
    notes.metered("pending")
    notes.tidy()
    assert ids(lines_of(opened(settings))) == ["settled", "pending", "late", "new"], "a restart reads both files"
    notes.metered("late")
    notes.tidy()
    assert ids(lines_of(opened(settings))) == ["new"], "the one set aside is gone"
    notes.metered("new")
    notes.tidy()
    assert ids(lines_of(opened(settings))) == ["new"], "not at every step"


def test_an_agent_that_died_while_it_began_the_file_anew_goes_on(settings: AgentSettings):
    path = settings.gateway_notes_path
    assert path
    opened(settings)
    append(settings, note("r"))
    path.with_name(f"{path.name}.1").hardlink_to(path)
    notes = opened(settings)
    assert path.read_bytes() == b""
    assert ids(lines_of(notes)) == ["r"]


def metering_of(settings: AgentSettings, snapshot: Snapshot) -> Metering:
    history = SnapshotHistory(settings.history_dir)
    history.add(snapshot)
    return Metering(settings, history, UsageStatus())


def events(settings: AgentSettings) -> list[dict[str, Any]]:
    return [json.loads(each) for each in settings.events_file.read_bytes().splitlines()]


def positions(metering: Metering) -> list[int]:
    return [each.position for each in metering.read() or ()]


def text(snapshot: Snapshot, request_id: str) -> bytes:
    return json.dumps(line(snapshot, id=request_id)).encode()


def test_lines_that_are_inserted_have_their_place_whatever_happens(settings: AgentSettings):
    snapshot = compiled()
    metering = metering_of(settings, snapshot)
    write(settings, line(snapshot, id="first"))
    metering.step()
    metering.insert([text(snapshot, "second"), text(snapshot, "third")])
    write(settings, line(snapshot, id="fourth"))
    killed = metering_of(settings, snapshot)
    assert positions(killed) == [1, 2]
    assert positions(killed) == [3]
    assert not killed.commit(0)
    again = metering_of(settings, snapshot)
    assert [positions(again), positions(again)] == [[1, 2], [3]], "the ledger counts by position"
    assert again.commit(3)
    assert metering_of(settings, snapshot).read() is None
    assert [each["id"] for each in events(settings)] == ["first", "second", "third", "fourth"]


def test_lines_can_be_inserted_before_the_edge_has_written_any(settings: AgentSettings):
    snapshot = compiled()
    metering = metering_of(settings, snapshot)
    metering.insert([text(snapshot, "only")])
    assert metering.step() == 1
    write(settings, line(snapshot, id="next"))
    assert metering_of(settings, snapshot).step() == 1
    assert [each["id"] for each in events(settings)] == ["only", "next"]


def test_nothing_is_inserted_while_lines_are_not_committed(settings: AgentSettings):
    snapshot = compiled()
    metering = metering_of(settings, snapshot)
    write(settings, line(snapshot))
    metering.read()
    with pytest.raises(RuntimeError, match="committed"):
        metering.insert([text(snapshot, "r")])
