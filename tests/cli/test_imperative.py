"""Documents made and changed by one command each, without a file."""

import pytest

from cli.conftest import Gwctl


@pytest.fixture
def team(gw: Gwctl, name: str) -> str:
    gw("routing", "add", f"{name}-fast", "openai/gpt-4o-mini").ok()
    gw("teams", "create", name, "--models", f"{name}-fast", "--name", "Search", "--tag", "cost=7").ok()
    return name


def document(gw: Gwctl, command: str, name: str):
    return gw(command, "show", name, "-o", "json").json()["document"]


def test_a_team_is_made_and_not_made_twice(gw: Gwctl, team: str):
    made = document(gw, "teams", team)
    assert (made["models"], made["name"], made["tags"]) == ([f"{team}-fast"], "Search", {"cost": "7"})
    assert f"team '{team}' was changed by" in gw("teams", "create", team, "--name", "Other").failed()
    assert document(gw, "teams", team) == made


def test_a_route_gets_targets_one_after_the_other(gw: Gwctl, team: str):
    said = gw("routing", "add", f"{team}-fast", "openai/gpt-4o", "--weighted").ok().out
    assert "strategy from ordered to weighted" in said
    route = document(gw, "routing", f"{team}-fast")
    assert [target["model"] for target in route["targets"]] == ["gpt-4o-mini", "gpt-4o"]
    assert "'gpt' is no target; write PROVIDER/MODEL" in gw("routing", "add", "x", "gpt").failed()


def test_a_budget_is_made_and_then_changed(gw: Gwctl, team: str):
    gw("budgets", "set", team, "--usd", "100").ok()
    assert document(gw, "budgets", f"{team}-month")["limit_usd"] == 100
    said = gw("budgets", "set", team, "--tokens", "5000", "--timezone", "Europe/Berlin").ok().out
    assert "limit_tokens from none to 5000" in said
    changed = document(gw, "budgets", f"{team}-month")
    assert (changed["limit_usd"], changed["limit_tokens"], changed["timezone"]) == (None, 5000, "Europe/Berlin")
    gw("budgets", "set", team, "--model", f"{team}-fast", "--requests", "9", "--period", "minute").ok()
    assert document(gw, "budgets", f"{team}-{team}-fast-minute")["model"] == f"{team}-fast"


def test_a_dry_run_of_each_changes_nothing(gw: Gwctl, team: str):
    for words in (
        ("teams", "create", f"{team}-2"),
        ("routing", "add", f"{team}-2", "openai/gpt-4o-mini"),
        ("budgets", "set", team, "--usd", "1", "--id", f"{team}-2"),
    ):
        assert "Nothing was changed: --dry-run." in gw(*words, "--dry-run").ok().err
        gw(words[0], "show", f"{team}-2").failed()


@pytest.mark.parametrize("limits", [(), ("--usd", "1", "--tokens", "2")])
def test_a_budget_has_one_limit(gw: Gwctl, limits: tuple[str, ...]):
    assert "give one of --usd, --tokens and --requests" in gw("budgets", "set", "search", *limits).failed()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_what_it_completes_by(gw: Gwctl, shell: str):
    assert "_GWCTL_COMPLETE" in gw("completion", shell).ok().out


def test_the_version_is_an_option_too(gw: Gwctl):
    assert gw("--version").ok().out.startswith("gwctl ")
