"""Portkey's notes: which of them become lines of the usage log, once, and what such a line says."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gwctl.agent.metering.lost_requests import lines_of as lines_of_reservations
from gwctl.agent.metering.meter import Metering
from gwctl.agent.metering.notes import ANEW_SECONDS, MAX_AGE_SECONDS, GatewayNotes
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.reserve.call import Asked, parse_call
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import UsageStatus
from gwctl.edge.usage_log.line import Bound, UsageLine, parse_line
from gwctl.ledger.quotas.lease import AgentLease
from gwctl.ledger.quotas.reservation import Reservation
from gwctl.ledger.quotas.store import WindowKey
from gwctl.policy.snapshot import Snapshot
from support.agent_settings import agent_settings
from unit.agent.reserving import call
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


def first_note(request_id: str) -> bytes:
    """As it is written before a provider is called."""
    told = json.loads(note(request_id))
    return json.dumps({"request": told["request"], "started_ms": NOW * 1000}).encode() + b"\n"


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
    part = settings.events_file.with_name(f"{settings.events_file.name}.{0:015d}")
    part.write_bytes(event % b"old")
    os.utime(part, (NOW, NOW))
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


def test_what_is_in_flight_for_long_is_noted_in_the_file_that_stays(settings: AgentSettings):
    settings.events_file.touch()
    now = [NOW]
    notes = GatewayNotes(settings.gateway_notes_path, settings.events_file, clock=lambda: now[0])
    append(settings, first_note("in flight"), first_note("ended"))
    for _ in range(5):
        notes.read()
        notes.metered("ended")
        notes.tidy()
        now[0] += ANEW_SECONDS
        assert "in flight" in ids(lines_of(opened(settings)))
    assert ids(lines_of(opened(settings))) == ["in flight"]


def test_a_call_is_known_until_there_is_a_line(settings: AgentSettings):
    notes = opened(settings)
    append(settings, first_note("called"))
    assert (notes.was_called("called"), notes.was_called("uncalled")) == (True, False)
    assert GatewayNotes(None, settings.events_file).was_called("who knows")


def test_how_far_a_request_came_is_not_forgotten_for_its_first_note(settings: AgentSettings):
    notes = opened(settings)
    append(settings, first_note("r"), note("r", status=200, sent=400), first_note("r"))
    assert [(each.status, each.response_bytes) for each in lines_of(notes)] == [(200, 400)]


def test_a_request_that_was_reserved_for_is_settled_in_its_windows_and_at_its_bound(settings: AgentSettings):
    notes = opened(settings)
    append(settings, first_note("in flight"), note("answered", ended=True, status=200, sent=400))
    notes.read()
    reserved = {name: reservation(name) for name in ("in flight", "answered")}
    in_flight, answered = (parse_line(each) for each in notes.missing(notes.of_the_dead(is_dead), reserved))
    assert in_flight.bound == Bound(nano_usd=900, tokens=50)
    assert answered.bound is None
    assert in_flight.quota.receipt == answered.quota.receipt == "money/nano_usd/2026-11"


def test_without_notes_a_reservation_alone_is_a_line(settings: AgentSettings):
    made = reservation("r")
    made.note = Asked(parse_call(json.dumps(call(id="r", cap=7)).encode()), DEAD, b"")
    (line,) = lines_of_reservations([made])
    found = parse_line(line)
    assert (found.id, found.details, found.bound) == ("r", "edge_died", Bound(nano_usd=900, tokens=50))
    assert found.request["max_completion_tokens"] == 7


def reservation(request_id: str) -> Reservation:
    lease = AgentLease(WindowKey("money", "nano_usd", "2026-11"), "a", "w")
    return Reservation(request_id, [(lease, 900)], {"nano_usd": 900, "tokens": 50, "requests": 1}, 0.0)


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
