"""The admin API of `gwctl up`: what is set there is enforced in a moment."""

import json
import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from gateway.local.desk import Desk
from gwctl.local.database import own_url
from gwctl.stores.sql.policy.snapshots import SqlSnapshotStore
from gwctl.stores.sql.upkeep.migrate import check
from support.gateway import Gateway, local_gateway
from support.processes import wait_until
from support.stores.postgresql import running_postgresql, started

CHANGES = 50
PROMISED_SECONDS = 2.0
FAST = {"id": "api-fast", "targets": [{"provider": "sample-openai", "model": "sample-gpt"}]}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with local_gateway(tmp_path_factory.mktemp("admin-api")) as gateway:
        yield Desk(gateway)


def seconds_until(condition: Callable[[], bool]) -> float:
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < 10, "not enforced within 10 s"
        time.sleep(0.002)
    return time.monotonic() - began


# --- from the answer to the enforcement ---


@pytest.mark.alone
def test_a_change_is_enforced_within_two_seconds_of_its_answer(desk: Desk, capsys: pytest.CaptureFixture[str]):
    """A team's model, a client and a budget, each taken away and given back."""
    desk.create("/routing/api-fast", FAST)
    desk.create("/teams/measured", {"id": "measured", "models": ["api-fast"]})
    client = desk.new_client("measured")
    headers = desk.bearer(client)
    wait_until(lambda: desk.ask(headers, model="api-fast") == 200, "the new client to be served")
    team = {"id": "measured"}
    member = {"id": client[0], "team": "measured"}

    def toggle(number: int, *, on: bool) -> tuple[Callable[[], bool], str]:
        match number % 3:
            case 0:
                desk.put("/teams/measured", {**team, "models": ["api-fast"] if on else []})
                return lambda: (desk.ask(headers, model="api-fast") == 200) == on, "a team's model"
            case 1:
                desk.put(f"/teams/measured/clients/{client[0]}", {**member, "enabled": on})
                return lambda: (desk.ask(headers, model="api-fast") == 200) == on, "a client"
            case _:
                if on:
                    desk.admin.delete("/budgets/measured", headers={"if-match": "*"}).raise_for_status()
                else:
                    budget = {"id": "measured", "team": "measured", "limit_requests": 0, "period": "total"}
                    desk.create("/budgets/measured", budget)
                return lambda: (desk.ask(headers, model="api-fast") == 200) == on, "a budget"

    seconds: dict[str, list[float]] = {}
    for number in range(CHANGES // 2):
        for on in (False, True):
            enforced, what = toggle(number, on=on)
            seconds.setdefault(what, []).append(seconds_until(enforced))

    every = [each for values in seconds.values() for each in values]
    with capsys.disabled():
        print(f"\npolicy change until enforced, {len(every)} changes by the admin API: {summary(every)}")
        for what, values in seconds.items():
            print(f"  {what}: {len(values)} changes, {summary(values)}")
    assert len(every) == CHANGES
    assert max(every) < PROMISED_SECONDS


def summary(seconds: list[float]) -> str:
    return f"p50 {statistics.median(seconds):.3f} s, p99 {max(seconds):.3f} s"


# --- clients ---


@pytest.mark.alone
def test_a_client_that_is_made_can_call_models_until_it_is_revoked(desk: Desk):
    client = desk.new_client("default")
    headers = desk.bearer(client)
    assert seconds_until(lambda: desk.ask(headers) == 200) < PROMISED_SECONDS

    desk.admin.delete(f"/teams/default/clients/{client[0]}", headers={"if-match": "*"}).raise_for_status()

    assert seconds_until(lambda: desk.ask(headers) == 403) < PROMISED_SECONDS
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        Gateway(desk.data.connection).token(*client)


def test_a_rotated_secret_is_the_only_one(desk: Desk):
    client_id, old = desk.new_client("default")
    rotated = desk.admin.post(f"/teams/default/clients/{client_id}/secret").raise_for_status().json()
    again = Gateway(desk.data.connection)
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        again.token(client_id, old)
    assert again.token(client_id, rotated["client_secret"])


# --- who gets in ---


def test_without_a_token_nothing_is_told(desk: Desk):
    assert httpx.get(f"{desk.gateway.connection.admin_url}/teams", trust_env=False).status_code == 401


def test_a_client_that_may_call_models_may_not_change_them(desk: Desk):
    answer = desk.admin.put("/teams/x", json={"id": "x"}, headers=desk.gateway.headers())
    assert answer.status_code == 403


def test_the_policy_files_own_path_is_closed_to_others(desk: Desk):
    answer = desk.admin.post("/-/policy-file", json={"providers": [], "documents": {}})
    assert answer.status_code == 401


def test_nobody_else_may_read_what_the_gateway_keeps(desk: Desk):
    assert desk.data.database.exists()
    assert desk.data.state.stat().st_mode & 0o077 == 0


# --- beside the policy file ---


def test_saving_the_policy_file_leaves_what_the_admin_api_made(desk: Desk):
    desk.create("/teams/kept", {"id": "kept"})
    text = desk.data.policy.read_text()
    desk.data.policy.write_text(text.replace("teams:\n", "teams:\n  - id: of-the-file\n"))
    wait_until(lambda: desk.admin.get("/teams/of-the-file").status_code == 200, "the file's team")
    assert desk.admin.get("/teams/of-the-file").json()["changed_by"] == "policy.yaml"
    desk.data.policy.write_text(text)
    wait_until(lambda: desk.admin.get("/teams/of-the-file").status_code == 404, "the file's team to go")
    assert desk.admin.get("/teams/kept").status_code == 200


@pytest.mark.alone
def test_a_rollback_is_enforced(desk: Desk):
    version = desk.admin.get("/policy").json()["version"]
    desk.create("/routing/mistake", {**FAST, "id": "mistake"})
    headers = desk.gateway.headers()
    wait_until(lambda: desk.ask(headers, model="mistake") == 200, "the mistake to be served")
    desk.admin.post("/policy/rollback", json={"version": version}).raise_for_status()
    assert seconds_until(lambda: desk.ask(headers, model="mistake") == 404) < PROMISED_SECONDS


# --- what the agent finds ---


def test_everything_that_the_agent_is_told_of_exists(desk: Desk):
    settings = json.loads((desk.data.run / "agent.json").read_bytes())
    assert settings["database_url"] == own_url(desk.data)
    with desk.database() as database:
        check(database)
        assert SqlSnapshotStore(database).current()
    wait_until(lambda: list(Path(settings["audit_dir"]).rglob("*.jsonl")), "the audit log", 30)


# --- when something is gone ---


def test_without_its_database_calls_are_served_and_it_is_said(tmp_path: Path):
    with running_postgresql() as server, local_gateway(tmp_path, ("--database", server.new_database())) as gateway:
        desk = Desk(gateway)
        desk.create("/teams/early", {"id": "early"})
        server.process.stop(grace=0)
        wait_until(lambda: "database" in (gateway.status.policy.source or ""), "the agent to say so")
        assert desk.ask(gateway.headers()) == 200
        assert desk.admin.put("/teams/late", json={"id": "late"}).status_code == 503
        with started(server.directory):
            wait_until(
                lambda: desk.admin.put("/teams/late", json={"id": "late"}).status_code < 300, "it to be back", 30
            )
            wait_until(lambda: not gateway.status.policy.source, "the status to be clean", 10)
            assert desk.admin.get("/teams/early").status_code == 200


def test_a_file_saved_while_the_admin_api_is_away_is_applied_when_it_is_back(desk: Desk):
    text = desk.data.policy.read_text()
    os.kill(desk.pid("admin"), signal.SIGKILL)
    desk.data.policy.write_text(text.replace("teams:\n", "teams:\n  - id: saved-meanwhile\n"))

    def applied() -> bool:
        try:
            return desk.admin.get("/teams/saved-meanwhile").status_code == 200
        except httpx.TransportError:
            return False

    wait_until(applied, "the file to be applied", 30)
    desk.data.policy.write_text(text)
    wait_until(lambda: not applied(), "the file as it was")
    wait_until(lambda: not desk.gateway.status.policy.problems, "the status to be clean")
