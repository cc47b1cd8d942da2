"""Metering: each line of the usage log becomes one event, also when the agent is killed again and again."""

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gwctl.agent.metering.meter import Metering
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.settings import AgentSettings
from gwctl.agent.status import UsageStatus
from gwctl.policy.snapshot import Snapshot
from support.agent_settings import agent_settings
from support.processes import Process, wait_until
from support.usage_lines import written
from unit.policy.examples import compiled


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    for name in ("xds", "secrets"):
        (tmp_path / name).mkdir()
    return agent_settings(tmp_path, secrets_path=tmp_path / "secrets.json")


@pytest.fixture
def snapshot() -> Snapshot:
    return compiled()


def line(snapshot: Snapshot, **fields: Any) -> dict[str, Any]:
    """A chat completion that used 1,000 tokens in and 100 out."""
    team = snapshot.teams["search"]
    return {
        "v": 2,
        "id": str(uuid.uuid4()),
        "started": "2026-11-21T10:00:00.000Z",
        "duration_ms": 900,
        "first_byte_ms": 100,
        "client": "search-api",
        "team": "search",
        "api": "chat",
        "model": "fast",
        "variant": snapshot.profiles[team.profile].models["fast"]["chat"],
        "stream": False,
        "policy": snapshot.label,
        "refusal": None,
        "status": 200,
        "flags": "-",
        "details": "via_upstream",
        "request_bytes": 4000,
        "response_bytes": 600,
        "upstream": "127.0.0.1:8787",
        "provider": "openai",
        "option": "config",
        "attempts": "0",
        "request": {"model": "fast"},
        "usage": {"model": "gpt-4o-mini-2024-07-18", "usage.prompt_tokens": 1000, "usage.completion_tokens": 100},
        **fields,
    }


def envoys(fields: dict[str, Any]) -> bytes:
    """A line as Envoy writes it."""
    return json.dumps(written(fields), sort_keys=True, separators=(",", ":")).encode()


def write(settings: AgentSettings, *lines: dict[str, Any] | bytes) -> None:
    with settings.edge.usage_log.open("ab") as file:
        for each in lines:
            file.write((each if isinstance(each, bytes) else envoys(each)) + b"\n")


def events(settings: AgentSettings) -> list[dict[str, Any]]:
    return [json.loads(each) for each in settings.events_file.read_text().splitlines()]


def meter_all(settings: AgentSettings, *snapshots: Snapshot) -> UsageStatus:
    history, status = SnapshotHistory(settings.history_dir), UsageStatus()
    for each in snapshots:
        history.add(each)
    metering = Metering(settings, history, status)
    while metering.step():
        pass
    return status


def test_a_line_becomes_a_priced_event(settings: AgentSettings, snapshot: Snapshot):
    write(settings, line(snapshot))
    meter_all(settings, snapshot)
    (event,) = events(settings)
    # $0.15 and $0.60 for a million tokens: 1,000 x 150 + 100 x 600 nano-dollars.
    assert event["cost_nano_usd"] == 210_000
    assert (event["provider"], event["target_model"]) == ("openai", "gpt-4o-mini")


def test_a_line_is_priced_by_the_policy_that_it_was_served_under(settings: AgentSettings, snapshot: Snapshot):
    dearer = compiled(2, pricing=[{"provider": "openai", "model": "gpt-4o-mini", "input": 1, "output": 1}])
    write(settings, line(snapshot), line(dearer))
    meter_all(settings, snapshot, dearer)
    assert [event["cost_nano_usd"] for event in events(settings)] == [210_000, 1_100_000]


def test_an_event_has_the_name_and_the_tags_that_its_team_had(settings: AgentSettings):
    def policy(version: int, project: str) -> Snapshot:
        teams = [{"id": "search", "models": ["fast"], "name": f"Search {version}", "tags": {"project": project}}]
        return compiled(version, teams=teams, clients=[{"id": "web", "team": "search"}], budgets=[], scanner=[])

    before, after = policy(1, "alpha"), policy(2, "beta")
    write(settings, line(before), line(after))
    meter_all(settings, before, after)
    assert [(each["team_name"], each["team_tags"]) for each in events(settings)] == [
        ("Search 1", '{"project": "alpha"}'),
        ("Search 2", '{"project": "beta"}'),
    ]


