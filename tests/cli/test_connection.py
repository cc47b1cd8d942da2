"""Which admin API a command calls, with whose token, and what it says when that does not work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from admin.servers import RunningAdmin
from cli.conftest import Gwctl, run
from gwctl.agent.status import AgentStatus
from gwctl.cli.policy import routing
from gwctl.edge.breaker import OpenTarget
from gwctl.local.data_dir import DataDir
from support.ports import free_port
from support.replay_provider import CUT, Answer, ReplayProvider
from unit.policy.examples import compiled


def change(data: DataDir, **values: str) -> None:
    data.connection.write_text(json.dumps({**json.loads(data.connection.read_text()), **values}))


def test_a_token_is_asked_for_once_and_kept_for_the_owner_alone(
    gw: Gwctl, data: DataDir, token_endpoint: ReplayProvider
):
    before = len(token_endpoint.requests)
    for _ in range(3):
        gw("teams", "list").ok()
    assert len(token_endpoint.requests) == before + 1
    assert [file.stat().st_mode & 0o077 for file in data.tokens.glob("*.json")] == [0]


def test_a_token_that_is_not_accepted_any_more_is_replaced(gw: Gwctl, data: DataDir):
    gw("teams", "list").ok()
    (cached,) = data.tokens.glob("*.json")
    cached.write_text(json.dumps({**json.loads(cached.read_text()), "token": "of.another.gateway"}))
    gw("teams", "list").ok()


def test_where_there_is_no_gateway_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GWCTL_DATA_DIR", str(tmp_path))
    assert "there is no gateway in" in run("teams", "list").failed()


def test_an_admin_api_that_does_not_answer_is_one_sentence(gw: Gwctl, data: DataDir):
    change(data, admin_url=f"http://127.0.0.1:{free_port()}")
    error = gw("budgets", "list").failed()
    assert "does not answer (connection refused); is it running?" in error
    assert error.count("\n") == 1


def test_what_answers_something_else_is_told(gw: Gwctl, data: DataDir):
    with ReplayProvider() as other:
        other.on("/teams", Answer.json(b"<html>hello</html>"))
        change(data, admin_url=other.url)
        assert "not the JSON of an admin API: '<html>hello</html>'" in gw("teams", "list").failed()


def test_an_answer_that_says_try_again_is_tried_again(gw: Gwctl, data: DataDir):
    busy = Answer.json({"error": {"code": "busy", "message": "too many changes at once", "details": []}}, status=503)
    page = Answer.json({"items": [], "next": None})
    with ReplayProvider() as slow:
        slow.on("/teams", busy, busy, page)
        change(data, admin_url=slow.url)
        gw("teams", "list").ok()
        assert len(slow.requests) == 3
        slow.on("/budgets", busy)
        assert "too many changes at once" in gw("budgets", "list").failed()


def test_a_client_is_never_made_twice(gw: Gwctl, data: DataDir):
    busy = Answer.json({"error": {"code": "busy", "message": "busy", "details": []}}, status=503)
    with ReplayProvider() as slow:
        slow.on("/teams/x/clients", busy)
        change(data, admin_url=slow.url)
        gw("teams", "clients", "create", "x").failed()
        assert len(slow.requests) == 1


def test_a_client_that_may_have_been_made_is_told(gw: Gwctl, data: DataDir):
    with ReplayProvider() as broken:
        broken.on("/teams/x/clients", Answer([CUT]))
        change(data, admin_url=broken.url)
        assert "it may have been made all the same" in gw("teams", "clients", "create", "x").failed()
        assert len(broken.requests) == 1


def test_a_token_without_the_scope_is_told(gw: Gwctl, server: RunningAdmin, data: DataDir):
    with ReplayProvider() as tokens:
        answer = {"access_token": server.token("gateway/read", client="reader"), "expires_in": 3600}
        tokens.on("/token", Answer.json(answer))
        change(data, token_url=f"{tokens.url}/token")
        gw("teams", "list").ok()
        error = gw("teams", "apply", "-f", "-", "--yes", stdin="id: x").failed()
        assert "client 'reader' needs the scope gateway/admin" in error


@pytest.fixture
def checkout(tmp_path: Path, server: RunningAdmin, token_endpoint: ReplayProvider, monkeypatch: pytest.MonkeyPatch):
    """A checkout with an environment that was built elsewhere."""
    (tmp_path / "infrastructure").mkdir()
    (tmp_path / "terragrunt.hcl").touch()
    environment = tmp_path / "environments" / "prod"
    environment.mkdir(parents=True)
    (environment / "environment.yaml").touch()
    applied = tmp_path / ".gwctl" / "environments" / "prod" / "applied.json"
    applied.parent.mkdir(parents=True)
    outputs = {
        "admin_api_url": f"{server.url}/",
        "cognito_token_endpoint": f"{token_endpoint.url}/token",
        "cognito_client_ids": {"admin": "the-admin", "default": "other"},
    }
    applied.write_text(
        json.dumps({"environment": "prod", "account_id": "1", "region": "r", "endpoint": None, "outputs": outputs,
                    "sensitive": []})
    )  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GWCTL_ADMIN_CLIENT_ID", raising=False)
    monkeypatch.delenv("GWCTL_ADMIN_CLIENT_SECRET", raising=False)
    return tmp_path


def test_a_deployed_environment_is_reached_with_the_credentials_in_variables(
    checkout: Path, token_endpoint: ReplayProvider, monkeypatch: pytest.MonkeyPatch
):
    assert "put them into GWCTL_ADMIN_CLIENT_SECRET" in run("teams", "list", "--env", "prod").failed()
    monkeypatch.setenv("GWCTL_ADMIN_CLIENT_SECRET", "s3cret")
    run("teams", "list", "--env", "prod").ok()
    assert token_endpoint.requests[-1].headers["authorization"].startswith("Basic dGhlLWFkbWluOnMzY3JldA")
    assert (checkout / ".gwctl/environments/prod/tokens").stat().st_mode & 0o077 == 0


def test_which_deployment_is_changed_is_said_first(checkout: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv("GWCTL_ADMIN_CLIENT_SECRET", "s3cret")
    done = run("teams", "apply", "-f", "-", "--yes", "--env", "prod", stdin=f"id: {name}").ok()
    assert [line.split() for line in done.err.splitlines()[:2]] == [["environment", "prod"], ["account", "1"]]


def test_an_unknown_environment_is_one_sentence(checkout: Path):
    assert "there is no environment nope" in run("teams", "list", "--env", "nope").failed()


def test_the_events_of_a_deployment_are_in_its_audit_log(checkout: Path):
    assert "prod has no output audit_bucket_name" in run("usage", "report", "--env", "prod").failed()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shell_completion_is_there(shell: str):
    def complete(**variables: str) -> str:
        program = [sys.executable, "-c", "from gwctl.cli.main import main; main()"]
        environment = {**os.environ, **variables}
        return subprocess.run(program, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout

    assert "_GWCTL_COMPLETE" in complete(_GWCTL_COMPLETE=f"{shell}_source")
    asked = {"COMP_WORDS": "gwctl teams cl", "COMP_CWORD": "2" if shell != "fish" else "cl"}
    assert "clients" in complete(_GWCTL_COMPLETE=f"{shell}_complete", **asked)


ROUTE = {"id": "fast", "targets": [{"provider": "openai", "model": "a/b"}, {"provider": "azure", "model": "c"}]}


@pytest.mark.parametrize(
    "open_targets",
    [
        ["openai/a/b"],
        ["fast/openai/a/b", "other/azure/c"],
        {"openai/a/b": {}},
        [{"provider": "openai", "model": "a/b"}],
        [{"target": "fast/openai/a/b", "since": None}, 7, None],
    ],
)
def test_a_target_that_is_skipped_is_recognised_however_it_is_written(open_targets: object):
    assert routing.skipped(ROUTE, open_targets) == ["skipped now: openai/a/b"]


def test_a_fallbacks_target_is_told_with_the_route_that_falls_back_on_it():
    assert routing.skipped(ROUTE, ["fast/anthropic/claude"]) == ["skipped now: anthropic/claude"]


@pytest.mark.parametrize("open_targets", [None, 7, "openai/a/b", [], {}, ["openai/other"], ["faster/openai/a/b"]])
def test_what_cannot_be_read_is_passed_over(open_targets: object):
    assert routing.skipped(ROUTE, open_targets) == []


def test_show_tells_which_target_is_skipped(gw: Gwctl, data: DataDir, name: str):
    document = f"id: {name}\ntargets: [{{provider: openai, model: gpt-4o}}]"
    gw("routing", "apply", "-f", "-", "--yes", stdin=document).ok()
    assert "skipped" not in gw("routing", "show", name).ok().out
    data.run.mkdir()
    opened = OpenTarget(f"{name}/openai/gpt-4o", "2026-11-21T10:05:00Z", "2026-11-21T10:05:30Z", "5 failures")
    data.agent_status.write_text(AgentStatus(open_targets=(opened,)).model_dump_json())
    last = gw("routing", "show", name).ok().out.splitlines()[-1]
    assert last == "skipped now: openai/gpt-4o (until 2026-11-21T10:05:30Z, since 2026-11-21T10:05:00Z, 5 failures)"


def test_show_tells_the_lane_of_each_api_and_why(gw: Gwctl, data: DataDir, name: str):
    document = {"id": name, "targets": [{"provider": "openai", "model": "gpt-4o"}]}
    gw("routing", "apply", "-f", "-", "--yes", stdin=json.dumps(document)).ok()
    data.snapshot.parent.mkdir(parents=True, exist_ok=True)
    data.snapshot.write_bytes(compiled(routes=[document], teams=[{"id": "t"}], clients=[], budgets=[]).to_json())

    said = gw("routing", "show", name).ok().out

    assert "lane of responses: express, because every target speaks this API itself" in said
