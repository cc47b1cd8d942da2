"""`gwctl policy`: versions, what changed between them, and the way back."""

import pytest

from cli.conftest import Gwctl, Write, route


@pytest.fixture
def version(gw: Gwctl, write: Write, name: str) -> int:
    """The version after a route of that name came into being."""
    gw("apply", "-f", write(routes=[route(name)]), "--yes").ok()
    return gw("policy", "show", "-o", "json").json()["version"]


def test_show_names_the_newest_version_who_made_it_and_that_it_is_in_force(gw: Gwctl, version: int):
    shown = gw("policy", "show").ok().out
    assert f"policy    {version}." in shown
    assert "in force  yes" in shown
    assert "made by   alice (apply)" in shown


def test_show_of_an_old_version_says_which_one_is_in_force(gw: Gwctl, version: int, write: Write, name: str):
    gw("apply", "-f", write(routes=[route(f"{name}-b")]), "--yes").ok()
    assert f"in force  no, version {version + 1} is" in gw("policy", "show", str(version)).ok().out


def test_show_of_a_version_that_never_was_is_an_error(gw: Gwctl, version: int):
    assert f"there is no policy version {version + 1000}" in gw("policy", "show", str(version + 1000)).failed()


def test_history_is_newest_first_and_names_the_documents(gw: Gwctl, version: int, name: str):
    lines = gw("policy", "history", "-n", "3").ok().out.splitlines()
    assert lines[0].split() == ["VERSION", "TIME", "ACTOR", "ACTION", "DOCUMENTS"]
    assert lines[1].startswith(f"{version} ")
    assert f"alice  apply   +routes/{name}" in lines[1]


def test_history_as_json_can_be_read_by_programs(gw: Gwctl, version: int, name: str):
    newest = gw("policy", "history", "-n", "1", "-o", "json").json()[0]
    assert (newest["version"], newest["documents"]) == (version, [{"document": f"routes/{name}", "change": "created"}])


def test_diff_says_in_words_what_a_version_changed(gw: Gwctl, version: int, name: str):
    done = gw("policy", "diff", str(version - 1), str(version)).ok()
    assert done.err.startswith(f"From version {version - 1} to {version}:")
    assert f"route {name} is new: openai/gpt-4o-mini, ordered" in done.out


def test_diff_of_the_newest_change_needs_no_version(gw: Gwctl, version: int):
    assert gw("policy", "diff").ok() == gw("policy", "diff", str(version - 1), str(version)).ok()


def test_rollback_says_what_it_does_and_does_it(gw: Gwctl, version: int, name: str):
    done = gw("policy", "rollback", str(version - 1), "--yes").ok()
    assert f"route {name} is gone" in done.out
    assert f"Policy version {version + 1} is in force." in done.err
    assert "there is no route" in gw("routing", "show", name).failed()


def test_a_dry_rollback_changes_nothing(gw: Gwctl, version: int, name: str):
    assert f"route {name} is gone" in gw("policy", "rollback", str(version - 1), "--dry-run").ok().out
    assert gw("policy", "show", "-o", "json").json()["version"] == version


def test_a_rollback_that_nobody_confirms_changes_nothing(gw: Gwctl, version: int):
    assert "nobody to ask" in gw("policy", "rollback", str(version - 1)).failed()
    assert gw("policy", "show", "-o", "json").json()["version"] == version


def test_a_rollback_to_what_holds_already_says_so(gw: Gwctl, version: int):
    assert "there is nothing to change" in gw("policy", "rollback", str(version), "--yes").ok().err