def test_a_snapshot_of_before_the_restart_still_prices_its_lines(settings: AgentSettings, snapshot: Snapshot):
    SnapshotHistory(settings.history_dir).add(snapshot)
    write(settings, line(snapshot))
    meter_all(settings)
    assert events(settings)[0]["cost_nano_usd"] == 210_000


def test_the_serving_target_of_a_fallback_sets_the_price(settings: AgentSettings):
    snapshot = compiled(
        routes=[
            {
                "id": "fast",
                "targets": [
                    {"provider": "openai", "model": "gpt-4o-mini"},
                    {"provider": "openai", "model": "gpt-4o"},
                ],
            }
        ]
    )
    write(settings, line(snapshot, option="config.targets[1]"))
    meter_all(settings, snapshot)
    assert events(settings)[0]["target_model"] == "gpt-4o"


def test_usage_of_an_unknown_policy_is_kept_without_a_price_and_counted(settings: AgentSettings, snapshot: Snapshot):
    write(settings, line(snapshot, policy="9.deadbeef"))
    status = meter_all(settings, snapshot)
    assert events(settings)[0]["cost_nano_usd"] is None
    assert status.unpriced == 1


def test_a_policy_label_cannot_name_a_file_elsewhere(settings: AgentSettings, snapshot: Snapshot, tmp_path: Path):
    (tmp_path / "outside.json").write_bytes(snapshot.to_json())
    write(settings, line(snapshot, policy="../outside"))
    assert meter_all(settings, compiled(7)).unpriced == 1


def test_a_caller_who_left_before_the_answer_began_is_charged_by_the_first_target(
    settings: AgentSettings, snapshot: Snapshot
):
    write(settings, line(snapshot, status=0, flags="DC", option=None, provider=None, usage=None))
    meter_all(settings, snapshot)
    (event,) = events(settings)
    assert event["target_model"] == "gpt-4o-mini"
    assert event["estimated"]
    assert event["cost_nano_usd"] > 0


def test_a_malformed_line_is_set_aside_and_the_others_are_metered(settings: AgentSettings, snapshot: Snapshot):
    write(settings, line(snapshot), b'{"torn', line(snapshot))
    status = meter_all(settings, snapshot)
    assert (status.events, status.malformed) == (2, 1)
    assert settings.events_file.with_suffix(".malformed").read_bytes() == b'{"torn\n'


def test_a_line_behind_a_torn_one_is_metered(settings: AgentSettings, snapshot: Snapshot):
    # An edge was killed while it wrote; the next one goes on in the same line of the file.
    first, second = (envoys(line(snapshot)) for _ in range(2))
    write(settings, first[:500] + second)
    status = meter_all(settings, snapshot)
    assert (status.events, status.malformed) == (1, 1)
    assert events(settings)[0]["id"] == json.loads(second)["id"]
    assert settings.events_file.with_suffix(".malformed").read_bytes() == first[:500] + b"\n"


@pytest.fixture
def agents(settings: AgentSettings, tmp_path: Path) -> Iterator[list[Process]]:
    running: list[Process] = []
    yield running
    for process in running:
        process.stop(grace=0)


def test_an_agent_killed_again_and_again_loses_no_event_and_counts_none_twice(
    settings: AgentSettings, snapshot: Snapshot, tmp_path: Path, agents: list[Process]
):
    config = tmp_path / "agent-settings.json"
    config.write_text(settings.model_dump_json())
    SnapshotHistory(settings.history_dir).add(snapshot)
    sent: list[str] = []
    for _ in range(4):
        lines = [line(snapshot) for _ in range(3000)]
        sent.extend(each["id"] for each in lines)
        agent = Process([sys.executable, "-m", "gwctl.agent", "--config", config])
        agents.append(agent)
        before = settings.events_file.stat().st_size if settings.events_file.exists() else 0
        write(settings, *lines)
        wait_until(
            lambda size=before: settings.events_file.exists() and settings.events_file.stat().st_size > size,
            "the agent to write events",
        )
        agent.stop(grace=0)
    meter_all(settings, snapshot)
    assert [event["id"] for event in events(settings)] == sent
