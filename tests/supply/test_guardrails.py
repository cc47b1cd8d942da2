"""What the repository promises about itself holds, and each promise can be seen to break.

`.ci/run` runs the scanners' set-up and then every test, so each of these makes it fail.
"""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gwctl.cli.main import cli, run
from supply import guards
from support.scripts import ROOT
from tools.docs import commands

Guard = Callable[[Path], list[str]]
OF_WORKFLOWS: list[Guard] = [
    guards.unpinned_actions,
    guards.actions_at_several_commits,
    guards.job_names_used_twice,
    guards.loose_permissions,
    guards.kept_credentials,
    guards.endless_jobs,
    guards.stored_secrets,
    guards.tools_without_a_version,
    guards.missing_files,
]
PLANTED = """\
name: ci
on: push
jobs:
  ci:
    name: ci run
    runs-on: ubuntu-24.04
    permissions:
      contents: write
    steps:
      - uses: actions/checkout@v6
      - uses: jdx/mise-action@1648a7812b9aeae629881980618f079932869151
        with:
          install_args: kubectl
      - run: scripts/scan semgrep && scripts/gone
        env:
          KEY: ${{ secrets.AWS_SECRET_ACCESS_KEY }}
"""


@pytest.fixture(scope="module")
def known() -> set[tuple[str, ...]]:
    """Every command, as the words that call it."""
    return {tuple(each.path.split()[1:]) for each in commands.walk(cli)}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A copy of the workflows and tools with one workflow that breaks every promise."""
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    for name in ("mise.toml", ".ci", "images", "scripts", "tests", "tools"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / ".github" / "workflows" / "planted.yml").write_text(PLANTED)
    return tmp_path


@pytest.mark.parametrize("guard", OF_WORKFLOWS, ids=lambda guard: guard.__name__)
def test_workflows_keep_the_promise(guard: Guard):
    found = guard(ROOT)
    assert found == [], "\n".join([guard.__doc__ or "", *found])


@pytest.mark.parametrize("guard", OF_WORKFLOWS, ids=lambda guard: guard.__name__)
def test_a_planted_workflow_breaks_the_promise(guard: Guard, planted: Path):
    assert guard(planted) != []


def test_a_signing_tool_of_another_version_is_found(planted: Path):
    path = planted / ".github" / "workflows" / "release.yml"
    path.write_text(re.sub(r'cosign = "[^"]+"', 'cosign = "1.0.0"', path.read_text()))
    assert any("cosign 1.0.0" in each for each in guards.tools_without_a_version(planted))


@pytest.mark.parametrize("name", [".github", "images", "mise.toml", "lefthook.yml", "Makefile"])
def test_only_commands_that_exist_are_named_outside_of_documents(name: str, known: set[tuple[str, ...]]):
    path = ROOT / name
    files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    found = [f"{file.name}: {each}" for file in files for each in guards.unknown_commands(known, file.read_text())]
    assert found == []


def test_a_command_that_does_not_exist_is_found(known: set[tuple[str, ...]]):
    assert guards.unknown_commands(known, "Run `gwctl deplyo dev`, then `gwctl images mirror dev`.") == [
        "gwctl deplyo dev"
    ]


def test_whoever_takes_this_over_is_told_of_every_place_that_names_an_organisation():
    section = (ROOT / "CONTRIBUTING.md").read_text().partition("## Make it yours")[2].split("\n## ")[0]
    listed = set(re.findall(r"(?m)^\| `([^`]+)` \|", section))
    places = [ROOT / "SECURITY.md", ROOT / "README.md", ROOT / "mise.toml", *(ROOT / ".github").rglob("*")]
    named = {str(path.relative_to(ROOT)) for path in places if path.is_file() and "example-org" in path.read_text()}
    assert named == listed - {"environments/*/environment.yaml"}
    assert {"environments/*/environment.yaml", ".github/CODEOWNERS"} <= listed


def test_a_stale_generated_file_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    (tmp_path / "infrastructure").mkdir()
    shutil.copy(ROOT / "terragrunt.hcl", tmp_path)
    shutil.copytree(ROOT / "environments" / "dev", tmp_path / "environments" / "dev")
    monkeypatch.chdir(tmp_path)
    assert run(["render", "dev", "--check"]) == 0
    variables = tmp_path / "environments" / "dev" / "terraform.tfvars"
    variables.write_text(variables.read_text().replace("eu-central-1", "eu-west-1"))
    assert run(["render", "dev", "--check"]) == 1
    assert "gwctl render" in capsys.readouterr().err


def test_every_environment_is_rendered(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    assert run(["render", "--check"]) == 0
