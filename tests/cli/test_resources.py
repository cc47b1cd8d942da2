"""`list show apply delete` of every kind of document, against a real admin API."""

import json
from pathlib import Path

import pytest
import yaml

from admin.servers import RunningAdmin
from cli.conftest import WRITE, Gwctl, Write, route


def documents(name: str) -> dict[str, tuple[str, dict]]:
    """Group → the name and content of a document that needs no other but its route and team."""
    return {
        "teams": (name, {"id": name, "name": "Search", "tags": {"project": "alpha"}}),
        "budgets": (name, {"id": name, "team": name, "limit_usd": 250.5, "period": "month"}),
        "routing": (name, route(name)),
        "scanner": (name, {"id": name, "action": "deny", "pattern": "AKIA[0-9A-Z]{16}", "teams": [name]}),
        "pricing": (f"openai/{name}", {"provider": "openai", "model": name, "input": 0.15, "output": 0.6}),
    }


@pytest.fixture
def standing(gw: Gwctl, write: Write, name: str) -> dict[str, tuple[str, dict]]:
    """One document of each kind, applied."""
    found = documents(name)
    sections = {("routes" if group == "routing" else group): [document] for group, (_, document) in found.items()}
    gw("apply", "-f", write(**sections), "--yes").ok()
    return found


@pytest.mark.parametrize("group", ["teams", "budgets", "routing", "scanner", "pricing"])
def test_what_was_applied_is_listed_and_shown(gw: Gwctl, standing: dict, group: str):
    document_id, document = standing[group]
    listed = gw(group, "list", "-o", "json").json()
    assert document_id in [f"{d['provider']}/{d['model']}" if group == "pricing" else d["id"]
                           for d in (each["document"] for each in listed)]  # fmt: skip
    shown = gw(group, "show", document_id, "-o", "json").json()
    assert (
        document.items()
        <= {**shown["document"], **({"targets": document["targets"]} if group == "routing" else {})}.items()
    )
    assert shown["changed_by"] == "alice"
    assert document_id in gw(group, "list").ok().out
    assert document_id in gw(group, "show", document_id).ok().out


@pytest.mark.parametrize("group", ["teams", "budgets", "routing", "scanner", "pricing"])
@pytest.mark.parametrize("output", ["json", "yaml"])
def test_what_show_prints_can_be_applied_and_changes_nothing(gw: Gwctl, standing: dict, group: str, output: str):
    shown = gw(group, "show", standing[group][0], "-o", output).ok().out
    assert gw(group, "apply", "-f", "-", stdin=shown).ok().out == "nothing to change\n"
    assert gw("apply", "-f", "-", stdin=gw(group, "list", "-o", output).ok().out).ok().out == "nothing to change\n"


@pytest.mark.parametrize("group", ["budgets", "scanner", "pricing"])
def test_delete_says_what_goes_and_deletes(gw: Gwctl, standing: dict, group: str):
    document_id = standing[group][0]
    assert "is gone" in gw(group, "delete", document_id, "--dry-run").ok().out
    gw(group, "show", document_id).ok()
    gw(group, "delete", document_id, "--yes").ok()
    assert "there is no" in gw(group, "show", document_id).failed()
    assert "there is no" in gw(group, "delete", document_id, "--yes").failed()


def test_yaml_shows_what_a_person_would_write(gw: Gwctl, standing: dict, name: str):
    shown = yaml.safe_load(gw("routing", "show", name, "-o", "yaml").ok().out)
    assert shown["document"] == route(name)
    assert shown["kind"] == "route"


def test_a_document_that_another_one_names_is_not_deleted(gw: Gwctl, standing: dict, name: str):
    assert f"is still used by budgets/{name}" in gw("teams", "delete", name, "--yes").failed()


def test_nothing_is_changed_where_nobody_can_be_asked(gw: Gwctl, write: Write, standing: dict, name: str):
    file = write(teams=[{"id": name, "name": "Other"}])
    done = gw("apply", "-f", file)
    assert f"team {name}: name from Search to Other" in done.out
    assert "there is nobody to ask" in done.failed()
    assert "there is nobody to ask" in gw("budgets", "delete", name).failed()
    assert gw("teams", "show", name, "-o", "json").json()["document"]["name"] == "Search"


def test_a_dry_run_tells_the_difference_and_changes_nothing(gw: Gwctl, write: Write, standing: dict, name: str):
    file = write(budgets=[{"id": name, "team": name, "limit_usd": 100, "period": "month"}])
    done = gw("budgets", "apply", "-f", file, "--dry-run").ok()
    assert f"budget {name}: limit_usd from 250.5 to 100" in done.out
    assert gw("budgets", "show", name, "-o", "json").json()["document"]["limit_usd"] == 250.5


