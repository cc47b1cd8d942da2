"""`gwctl teams clients`: a secret is shown once, on stdout and nowhere else."""

import json

import pytest

from admin.servers import RunningAdmin
from cli.conftest import Gwctl, Write
from gwctl.local.issuer.store import digest


@pytest.fixture
def team(gw: Gwctl, write: Write, name: str) -> str:
    gw("apply", "-f", write(teams=[{"id": name}]), "--yes").ok()
    return name


def test_a_clients_secret_is_on_stdout_once(gw: Gwctl, server: RunningAdmin, team: str):
    done = gw("teams", "clients", "create", team, "--name", "indexer").ok()
    told = dict(line.split("=", 1) for line in done.out.splitlines())
    assert told.keys() == {"client_id", "client_secret"}
    assert told["client_secret"] not in done.err
    client = server.app_clients.find(told["client_id"])
    assert client
    assert client.secrets_sha256 == (digest(told["client_secret"]),)
    listed = gw("teams", "clients", "list", team, "-o", "json").ok()
    assert [each["document"]["name"] for each in json.loads(listed.out)] == ["indexer"]
    assert told["client_secret"] not in listed.out


def test_rotating_gives_another_secret(gw: Gwctl, server: RunningAdmin, team: str):
    first = gw("teams", "clients", "create", team, "-o", "json").json()
    assert "there is nobody to ask" in gw("teams", "clients", "rotate", team, first["client_id"]).failed()
    second = gw("teams", "clients", "rotate", team, first["client_id"], "--yes", "-o", "json").json()
    assert second["client_id"] == first["client_id"]
    client = server.app_clients.find(first["client_id"])
    assert client
    assert client.secrets_sha256 == (digest(second["client_secret"]),)
    assert digest(first["client_secret"]) not in client.secrets_sha256


def test_a_revoked_client_is_gone(gw: Gwctl, server: RunningAdmin, team: str):
    client = gw("teams", "clients", "create", team, "-o", "json").json()["client_id"]
    assert "is gone" in gw("teams", "clients", "revoke", team, client, "--dry-run").ok().out
    gw("teams", "clients", "revoke", team, client, "--yes").ok()
    assert gw("teams", "clients", "list", team).ok().err == "There is no client yet.\n"
    assert server.app_clients.find(client) is None


def test_a_dry_run_makes_no_client(gw: Gwctl, team: str):
    done = gw("teams", "clients", "create", team, "--dry-run").ok()
    assert (done.out, "--dry-run" in done.err) == ("", True)
    assert gw("teams", "clients", "list", team, "-o", "json").json() == []


@pytest.mark.parametrize(
    "arguments",
    [("create", "nobody"), ("list", "nobody"), ("rotate", "nobody", "x", "--yes"), ("revoke", "nobody", "x", "--yes")],
)
def test_a_team_that_does_not_exist_is_one_sentence(gw: Gwctl, arguments: tuple[str, ...]):
    error = gw("teams", "clients", *arguments).failed()
    assert "there is no" in error
    assert error.count("\n") == 1
