"""`apply`: everything or nothing, concurrency, questions; against a real admin API."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from admin.servers import RunningAdmin
from cli.conftest import WRITE, Done, Gwctl, Write, route
from gwctl.cli.admin.admin_client import AdminClient
from gwctl.cli.admin.admin_options import Admin
from gwctl.cli.policy import applying
from gwctl.cli.policy.policy_input import read_documents
from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir


def by_bob(server: RunningAdmin, path: str, document: dict) -> None:
    """Somebody else replaces a document."""
    headers = {**server.bearer(WRITE, client="bob"), "If-Match": "*"}
    answer = server.http.put(path, json=document, headers=headers)
    assert answer.is_success, answer.text


def labels(done: Done) -> list[str]:
    return [line.split()[0] for line in done.ok().err.splitlines()]


def test_documents_may_stand_in_any_order(gw: Gwctl, write: Write, name: str):
    sections = {
        "budgets": [{"id": name, "team": name, "model": f"{name}-a", "limit_usd": 5, "period": "day"}],
        "teams": [{"id": name, "models": [f"{name}-a"]}],
        "scanner": [{"id": name, "action": "deny", "pattern": "x", "teams": []}],
        "routes": [
            route(f"{name}-a", f"openai/{name}", fallbacks=[f"{name}-b"]),
            route(f"{name}-b", f"openai/{name}", fallbacks=[f"{name}-c"], scanner=[name]),
            route(f"{name}-c", f"openai/{name}"),
        ],
        "pricing": [{"provider": "openai", "model": name, "input": 1, "output": 2}],
    }
    file = write(**sections)
    dry = gw("apply", "-f", file, "--dry-run").ok()
    assert f"budget {name} is new: $5 a day for team {name} on {name}-a, block" in dry.out
    assert labels(gw("apply", "-f", file, "--yes")) == [
        f"routes/{name}-a", f"routes/{name}-b", f"routes/{name}-c", f"teams/{name}", f"budgets/{name}",
        f"scanner/{name}", f"pricing/openai/{name}",
    ]  # fmt: skip
    assert gw("apply", "-f", file).ok().out == "nothing to change\n"


def test_a_circle_of_new_documents_is_written(gw: Gwctl, write: Write, name: str):
    file = write(
        routes=[route(name, scanner=[name])],
        teams=[{"id": name, "models": [name]}],
        scanner=[{"id": name, "action": "deny", "pattern": "x", "teams": [name]}],
    )
    gw("apply", "-f", file, "--yes").ok()
    assert gw("scanner", "show", name, "-o", "json").json()["document"]["teams"] == [name]
    assert gw("apply", "-f", file).ok().out == "nothing to change\n"


def test_a_change_by_somebody_else_between_question_and_answer_is_not_overwritten(
    gw: Gwctl, server: RunningAdmin, data: DataDir, write: Write, name: str
):
    gw("apply", "-f", write(teams=[{"id": name, "name": "first"}]), "--yes").ok()
    client = Admin(None, data).client
    plan = applying.make_plan(client, read_documents([write(teams=[{"id": name, "name": "mine"}])]).wanted)
    by_bob(server, f"/teams/{name}", {"id": name, "name": "bob's"})
    with pytest.raises(UserError) as raised:
        applying.carry_out(client, plan)
    sentence = str(raised.value)
    assert sentence.startswith("the policy was changed by bob on 20")
    assert sentence.endswith("; run the command again to see what would change now")
    assert "\n" not in sentence
    assert gw("teams", "show", name, "-o", "json").json()["document"]["name"] == "bob's"


def test_a_file_made_from_an_older_version_is_refused_with_who_changed_it(
    gw: Gwctl, server: RunningAdmin, write: Write, name: str
):
    gw("apply", "-f", write(teams=[{"id": name, "name": "first"}]), "--yes").ok()
    shown = yaml.safe_load(gw("teams", "show", name, "-o", "yaml").ok().out)
    by_bob(server, f"/teams/{name}", {"id": name, "name": "bob's"})
    shown["document"]["name"] = "mine"
    error = gw("teams", "apply", "-f", "-", "--yes", stdin=yaml.safe_dump(shown)).failed()
    assert f"team '{name}' was changed by bob" in error
    assert "read it again, or remove `version` from the file" in error
    del shown["version"]
    gw("teams", "apply", "-f", "-", "--yes", stdin=yaml.safe_dump(shown)).ok()


def test_a_file_made_from_a_document_that_was_deleted_is_refused(gw: Gwctl, write: Write, name: str):
    gw("apply", "-f", write(teams=[{"id": name}]), "--yes").ok()
    shown = gw("teams", "show", name, "-o", "yaml").ok().out
    gw("teams", "delete", name, "--yes").ok()
    assert "remove `version` from the file to create it" in gw("teams", "apply", "-f", "-", stdin=shown).failed()


def test_what_is_refused_changes_nothing_of_all_that_the_files_hold(
    gw: Gwctl, server: RunningAdmin, data: DataDir, write: Write, name: str
):
    gw("apply", "-f", write(teams=[{"id": name}]), "--yes").ok()
    client = Admin(None, data).client
    file = write(
        routes=[route(name)],
        teams=[{"id": name, "name": "mine"}, {"id": f"{name}2"}],
        budgets=[{"id": name, "team": name, "limit_usd": 1, "period": "day"}],
    )
    plan = applying.make_plan(client, read_documents([file]).wanted)
    by_bob(server, f"/teams/{name}", {"id": name, "name": "bob's"})
    with pytest.raises(UserError, match="the policy was changed by bob"):
        applying.carry_out(client, plan)
    assert "there is no route" in gw("routing", "show", name).failed()
    done = gw("apply", "-f", file, "--yes")
    assert labels(done) == [f"routes/{name}", f"teams/{name}", f"teams/{name}2", f"budgets/{name}"]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_dry_run_fails_where_the_apply_fails(gw: Gwctl, write: Write, name: str, dry_run: bool):
    """A circle of fallbacks, and a client that no token service knows: each is right by itself."""
    file = write(
        routes=[route(f"{name}-a", fallbacks=[f"{name}-b"]), route(f"{name}-b", fallbacks=[f"{name}-a"])],
        teams=[{"id": name}],
        clients=[{"id": f"{name}c", "team": name}],
    )
    error = gw("apply", "-f", file, "--dry-run" if dry_run else "--yes").failed()
    assert f"falls back to itself ({name}-a → {name}-b → {name}-a)" in error
    assert f"clients/{name}c: id: the token service has no app client" in error
    assert "there is no team" in gw("teams", "show", name).failed()


def test_an_apply_is_two_requests(gw: Gwctl, write: Write, name: str, monkeypatch: pytest.MonkeyPatch):
    sent: list[str] = []
    call = AdminClient.call

    def counted(self: AdminClient, method: str, path: str, **more):
        sent.append(f"{method} {path}")
        return call(self, method, path, **more)

    monkeypatch.setattr(AdminClient, "call", counted)
    gw("apply", "-f", write(teams=[{"id": f"{name}-{number:03}"} for number in range(150)]), "--yes").ok()
    assert sent == ["POST /policy/apply"] * 2


def test_prune_deletes_what_the_files_name_no_more_of_their_sections(gw: Gwctl, write: Write, name: str):
    budgets = [{"id": f"{name}-{number}", "team": name, "limit_requests": 5, "period": "day"} for number in range(2)]
    gw("apply", "-f", write(teams=[{"id": name}], budgets=budgets), "--yes").ok()
    told = gw("apply", "-f", write(budgets=budgets[1:]), "--prune", "--dry-run").ok().out
    assert f"- budgets/{name}-0\n" in told
    assert f"budget {name}-0 is gone" in told
    assert f"{name}-1" not in told
    assert "teams/" not in told


def test_all_problems_are_told_before_anything_is_applied(gw: Gwctl, write: Write, name: str):
    file = write(
        teams=[{"id": name, "models": ["nowhere"]}],
        routes=[route(name, fallbacks=["nowhere-else"])],
        budgets=[{"id": name, "team": name, "limit_usd": 1, "period": "day"}],
    )
    error = gw("apply", "-f", file, "--yes").failed()
    assert f"teams/{name}: models.0: there is no route 'nowhere'" in error
    assert f"routes/{name}: fallbacks.0: there is no route 'nowhere-else'" in error
    assert "there is no team" not in error, "that one is in the file"
    assert "there is no" in gw("routing", "show", name).failed()


def test_only_what_is_different_is_changed(gw: Gwctl, write: Write, name: str):
    file = write(teams=[{"id": f"{name}-{number:02}"} for number in range(25)])
    gw("apply", "-f", file, "--yes").ok()
    assert gw("apply", "-f", file).ok().out == "nothing to change\n"
    gw("teams", "delete", f"{name}-03", "--yes").ok()
    done = gw("apply", "-f", file, "--yes")
    assert labels(done) == [f"teams/{name}-03"]
    assert "24 more as wanted already" in done.out


def test_clients_of_a_file_are_changed_and_unknown_ones_explained(gw: Gwctl, write: Write, name: str):
    gw("apply", "-f", write(teams=[{"id": name}]), "--yes").ok()
    made = gw("teams", "clients", "create", name, "-o", "json").json()["client_id"]
    gw("apply", "-f", write(clients=[{"id": made, "team": name, "name": "ci"}]), "--yes").ok()
    assert "ci" in gw("teams", "clients", "list", name).ok().out
    unknown = write(teams=[{"id": f"{name}new"}], clients=[{"id": "nobody", "team": f"{name}new"}])
    assert "the token service has no app client 'nobody'" in gw("apply", "-f", unknown, "--yes").failed()


@pytest.mark.parametrize(("answer", "code", "stays"), [("y", 0, False), ("n", 130, True), ("", 130, True)])
def test_a_person_is_asked(gw: Gwctl, data: DataDir, write: Write, name: str, answer: str, code: int, stays: bool):
    file = write(teams=[{"id": name}])
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "gwctl.cli.main", "apply", "-f", file]
    process = subprocess.Popen(
        command, stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ}, text=True
    )
    os.write(master, f"{answer}\n".encode())
    out, err = process.communicate(timeout=60)
    os.close(slave)
    os.close(master)
    assert process.returncode == code, err
    assert f"+ teams/{name}" in out
    assert "Apply this change?" in err
    assert ("there is no team" in gw("teams", "show", name).err) is stays


def test_a_request_whose_answer_was_lost_is_sent_again(gw: Gwctl, data: DataDir, write: Write, name: str):
    """A connection that breaks in the middle of a change: the same request again finds it done."""
    client: AdminClient = Admin(None, data).client
    request = applying.make_plan(client, read_documents([write(teams=[{"id": name}])]).wanted).request
    answers = [client.call("POST", applying.PATH, body=request) for _ in range(2)]
    assert [answer["changed"] for answer in answers] == [True, False]


def test_what_policy_yaml_keeps_is_said(gw: Gwctl, server: RunningAdmin, write: Write, name: str):
    headers = server.bearer(WRITE, client="policy.yaml")
    server.http.put(f"/teams/{name}", json={"id": name}, headers=headers).raise_for_status()
    done = gw("apply", "-f", write(teams=[{"id": name, "name": "new"}]), "--dry-run").ok()
    assert f"teams/{name}: kept in policy.yaml, whose next change puts back" in done.err


def test_an_imported_configuration_can_be_applied(gw: Gwctl, tmp_path: Path, name: str):
    config = {
        "model_list": [
            {"model_name": f"{name}-a", "litellm_params": {"model": "openai/gpt-4o", "api_key": "os.environ/K"}},
            {"model_name": f"{name}-b", "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "os.environ/K"}},
        ],
        "router_settings": {"fallbacks": [{f"{name}-a": [f"{name}-b"]}], "num_retries": 1},
    }
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    documents = gw("import", "litellm", str(file)).ok().out
    done = gw("apply", "-f", "-", "--yes", stdin=documents)
    assert labels(done)[-3:] == [f"routes/{name}-a", f"routes/{name}-b", "teams/default"]
    assert gw("apply", "-f", "-", stdin=documents).ok().out == "nothing to change\n"
    gw("teams", "delete", "default", "--yes").ok()