def test_all_pages_are_followed(gw: Gwctl, server: RunningAdmin, name: str, monkeypatch: pytest.MonkeyPatch):
    from gwctl.cli.admin import admin_client

    for number in range(5):
        server.http.put(f"/teams/{name}-{number}", json={"id": f"{name}-{number}"}, headers=server.bearer(WRITE))
    monkeypatch.setattr(admin_client, "PAGE", 2)
    ids = [each["document"]["id"] for each in gw("teams", "list", "-o", "json").json()]
    assert [each for each in ids if each.startswith(name)] == [f"{name}-{number}" for number in range(5)]
    assert ids == sorted(ids)


def test_a_group_applies_its_own_kind_and_names_what_it_left_out(gw: Gwctl, write: Write, name: str):
    file = write(teams=[{"id": name}], routes=[route(name)], providers=[{"id": "p", "kind": "openai"}])
    done = gw("teams", "apply", "-f", file, "--yes").ok()
    assert "Left out: routes" in done.err
    assert "providers p" in done.err
    assert "there is no route" in gw("routing", "show", name).failed()


@pytest.mark.parametrize("width", [30, 50, 80, 120])
def test_tables_fit_the_terminal(gw: Gwctl, standing: dict, width: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", str(width))
    for group in ("teams", "budgets", "routing", "scanner", "pricing"):
        for done in (gw(group, "list"), gw(group, "show", standing[group][0])):
            lines = done.ok().out.splitlines()
            assert lines
            assert max(map(len, lines)) <= width, (group, lines)


def test_where_there_is_no_terminal_nothing_is_cut(gw: Gwctl, write: Write, name: str):
    alias = f"{name}-{'x' * 100}"
    gw("apply", "-f", write(routes=[route(alias, *["openai/gpt-4o-mini"] * 5)]), "--yes").ok()
    line = next(line for line in gw("routing", "list").ok().out.splitlines() if line.startswith(alias))
    assert line.count("openai/gpt-4o-mini") == 5


def test_files_may_be_directories_streams_lists_and_single_documents(gw: Gwctl, tmp_path: Path, name: str):
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "a.yaml").write_text(
        yaml.safe_dump_all([{"kind": "team", "id": f"{name}a"}, {"kind": "teams", "id": f"{name}b"}])
    )
    (folder / "b.json").write_text(json.dumps([{"kind": "route", **route(name)}]))
    (folder / "notes.txt").write_text("not read")
    done = gw("apply", "-f", str(folder), "-f", "-", "--yes", stdin=f"kind: team\nid: {name}c\n").ok()
    assert [line.split()[0] for line in done.err.splitlines()] == [
        f"routes/{name}", f"teams/{name}a", f"teams/{name}b", f"teams/{name}c",
    ]  # fmt: skip
    assert gw("apply", "-f", str(folder)).ok().out == "nothing to change\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("teams: [{id: x, nmae: y}]", "teams/x: nmae: unknown field; did you mean name?"),
        ("budgets: [{id: x, period: month, limit_usd: -1}]", "budgets/x: limit_usd: -1"),
        ("budgets: [{id: x, period: month}]", "needs exactly one of limit_usd, limit_tokens and limit_requests"),
        ("teams: {id: x}", "teams: must be a list of documents"),
        ("tems: []", "names no kind; known are"),
        ("kind: teem\nid: x", "kind 'teem' is unknown"),
        ("a: [", "correct the YAML"),
        ("teams: [{id: a}]\nteams: []", "the key 'teams' stands twice"),
        ("teams: [{id: a}, {id: a}]", "teams/a: stands twice"),
        ("just text", "is not a mapping"),
        ("", "holds no document"),
        ("routes: [{id: x, targets: [{provider: nope, model: m}]}]", "there is no provider 'nope'"),
        ("teams: [{id: x, models: [no-such-route]}]", "there is no route 'no-such-route'"),
        ("teams:\n- id: x\n  nmae: y", "stdin:3:3: teams/x: nmae: unknown field"),
        ("kind: team\nid: x\nmodels:\n- fast\n- no-such-route", "stdin:5:3: teams/x: models.1: there is no route"),
        ("- kind: team\n  version: 1\n  document: {id: x, enabled: maybe}", "stdin:3:21: teams/x: enabled: 'maybe' is"),
        ("teams: [{id: a}, {id: a}]", "stdin:1:18: teams/a: stands twice"),
    ],
)
def test_what_is_wrong_with_a_document_is_told_and_nothing_is_sent(gw: Gwctl, text: str, sentence: str):
    done = gw("apply", "-f", "-", "--yes", stdin=text)
    assert sentence in done.failed()


def test_a_file_that_is_not_there_is_one_sentence(gw: Gwctl, tmp_path: Path):
    assert "cannot be read (No such file or directory)" in gw("apply", "-f", str(tmp_path / "x.yaml")).failed()


def test_a_price_has_two_names(gw: Gwctl):
    assert "write PROVIDER/MODEL" in gw("pricing", "show", "gpt-4o-mini").failed()
